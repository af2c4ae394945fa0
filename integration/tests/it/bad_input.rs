//! What a user can get wrong on the command line and in a script: each has an exit code and a message that says what.

use std::ffi::OsString;
use std::net::TcpListener;

use serde_json::json;

use crate::harness::{free_port, node, orchestrator, program, run, Client, Process, Script, SOON};

/// Runs a command that must fail, and returns its exit code and what it wrote to stderr.
fn fails(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args);
    assert!(!output.status.success(), "{args:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("listening"), "{args:?}");
    (output.status.code(), said)
}

#[test]
fn an_error_in_a_script_is_shown_with_its_place_and_nothing_is_registered() {
    let orchestrator = orchestrator(&[]);
    for (name, text, place) in [
        ("syntax.js", "madrpc.register('fine', () => 1);\nlet broken = ;\n", "syntax.js:2:14"),
        ("unclosed.js", "madrpc.register('fine', () => {\n", "unclosed.js:"),
        ("throws.js", "madrpc.register('fine', () => 1);\n\nnotDeclared();\n", "throws.js:3:"),
        ("own.js", "function check() {\n  throw new Error('not configured');\n}\ncheck();\n", "own.js:2:"),
        ("twice.js", "madrpc.register('fine');\n", "twice.js:1:"),
    ] {
        let script = Script::new(name, text);
        let args = [
            "node",
            "--bind",
            "127.0.0.1:0",
            "--orchestrator",
            &orchestrator.url,
            "--script",
            &script.path().display().to_string(),
        ];
        let (code, said) = fails(&args);
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(said.contains(place), "{name}: no {place} in {said}");
    }
    assert_eq!(Client::new(&orchestrator.url).info()["total_nodes"], 0);
}

#[test]
fn a_missing_script_is_named() {
    let (code, said) = fails(&["node", "--bind", "127.0.0.1:0", "--script", "/nowhere/missing.js"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("/nowhere/missing.js"), "{said}");
    let (code, said) = fails(&["local", "--script", "/nowhere/missing.js", "--call", "x"]);
    assert!(code.is_some_and(|code| code == 1 || code == 2), "{code:?}");
    assert!(said.contains("/nowhere/missing.js"), "{said}");
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let script = program("cluster.js").display().to_string();
    for args in [vec!["orchestrator", "--bind", &address], vec!["node", "--bind", &address, "--script", &script]] {
        let (code, said) = fails(&args);
        assert_eq!(code, Some(1), "{args:?}: {said}");
        assert!(said.contains(&address), "{said}");
    }
}

#[test]
fn an_orchestrator_that_is_this_node_is_refused() {
    let address = format!("127.0.0.1:{}", free_port());
    let script = program("cluster.js").display().to_string();
    let own = format!("http://{address}");
    let args = ["node", "--bind", &address, "--orchestrator", &own, "--script", &script];
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let (mut process, _stdout) = Process::spawn(&args);
    let code = process.wait_for_exit(SOON);
    assert!(code.is_some_and(|code| code == 1 || code == 2), "{code:?}: {}", process.log());
    assert!(process.log().contains(&own), "{}", process.log());
}

/// Exit code 2, and a message that names the flag and the value and says what is allowed.
#[test]
fn bad_values_of_flags_are_usage_errors() {
    let script = program("cluster.js").display().to_string();
    for (command, flag, value, allowed) in [
        ("orchestrator", "--balance", "fastest", "least-inflight"),
        ("orchestrator", "--call-timeout", "soon", "ms"),
        ("orchestrator", "--call-timeout", "-1s", "ms"),
        ("orchestrator", "--max-body", "10 apples", "MiB"),
        ("orchestrator", "--max-inflight", "many", "number"),
        ("orchestrator", "--failure-threshold", "-3", ""),
        ("orchestrator", "--bind", "nonsense", ""),
        ("orchestrator", "--node", "ftp://x", "http"),
        ("orchestrator", "--workers", "0", ""),
        ("node", "--orchestrator", "nowhere", "http"),
        ("node", "--public-url", "http://x/path", "path"),
        ("node", "--pool-size", "0", ""),
        ("node", "--weight", "heavy", ""),
    ] {
        let script_flags = ["--script", script.as_str()];
        let script_flags = if command == "node" { &script_flags[..] } else { &[] };
        let assignment = format!("{flag}={value}");
        let args = [&[command, assignment.as_str()], script_flags].concat();
        let (code, said) = fails(&args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        for part in [flag, value, allowed] {
            assert!(said.contains(part), "{args:?}: no {part:?} in {said}");
        }
    }
}

#[test]
fn unknown_flags_commands_and_missing_ones_are_usage_errors() {
    for args in [
        &["orchestrator", "--no-such-flag"][..],
        &["no-such-command"],
        &["node"],
        &["call"],
        &["call", "http://127.0.0.1:1"],
        &[],
    ] {
        let (code, said) = fails(args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(!said.is_empty(), "{args:?}");
    }
    for args in [&["--help"][..], &["--version"], &["node", "--help"], &["completions", "bash"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn every_flag_reads_an_environment_variable() {
    let output = std::process::Command::new(crate::harness::binary())
        .args(["orchestrator", "--bind", "127.0.0.1:0"])
        .env("MADRPC_BALANCE", "fastest")
        .output()
        .expect("the binary can be started");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("fastest"));
}

#[test]
fn call_tells_results_errors_usage_and_delivery_apart() {
    let node = node(program("failing.js"), &[]);
    let url = node.url.as_str();
    let call = |args: &[&str]| {
        let output = run([&["call"], args].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, _) = call(&[url, "fine"]);
    assert_eq!((code, out.trim()), (Some(0), r#""fine""#));
    let (code, out, _) = call(&[url, "caught", r#"{"method": "fine"}"#]);
    assert_eq!((code, out.trim()), (Some(0), r#""nothing was thrown""#));

    let file = Script::new("args.json", r#"{"method": "fine"}"#);
    let (code, out, _) = call(&[url, "relay", &format!("@{}", file.path().display())]);
    assert_eq!((code, out.trim()), (Some(0), r#""fine""#));

    let (code, out, said) = call(&[url, "rpc_error", r#"{"code": 1001, "message": "mine", "data": {"why": 5}}"#]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("1001") && said.contains("mine") && said.contains("why"), "{said}");
    let (code, _, said) = call(&[url, "sync_error"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("-32000") && said.contains("sync failure") && said.contains("failing.js:"), "{said}");

    for malformed in ["{not json", "5", "@/nowhere/missing.json"] {
        let (code, out, said) = call(&[url, "fine", malformed]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{malformed}: {said}");
        assert!(!said.is_empty(), "{malformed}");
    }
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let (code, out, said) = call(&[&nobody, "fine", "--timeout", "2s"]);
    assert_eq!((code, out.as_str()), (Some(3), ""), "{said}");
}

/// Whatever arrives, the next call is answered.
#[test]
fn bytes_that_are_no_http_end_nothing() {
    let node = node(program("cluster.js"), &[]);
    let client = Client::new(&node.url);
    for bytes in
        [&b"\0\0\0\0\r\n\r\n"[..], b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n", b"{\"jsonrpc\":\"2.0\"}\r\n\r\n"]
    {
        let _ = crate::harness::exchange(node.address(), bytes);
        assert_eq!(client.call("square", json!({"n": 2})), Ok(json!(4)));
    }
}
