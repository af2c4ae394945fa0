//! HTTPS: who shows what, who trusts whom, and files that change.

use std::process::Output;

use serde_json::{json, Value};

use crate::harness::{
    exchange, node, node_of, orchestrator, program, run, signal, wait_until, Authority, Certified, Client, Process,
    Script, TlsClient, SOON,
};

const HERE: [&str; 2] = ["127.0.0.1", "localhost"];

/// `call URL square {"n": 4}` with further flags.
fn call(url: &str, flags: &[&str]) -> Output {
    run([&["call", url, "square", r#"{"n": 4}"#, "--timeout", "10s"], flags].concat())
}

fn answers(url: &str, flags: &[&str]) -> bool {
    let output = call(url, flags);
    output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == "16"
}

/// It can't be delivered, and what is said holds `part`.
fn refused(url: &str, flags: &[&str], part: &str) {
    let output = call(url, flags);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(part), "no {part} in {said}");
}

#[test]
fn a_cluster_speaks_tls_throughout() {
    let authority = Authority::new("of the cluster");
    let (first, second) = (authority.certify(&HERE), authority.certify(&HERE));
    let trust = ["--ca", authority.ca()];
    let orchestrator = orchestrator(&[&first.served()[..], &trust].concat());
    assert!(orchestrator.url.starts_with("https://127.0.0.1:"), "{}", orchestrator.url);
    let flags = [&second.served()[..], &trust].concat();
    let nodes = [(); 2].map(|()| node_of(&orchestrator, program("cluster.js"), &flags));
    wait_until("nodes take calls", SOON, || answers(&orchestrator.url, &trust));
    let asked = |method: &str, params: &str| -> Value {
        let output = run(["call", &orchestrator.url, method, params, "--ca", authority.ca()]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    };
    wait_until("both are members", SOON, || asked("_info", "{}")["enabled_nodes"] == 2);
    let mut addresses: Vec<_> = nodes.iter().map(|node| json!(node.url)).collect();
    let info = asked("_info", "{}");
    let mut known: Vec<_> = info["nodes"].as_array().expect("nodes").iter().map(|node| node["addr"].clone()).collect();
    addresses.sort_by_key(Value::to_string);
    known.sort_by_key(Value::to_string);
    assert_eq!(known, addresses);
    assert_eq!(asked("aggregate", r#"{"from": 1, "count": 3}"#), 14, "calls of calls");
    assert!(answers(&orchestrator.url.replace("127.0.0.1", "localhost"), &trust));
}

#[test]
fn a_server_that_is_not_trusted_gets_no_call() {
    let (authority, other) = (Authority::new("one"), Authority::new("another"));
    let (fine, elsewhere, late) =
        (authority.certify(&HERE), authority.certify(&["node.example"]), authority.certify_long_ago(&HERE));
    let serve = |certified: &Certified| node(program("cluster.js"), &certified.served());
    let trust = ["--ca", authority.ca()];
    let server = serve(&fine);
    assert!(answers(&server.url, &trust));
    refused(&server.url, &["--ca", other.ca()], "UnknownIssuer");
    refused(&serve(&elsewhere).url, &trust, "not valid for name");
    refused(&serve(&late).url, &trust, "expired");
    refused(&server.url.replace("https", "http"), &[], "use https");
}

#[test]
fn plain_http_on_a_port_of_tls_is_told_so_and_tls_on_a_plain_port_ends() {
    let authority = Authority::new("one");
    let certified = authority.certify(&HERE);
    let server = node(program("cluster.js"), &certified.served());
    for request in
        ["GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n{"]
    {
        let answer = exchange(server.address(), request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 400 ") && head.contains("application/json"), "{head}");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert!(body["hint"].as_str().is_some_and(|hint| hint.contains("https")), "{body}");
    }
    let plain = node(program("cluster.js"), &[]);
    assert!(TlsClient::connect(plain.port(), authority.ca()).is_err());
    assert_eq!(Client::new(&plain.url).call("square", json!({"n": 2})), Ok(json!(4)));
    assert!(answers(&server.url, &["--ca", authority.ca()]));
}

#[test]
fn clients_must_show_a_certificate_where_one_is_asked_for() {
    let (authority, clients, strangers) = (Authority::new("servers"), Authority::new("clients"), Authority::new("x"));
    let certified = authority.certify(&HERE);
    let server = node(program("cluster.js"), &[&certified.served()[..], &["--tls-client-ca", clients.ca()]].concat());
    let trust = ["--ca", authority.ca()];
    let with =
        |shown: &Certified| [&trust[..], &shown.shown()].concat().iter().map(|flag| (*flag).to_owned()).collect();
    let (good, late) = (clients.certify(&["client"]), clients.certify_long_ago(&["client"]));
    let foreign = strangers.certify(&["client"]);
    let flags: Vec<String> = with(&good);
    let good_flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    assert!(answers(&server.url, &good_flags));
    for bad in [&late, &foreign] {
        let flags: Vec<String> = with(bad);
        refused(&server.url, &flags.iter().map(String::as_str).collect::<Vec<_>>(), "");
        assert!(answers(&server.url, &good_flags));
    }
    refused(&server.url, &trust, "");
    assert!(answers(&server.url, &good_flags));
}

/// The members of a cluster show each other certificates.
#[test]
fn members_show_certificates_to_each_other() {
    let authority = Authority::new("of the cluster");
    let (one, two) = (authority.certify(&HERE), authority.certify(&HERE));
    let flags = |own: &Certified| {
        let asks = ["--ca", authority.ca(), "--tls-client-ca", authority.ca()];
        let flags = [&own.served()[..], &own.shown(), &asks].concat();
        flags.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let (for_orchestrator, for_node) = (flags(&one), flags(&two));
    let borrowed = |flags: &[String]| -> Vec<&'static str> { flags.iter().map(|flag| &*flag.clone().leak()).collect() };
    let orchestrator = orchestrator(&borrowed(&for_orchestrator));
    let _node = node_of(&orchestrator, program("cluster.js"), &borrowed(&for_node));
    let client = [&["--ca", authority.ca()], &one.shown()[..]].concat();
    wait_until("the node takes calls", SOON, || answers(&orchestrator.url, &client));
    let bare = node_of(&orchestrator, program("cluster.js"), &["--ca", authority.ca()]);
    bare.wait_for_log("it can't register", SOON, |line| line.contains("could not register"));
}

#[test]
fn files_are_read_again_on_sighup_and_connections_go_on() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    for serve in [as_orchestrator as fn(&[&str]) -> Process, as_node] {
        let certified = old.certify(&HERE);
        let server = serve(&certified.served());
        let mut open = TlsClient::connect(server.port(), old.ca()).expect("trusted");
        assert!(open.get("/health").is_ok());

        certified.break_it();
        signal(server.pid(), "HUP");
        let said = server.wait_for_log("the error", SOON, |line| line.contains("TLS stays as it is"));
        assert!(said.contains(certified.cert()), "{said}");
        assert!(TlsClient::connect(server.port(), old.ca()).is_ok());

        certified.replace_by(&new.certify(&HERE));
        signal(server.pid(), "HUP");
        wait_until("the new certificate is shown", SOON, || TlsClient::connect(server.port(), new.ca()).is_ok());
        assert!(TlsClient::connect(server.port(), old.ca()).is_err());
        assert!(open.get("/health").is_ok(), "what was open goes on");
    }
}

fn as_orchestrator(flags: &[&str]) -> Process {
    orchestrator(flags)
}

fn as_node(flags: &[&str]) -> Process {
    node(program("cluster.js"), flags)
}

#[test]
fn without_tls_sighup_ends_no_orchestrator() {
    let orchestrator = orchestrator(&[]);
    signal(orchestrator.pid(), "HUP");
    assert_eq!(Client::new(&orchestrator.url).get("/health").status, 200);
}

#[test]
fn files_that_make_no_sense_are_usage_errors() {
    let authority = Authority::new("one");
    let (one, two) = (authority.certify(&HERE), authority.certify(&HERE));
    let missing = "/no/such/file.pem";
    let script = program("cluster.js").display().to_string();
    for (flags, named) in [
        (vec!["--tls-cert", missing, "--tls-key", one.key()], vec!["--tls-cert", missing]),
        (vec!["--tls-cert", one.cert(), "--tls-key", missing], vec!["--tls-key", missing]),
        (vec!["--tls-cert", one.key(), "--tls-key", one.key()], vec!["--tls-cert", one.key(), "no certificate"]),
        (vec!["--tls-cert", one.cert(), "--tls-key", one.cert()], vec!["--tls-key", one.cert()]),
        (vec!["--tls-cert", one.cert(), "--tls-key", two.key()], vec!["--tls-cert", one.cert(), two.key(), "together"]),
        (vec!["--tls-cert", one.cert()], vec!["--tls-cert", "--tls-key"]),
        (vec!["--tls-key", one.key()], vec!["--tls-key", "--tls-cert"]),
        (vec!["--tls-client-ca", authority.ca()], vec!["--tls-client-ca", "--tls-cert"]),
        (vec!["--client-cert", one.cert()], vec!["--client-cert", "--client-key"]),
        (vec!["--client-cert", one.cert(), "--client-key", two.key()], vec!["--client-cert", "together"]),
        (vec!["--ca", missing], vec!["--ca", missing]),
    ] {
        for command in [&["orchestrator", "-b", "127.0.0.1:0"][..], &["node", "-b", "127.0.0.1:0", "-s", &script]] {
            let output = run([command, &flags].concat());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{flags:?}: {said}");
            assert!(output.stdout.is_empty(), "{output:?}");
            for part in &named {
                assert!(said.contains(part), "{flags:?}: no {part} in {said}");
            }
        }
    }
}

/// The connection goes to an address that was looked at, and the certificate must be of the name all the same.
#[test]
fn fetch_verifies_the_name_in_the_url() {
    let (authority, other) = (Authority::new("one"), Authority::new("another"));
    let certified = authority.certify(&["localhost"]);
    let server = node(program("cluster.js"), &certified.served());
    let script = Script::new(
        "fetching.js",
        "madrpc.register('get', ({ url }) => fetch(url).then((r) => r.json()).then((j) => j.status, (e) => e.message));",
    );
    let fetching = |ca: &str| {
        let node = node(&script, &["--allow-net", "localhost", "--allow-net", "127.0.0.1", "--ca", ca]);
        let client = Client::new(&node.url);
        move |host: &str| {
            let _lives = &node;
            client.call("get", json!({"url": format!("https://{host}:{}/health", server.port())})).expect("told")
        }
    };
    let get = fetching(authority.ca());
    assert_eq!(get("localhost"), "ok");
    for host in ["127.0.0.1", "localhost"] {
        // The connection that is kept for one is not used for the other.
        assert_eq!(get(host) == "ok", host == "localhost", "{host}");
    }
    drop(get);
    let server = node(program("cluster.js"), &certified.served());
    let untrusting = node(&script, &["--allow-net", "localhost", "--ca", other.ca()]);
    let url = format!("https://localhost:{}/health", server.port());
    let told = Client::new(&untrusting.url).call("get", json!({"url": url})).expect("told");
    assert!(told.as_str().is_some_and(|told| told.contains("can't be reached")), "{told}");
    untrusting.wait_for_log("why", SOON, |line| line.contains("UnknownIssuer"));
}
