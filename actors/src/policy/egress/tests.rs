//! The list, and what it lets through.

use super::*;

fn egress(entries: &[&str]) -> Egress {
    Egress::new(entries.iter().map(|entry| entry.parse().expect(entry)).collect())
}

fn admits(entries: &[&str], url: &str) -> bool {
    egress(entries).admit(&Url::parse(url).expect(url)).is_ok()
}

/// The addresses out of `resolved` to which `url` may connect.
fn reached(entries: &[&str], url: &str, resolved: &[&str]) -> Vec<String> {
    let egress = egress(entries);
    let to = egress.admit(&Url::parse(url).expect(url)).expect("admitted");
    let resolved: Vec<IpAddr> = resolved.iter().map(|address| address.parse().expect("an address")).collect();
    egress.connectable(&to, &resolved).unwrap_or_default().iter().map(IpAddr::to_string).collect()
}

#[test]
fn nothing_is_allowed_without_an_entry() {
    for url in ["http://example.org", "https://example.org", "http://127.0.0.1", "http://localhost:8080"] {
        assert!(!admits(&[], url), "{url}");
    }
}

#[test]
fn hosts_match_exactly() {
    let entries = ["Example.ORG", "bücher.example", "[2001:DB8::1]", "192.0.2.1", "fe80::1", "root.example."];
    for url in [
        "http://example.org/path?query",
        "https://EXAMPLE.org:8443",
        "http://example.org.",
        "http://xn--bcher-kva.example",
        "http://BÜCHER.example",
        "http://[2001:db8:0:0::1]:99",
        "http://192.0.2.1",
        "http://0xc0000201",
        "http://[fe80::1]",
        "http://root.example",
        "http://user:secret@example.org",
    ] {
        assert!(admits(&entries, url), "{url}");
    }
    for url in [
        "http://www.example.org",
        "http://example.org.evil.example",
        "http://example.orgs",
        "http://org",
        "http://example.org@evil.example",
        "http://192.0.2.10",
        "http://[2001:db8::2]",
        "http://[::ffff:192.0.2.1]",
    ] {
        assert!(!admits(&entries, url), "{url}");
    }
}

#[test]
fn a_port_narrows_an_entry() {
    let entries = ["a.example:8080", "b.example:443", "[::1]:81", "c.example:80"];
    for url in ["http://a.example:8080", "https://b.example", "http://[::1]:81", "http://c.example"] {
        assert!(admits(&entries, url), "{url}");
    }
    for url in ["http://a.example", "https://a.example", "http://b.example", "http://[::1]", "https://c.example"] {
        assert!(!admits(&entries, url), "{url}");
    }
    assert!(admits(&["a.example:1", "a.example:2"], "http://a.example:2"));
    assert!(admits(&["a.example:1", "a.example"], "http://a.example:3"));
}

#[test]
fn only_http_is_spoken() {
    for (url, scheme) in [("ftp://a.example", "ftp"), ("file:///etc/passwd", "file"), ("data:,x", "data")] {
        let refused = egress(&["a.example"]).admit(&Url::parse(url).expect("a URL"));
        assert_eq!(refused, Err(Refusal::Scheme(scheme.into())), "{url}");
    }
}

#[test]
fn a_name_leads_to_public_addresses_only() {
    let public =
        ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "100.63.0.1", "172.32.0.1", "223.255.255.255"];
    assert_eq!(reached(&["a.example"], "http://a.example", &public), public);
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.216.34",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
    ] {
        assert!(reached(&["a.example"], "http://a.example", &[address]).is_empty(), "{address}");
        assert_eq!(reached(&["a.example"], "http://a.example", &[address, public[0]]), [public[0]], "{address}");
    }
}

#[test]
fn other_addresses_are_allowed_when_they_are_listed() {
    assert_eq!(reached(&["127.0.0.1"], "http://127.0.0.1:99", &["127.0.0.1"]), ["127.0.0.1"]);
    assert_eq!(reached(&["[::ffff:10.0.0.1]"], "http://[::ffff:10.0.0.1]", &["::ffff:10.0.0.1"]).len(), 1);
    assert_eq!(reached(&["db.example", "10.0.0.5"], "http://db.example", &["10.0.0.4", "10.0.0.5"]), ["10.0.0.5"]);
    assert_eq!(reached(&["db.example", "10.0.0.5:80"], "http://db.example", &["10.0.0.5"]), ["10.0.0.5"]);
    assert!(reached(&["db.example", "10.0.0.5:81"], "http://db.example", &["10.0.0.5"]).is_empty());
    // A literal leads to itself, whatever a resolver says.
    assert!(reached(&["127.0.0.1"], "http://127.0.0.1", &["93.184.216.34"]).is_empty());
}

#[test]
fn localhost_is_loopback_and_nothing_else() {
    assert_eq!(reached(&["localhost"], "http://localhost:1", &["127.0.0.1", "::1"]), ["127.0.0.1", "::1"]);
    assert_eq!(reached(&["app.localhost"], "http://app.localhost", &["127.0.0.1"]), ["127.0.0.1"]);
    assert!(reached(&["localhost"], "http://localhost", &["10.0.0.1"]).is_empty());
    assert!(reached(&["notlocalhost"], "http://notlocalhost", &["127.0.0.1"]).is_empty());
    assert!(!admits(&["localhost"], "http://127.0.0.1"));
    assert!(!admits(&["127.0.0.1"], "http://localhost"));
}

#[test]
fn a_refusal_names_the_host() {
    let egress = egress(&["a.example"]);
    let refused = |url: &str| egress.admit(&Url::parse(url).expect("a URL")).expect_err("refused").to_string();
    assert_eq!(refused("http://b.example/secret"), "b.example:80 is not in --allow-net of this node");
    assert_eq!(refused("https://[::1]/"), "[::1]:443 is not in --allow-net of this node");
    let to = egress.admit(&Url::parse("http://a.example").expect("a URL")).expect("admitted");
    let private = egress.connectable(&to, &["10.0.0.1".parse().expect("an address")]).expect_err("refused");
    assert!(private.to_string().starts_with("a.example is at 10.0.0.1,"), "{private}");
    assert_eq!(egress.connectable(&to, &[]), Err(Refusal::NoAddress { host: "a.example".into() }));
}

#[test]
fn entries_are_read_and_shown() {
    for (text, shown) in [
        (" Example.org:80 ", "example.org:80"),
        ("::1", "[::1]"),
        ("[::1]:5", "[::1]:5"),
        ("127.1", "127.0.0.1"),
        ("ä.example", "xn--4ca.example"),
    ] {
        assert_eq!(text.parse::<Entry>().expect(text).to_string(), shown);
    }
    for text in [
        "",
        ":80",
        "a.example:",
        "a.example:0",
        "a.example:65536",
        "a.example:x",
        "*",
        "*.example.org",
        "http://a.example",
        "a.example/x",
        "a b",
        "[::1",
        "1.2.3.256",
        "user@a.example",
    ] {
        assert!(text.parse::<Entry>().is_err(), "{text}");
    }
}
