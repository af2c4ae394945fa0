//! Pages of a browser: which may call, and what they are told.

use serde_json::json;

use crate::harness::{exchange, node, orchestrator, program, Client, Process};

const APP: &str = "https://app.example.org";
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"square","params":{"n":3}}"#;

/// The answer to a request with exactly these headers.
fn ask(server: &Process, verb: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let request =
        format!("{verb} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    exchange(server.address(), request.as_bytes())
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn foreign_pages_are_refused_and_listed_ones_are_told_that_they_may() {
    let flags = ["--allow-origin", APP, "--allow-origin", "http://localhost:3000/"];
    let node = node(program("cluster.js"), &flags);
    let own = node.url.clone();
    let host = ("Host", node.address());
    for (origin, answer, told) in [
        (APP, "200", true),
        ("http://localhost:3000", "200", true),
        (own.as_str(), "200", false),
        ("https://evil.example", "403", false),
        ("http://app.example.org", "403", false),
        ("http://localhost:3001", "403", false),
        ("null", "403", false),
    ] {
        for verb in ["POST", "OPTIONS"] {
            let asked = ("Access-Control-Request-Method", "POST");
            let got = ask(&node, verb, "/", &[host, ("Origin", origin), asked], if verb == "POST" { CALL } else { "" });
            let expected = if verb == "OPTIONS" && answer == "200" { "204" } else { answer };
            assert_eq!(status(&got), expected, "{verb} {origin}: {got}");
            let got = got.to_ascii_lowercase();
            assert_eq!(
                got.contains(&format!("access-control-allow-origin: {origin}\r\n")),
                told,
                "{verb} {origin}: {got}"
            );
            assert_eq!(got.contains("vary: origin\r\n"), told, "{got}");
            assert!(!got.contains("access-control-allow-origin: *"), "{got}");
            let preflight = told && verb == "OPTIONS";
            assert_eq!(got.contains("access-control-allow-methods: get, post\r\n"), preflight, "{got}");
            assert_eq!(got.contains("authorization, content-type"), preflight, "{got}");
        }
    }
    assert!(ask(&node, "POST", "/", &[host], CALL).ends_with(r#""result":9}"#), "a program says no origin");
}

#[test]
fn a_preflight_needs_no_key_and_a_refusal_can_be_read() {
    let node = node(program("cluster.js"), &["--allow-origin", APP, "--api-key", "k"]);
    let page = [("Host", node.address()), ("Origin", APP)];
    assert_eq!(status(&ask(&node, "OPTIONS", "/rpc", &page, "")), "204");
    let refused = ask(&node, "POST", "/rpc", &page, CALL).to_ascii_lowercase();
    assert!(status(&refused) == "401" && refused.contains("access-control-allow-origin: https://app"), "{refused}");
}

/// DNS rebinding: a page of the attacker's, whose name has come to stand for this machine.
#[test]
fn a_page_whose_name_may_be_anybodys_is_refused() {
    let node = node(program("cluster.js"), &["--public-url", "http://node.example.org:9001"]);
    let port = node.port();
    for (name, expected) in [
        ("evil.example", "403"),
        ("127.0.0.1.evil.example", "403"),
        ("127.0.0.1", "200"),
        ("localhost", "200"),
        ("node.example.org", "200"),
    ] {
        let host = format!("{name}:{port}");
        let origin = format!("http://{host}");
        let page = [("Host", host.as_str()), ("Origin", origin.as_str())];
        assert_eq!(status(&ask(&node, "POST", "/", &page, CALL)), expected, "{name}");
        // A GET to its own origin brings no Origin, but browsers say that it is one.
        let reading = [("Host", host.as_str()), ("Sec-Fetch-Site", "same-origin")];
        assert_eq!(status(&ask(&node, "GET", "/_info", &reading, "")), expected, "{name}");
        let program = [("Host", host.as_str())];
        assert_eq!(status(&ask(&node, "POST", "/", &program, CALL)), "200", "behind a proxy any name will do: {name}");
    }
}

#[test]
fn a_foreign_page_registers_nothing() {
    let orchestrator = orchestrator(&[]);
    let node = node(program("cluster.js"), &[]);
    let register = json!({"jsonrpc": "2.0", "id": 1, "method": "_register", "params": [node.url]}).to_string();
    for headers in [
        // What a page may send without asking first.
        [("Content-Type", "text/plain"), ("Origin", "https://evil.example")],
        [("Content-Type", "application/json"), ("Origin", "https://evil.example")],
    ] {
        let headers = [&[("Host", orchestrator.address())], &headers[..]].concat();
        assert_eq!(status(&ask(&orchestrator, "POST", "/", &headers, &register)), "403");
    }
    assert_eq!(Client::new(&orchestrator.url).info()["total_nodes"], 0);
}
