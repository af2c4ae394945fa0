//! What browsers get and do: the dashboard, and pages that open sessions. Chromium is the browser.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::json;

use crate::harness::{free_port, in_browser, node, orchestrator, program, succeed, Client, Cluster, Running};

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

/// The line of a program that has this comment.
fn line_of(file: &str, comment: &str) -> usize {
    let text = std::fs::read_to_string(program(file)).expect("the program can be read");
    let found = text.lines().position(|line| line.ends_with(&format!("// line: {comment}")));
    found.expect("the comment is there") + 1
}

#[test]
fn browsers_get_the_page_and_programs_get_json() {
    let server = orchestrator(&[]);
    let client = Client::new(&server.url);
    assert_eq!(client.get_json("/")["name"], "madrpc-actor");
    let page = client.get_with(&[HTML], "/");
    assert_eq!((page.status, page.content_type.as_deref()), (200, Some("text/html; charset=utf-8")));
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("vary", "accept"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    let again = client.get_with(&[HTML, ("if-none-match", page.header("etag"))], "/");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(again.header("etag"), page.header("etag"));
    let foreign = client.get_with(&[HTML, ("sec-fetch-site", "none"), ("host", "evil.example")], "/");
    assert_eq!(foreign.status, 403);
}

#[test]
fn the_page_needs_no_key_and_what_it_shows_does() {
    let node = node(program("dashboard.js"), &["--api-key", "k", "--rate-limit", "1:2"]);
    let client = Client::new(&node.url);
    assert_eq!(client.get("/").status, 401);
    let page = client.get_with(&[HTML], "/");
    assert!(page.status == 200 && page.body.contains(r#"content="needed""#), "{}", page.status);
    assert_eq!(client.get_with(&[HTML], "/").status, 429, "it counts as a call");
}

#[test]
fn the_dashboard_is_clicked_through() {
    let cluster = Cluster::start(program("dashboard.js"), 2);
    let given = json!({
        "url": cluster.orchestrator.url,
        "node": cluster.nodes[0].url,
        "kill": cluster.nodes[1].pid(),
        "failingLine": line_of("dashboard.js", "fail"),
        "pictures": std::env::var("MADRPC_PICTURES").ok(),
    });
    succeed(&mut in_browser("dashboard.mjs", &given));
}

#[test]
fn the_dashboard_asks_for_a_key_and_outlives_its_server() {
    let port = free_port();
    let bind = format!("127.0.0.1:{port}");
    let flags = ["--bind", &bind, "--api-key", "k/ey+?"];
    let mut server = Some(node(program("dashboard.js"), &flags));
    let given = json!({"url": format!("http://{bind}/"), "key": "k/ey+?"});
    let mut command = in_browser("key.mjs", &given);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut browser = Running(child.expect("Node.js is there"));
    let mut answers = browser.0.stdin.take().expect("piped");
    let asked = BufReader::new(browser.0.stdout.take().expect("piped"));
    for line in asked.lines().map_while(Result::ok) {
        server = match line.as_str() {
            "stop" => None,
            "start" => Some(node(program("dashboard.js"), &flags)),
            other => panic!("{other}"),
        };
        answers.write_all(b"done\n").expect("the program listens");
    }
    assert!(browser.0.wait().expect("the program can be waited for").success());
    assert!(server.is_some(), "it was stopped and started");
}

#[test]
fn a_page_opens_a_session_by_itself() {
    let port = free_port();
    let (site, key) = (format!("http://127.0.0.1:{port}"), "a key/with+all?");
    let orchestrator = orchestrator(&["--allow-origin", &site, "--api-key", key]);
    let client = Client::new(&orchestrator.url).with("x-api-key", key);
    let cluster = Cluster::of(orchestrator, client, program("dashboard.js"), 1, &["--api-key", key]);
    let given = json!({"url": cluster.orchestrator.url, "port": port, "key": key});
    succeed(&mut in_browser("session.mjs", &given));
}
