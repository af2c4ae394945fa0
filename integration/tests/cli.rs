//! The command line of the real binary: exit codes, what goes where, and `call` against a server made by hand.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madrpc-actor"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MADRPC_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().expect("the binary runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Status and body.
type Reply = (&'static str, &'static str);

fn reply(status: &'static str, body: &'static str) -> Option<Reply> {
    Some((status, body))
}

/// Answers one connection after the other with the next of `replies` (`None`: hangs up after the request), and hands
/// out each request, head and body.
fn server(replies: Vec<Option<Reply>>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for reply in replies {
            let (mut stream, _) = listener.accept().expect("a connection");
            let request = read_request(&mut stream);
            if let Some(reply) = reply {
                let (status, body) = reply;
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all((head + body).as_bytes()).expect("written");
            }
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (url, requests)
}

fn read_request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a request head");
        request.push(byte[0].to_ascii_lowercase());
    }
    let head = String::from_utf8(request).expect("UTF-8");
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).expect("a length")];
    stream.read_exact(&mut body).expect("a body");
    head + &String::from_utf8(body).expect("UTF-8")
}

#[test]
fn help_version_and_completions_end_well() {
    for args in [vec!["--help"], vec!["--version"], vec!["node", "--help"], vec!["help", "local"]] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(stdout(&run(&["--version"])).trim(), concat!("madrpc-actor ", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("orchestrator"), "{shell}");
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn mistakes_are_usage_errors() {
    for args in [
        vec![],
        vec!["nod"],
        vec!["node"],
        vec!["node", "-s", "a.js", "--unknown"],
        vec!["orchestrator", "--workers", "0"],
        vec!["call", "http://127.0.0.1:1"],
        vec!["call", "http://127.0.0.1:1", "m", "{"],
        vec!["call", "http://127.0.0.1:1", "m", "5"],
        vec!["call", "http://127.0.0.1:1", "m", "@/no/such/file"],
        vec!["local", "-s", "a.js", "--call", "m", "\"text\""],
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn variables_are_read_and_checked_like_flags() {
    let wrong = |name: &str, value: &str, flag: &str| {
        let output = command(&["node", "-s", "a.js"]).env(name, value).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{name}");
        let text = stderr(&output);
        for part in [name, flag, &format!("{value:?}")] {
            assert!(text.contains(part), "no {part} in {text}");
        }
    };
    wrong("MADRPC_BIND", "nowhere", "--bind");
    wrong("MADRPC_CALL_TIMEOUT", "soon", "--call-timeout");
    wrong("MADRPC_POOL_SIZE", "0", "--pool-size");
    wrong("MADRPC_PUBLIC_URL", "", "--public-url");
    wrong("MADRPC_TAG", "novalue", "--tag");
    wrong("MADRPC_ORCHESTRATOR", "http://127.0.0.1:9001/x", "--orchestrator");
}

#[test]
fn a_flag_wins_over_its_variable() {
    let (url, requests) = server(vec![reply("200 OK", r#"{"id":1,"result":[1]}"#)]);
    let output = command(&["call", &url, "m", "--timeout", "5s", "--tag", "a=1"])
        .envs([("MADRPC_TIMEOUT", "9s"), ("MADRPC_TAG", "b=2"), ("MADRPC_PRETTY", "1")])
        .output()
        .expect("the binary runs");
    assert_eq!(stdout(&output), "[\n  1\n]\n", "{}", stderr(&output));
    let request = requests.recv().expect("a request");
    assert!(request.contains("madrpc-tags: a=1\r\n"), "{request}");
    assert!(request.contains("madrpc-timeout-ms: 4") || request.contains("madrpc-timeout-ms: 5000"), "{request}");
}

#[test]
fn help_does_not_show_the_token() {
    let output = command(&["node", "--help"]).env("MADRPC_CLUSTER_TOKEN", "hunter2").output().expect("the binary runs");
    assert!(stdout(&output).contains("MADRPC_CLUSTER_TOKEN") && !stdout(&output).contains("hunter2"));
}

#[test]
fn a_result_is_printed_as_it_came() {
    let (url, requests) =
        server(vec![reply("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":{"b": 1.0,"a":9007199254740993}}"#)]);
    let url = format!("{url}/rpc");
    let args = ["call", &url, "add", r#"{"x": 1e2}"#, "--header", "X-Team:blue", "--tag", "zone=a", "--tag", "gpu=1"];
    let output = command(&args).args(["--idempotency-key", "k1", "--timeout", "7s"]).output().expect("the binary runs");
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("{\"b\": 1.0,\"a\":9007199254740993}\n", Some(0)));
    let request = requests.recv().expect("a request");
    assert!(request.starts_with("post /rpc http/1.1\r\n"), "{request}");
    assert!(
        request.ends_with("\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"add\",\"params\":{\"x\": 1e2}}"),
        "{request}"
    );
    for header in [
        "content-type: application/json\r\n",
        "x-team: blue\r\n",
        "madrpc-tags: gpu=1,zone=a\r\n",
        "idempotency-key: k1\r\n",
    ] {
        assert!(request.contains(header), "no {header} in {request}");
    }
    let left = request.split("madrpc-timeout-ms: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let left: u64 = left.and_then(|left| left.parse().ok()).expect("a timeout");
    assert!((1..=7_000).contains(&left), "{left}");
}

#[test]
fn args_come_from_standard_input_and_files() {
    let (url, requests) = server(vec![reply("200 OK", r#"{"id":1,"result":[1]}"#); 2]);
    let mut child = command(&["call", &url, "m", "-", "--pretty"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("piped").write_all(b"[1]\n").expect("written");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(stdout(&output), "[\n  1\n]\n");
    assert!(requests.recv().expect("a request").ends_with("\"params\":[1]}"));

    let file = std::env::temp_dir().join(format!("madrpc-cli-{}.json", std::process::id()));
    std::fs::write(&file, "{\"k\":2}").expect("written");
    let output = run(&["call", &url, "m", &format!("@{}", file.display())]);
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(requests.recv().expect("a request").ends_with("\"params\":{\"k\":2}}"));
}

#[test]
fn an_error_reply_is_shown_with_its_stack() {
    let (url, _requests) = server(vec![reply(
        "200 OK",
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"boom","data":{"name":"Error","stack":"at f (a.js:3:5)\nat main"}}}"#,
    )]);
    let output = run(&["call", &url, "m"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = stderr(&output);
    assert!(text.starts_with("error -32000: boom\ndata: {\n  \"name\": \"Error\","), "{text}");
    assert!(text.ends_with("stack:\n    at f (a.js:3:5)\n    at main\n"), "{text}");
}

#[test]
fn a_notification_prints_nothing() {
    let (url, requests) = server(vec![reply("200 OK", "")]);
    let output = run(&["call", &url, "m", "[1]", "--notify"]);
    assert_eq!((output.status.code(), output.stdout.len(), output.stderr.len()), (Some(0), 0, 0));
    assert!(requests.recv().expect("a request").ends_with("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1]}"));
}

#[test]
fn what_is_no_reply_is_not_delivered() {
    let (url, _requests) = server(vec![reply("200 OK", "")]);
    let output = run(&["call", &url, "m"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("HTTP 200, and no JSON-RPC reply"), "{}", stderr(&output));
    let (url, _requests) = server(vec![reply("502 Bad Gateway", "<html>\u{7}")]);
    let output = run(&["call", &url, "m"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("HTTP 502") && stderr(&output).contains("<html>\\x07"), "{}", stderr(&output));
}

#[test]
fn an_unreachable_server_is_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let output = run(&["call", &format!("http://{port}"), "m"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("can't connect") && stderr(&output).contains("(3 tries)"), "{}", stderr(&output));
}

#[test]
fn a_lost_call_is_sent_again_only_with_an_idempotency_key() {
    let (url, requests) = server(vec![None]);
    let output = run(&["call", &url, "m"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(!stderr(&output).contains("tries"), "{}", stderr(&output));
    assert_eq!(requests.iter().count(), 1);

    let (url, requests) = server(vec![None, reply("200 OK", r#"{"id":1,"result":7}"#)]);
    let output = run(&["call", &url, "m", "--idempotency-key", "k"]);
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("7\n", Some(0)));
    assert_eq!(requests.iter().count(), 2);
}

#[test]
fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let output = run(&["call", &url, "m", "--timeout", "300ms"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("no reply"), "{}", stderr(&output));
}
