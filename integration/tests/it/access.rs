//! API keys and the cluster's token: who is let in, and where secrets never appear.

use serde_json::{json, Value};

use crate::harness::{
    node, node_of, orchestrator, program, run, run_with, wait_until, Client, Cluster, Process, Script, Session, SOON,
};

const KEY: &str = "key-of-a-client";
const TOKEN: &str = "token-of-the-cluster";

/// The id and the code of the error, and the status, that a call with these headers comes to.
fn refused(url: &str, headers: &[(&str, &str)], method: &str) -> (u16, Value, Value) {
    let body = json!({"jsonrpc": "2.0", "id": "x", "method": method, "params": {"n": 2}}).to_string();
    let reply = Client::new(url).post_with(headers, body.as_bytes());
    if reply.status == 401 {
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
    let json = reply.json();
    (reply.status, json["id"].clone(), json["error"]["code"].clone())
}

#[test]
fn a_key_is_needed_where_one_is_set() {
    let flags = ["--api-key", KEY, "--api-key", "old key"];
    let cluster_flags = [&flags[..], &["--cluster-token", TOKEN]].concat();
    let orchestrator = orchestrator(&cluster_flags);
    let member = node_of(&orchestrator, program("cluster.js"), &cluster_flags);
    let right = Client::new(&orchestrator.url).with("authorization", &format!("Bearer {KEY}"));
    wait_until("the node takes calls", SOON, || right.call("square", json!({"n": 6})) == Ok(json!(36)));

    let unauthorised = (401, json!("x"), json!(-32008));
    let bearer = |key: &str| format!("Bearer {key}");
    for url in [&orchestrator.url, &member.url] {
        for wrong in ["", "wrong", &KEY[1..], &format!("{KEY}x"), TOKEN] {
            assert_eq!(refused(url, &[("authorization", &bearer(wrong))], "square"), unauthorised, "{wrong}");
            assert_eq!(refused(url, &[("x-api-key", wrong)], "square"), unauthorised, "{wrong}");
        }
        for method in ["square", "_info", "_health", "rpc.discover", "nothing"] {
            assert_eq!(refused(url, &[], method), unauthorised, "{method}");
        }
        let fine = (200, json!("x"), Value::Null);
        assert_eq!(refused(url, &[("x-api-key", KEY)], "square"), fine);
        assert_eq!(refused(url, &[("authorization", "bearer old key")], "square"), fine);
        assert_eq!(refused(url, &[("madrpc-cluster-token", TOKEN)], "square"), fine, "members need no key");
        let stranger = Client::new(url);
        let batch = stranger.post("[1,2,3]");
        assert_eq!((batch.status, &batch.json()["id"]), (401, &Value::Null));
        for (path, open) in [("/health", true), ("/ready", true), ("/_info", false), ("/_metrics", false), ("/", false)]
        {
            assert_eq!(stranger.get(path).status, if open { 200 } else { 401 }, "{path}");
            assert_eq!(stranger.get_with(&[("x-api-key", KEY)], path).status, 200, "{path}");
        }
    }
}

#[test]
fn a_page_presents_its_key_as_a_subprotocol() {
    let node = node(program("cluster.js"), &["--api-key", KEY]);
    // base64url of KEY, of "wrong", and of KEY with padding.
    for (offered, opened) in [
        ("madrpc, madrpc.key.a2V5LW9mLWEtY2xpZW50", Ok(())),
        ("madrpc, madrpc.key.d3Jvbmc", Err(401)),
        ("madrpc, madrpc.key.a2V5LW9mLWEtY2xpZW50==", Err(401)),
        ("madrpc, key-of-a-client", Err(401)),
        ("madrpc", Err(401)),
    ] {
        let session = Session::try_open(&node, &[("sec-websocket-protocol", offered)]);
        assert_eq!(session.map(drop), opened, "{offered}");
    }
}

#[test]
fn administration_is_for_members() {
    let orchestrator = orchestrator(&["--api-key", KEY, "--cluster-token", TOKEN]);
    let alone = node(program("cluster.js"), &["--api-key", KEY]);
    let client = Client::new(&orchestrator.url).with("x-api-key", KEY);
    let heartbeat = json!({"instance": "somebody"});
    for (method, params) in
        [("_register", json!([alone.url])), ("_heartbeat", heartbeat), ("_deregister", json!(["x"]))]
    {
        assert_eq!(client.call(method, params).expect_err(method).code, -32008);
    }
    assert_eq!(client.info()["total_nodes"], 0);
    let member = client.with("madrpc-cluster-token", TOKEN);
    assert_eq!(member.call("_register", json!([alone.url])).expect("accepted")["registered_url"], alone.url);
}

/// Without a token, who registers is a client that comes from a private address.
#[test]
fn keys_alone_keep_a_cluster_together_nested_calls_included() {
    let flags = ["--api-key", KEY];
    let orchestrator = orchestrator(&flags);
    let client = Client::new(&orchestrator.url).with("x-api-key", KEY);
    let members = [(); 2].map(|()| node_of(&orchestrator, program("cluster.js"), &flags));
    wait_until("both nodes take calls", SOON, || client.info()["enabled_nodes"] == 2);
    assert_eq!(client.call("aggregate", json!({"from": 1, "count": 3})), Ok(json!(14)));
    assert!(orchestrator.log().contains("no cluster token"), "{}", orchestrator.log());
    let stranger = node_of(&orchestrator, program("cluster.js"), &["--api-key", "wrong"]);
    stranger.wait_for_log("the refusal", SOON, |line| line.contains("-32008") || line.contains("Unauthorized"));
    assert_eq!(client.info()["total_nodes"], members.len());
}

#[test]
fn keys_are_changed_without_a_gap() {
    let (old, new) = (("x-api-key", "old"), ("x-api-key", "new"));
    let mut cluster = Rolling::start(&["--api-key", "old"]);
    cluster.serves(old);
    // Everyone accepts both before anyone is asked for the new one alone.
    for keys in [&["--api-key", "old", "--api-key", "new"][..], &["--api-key", "new", "--api-key", "old"]] {
        cluster.restart_each(keys, |cluster| {
            cluster.serves(old);
        });
        cluster.serves(new);
    }
    cluster.restart_each(&["--api-key", "new"], |cluster| cluster.serves(new));
    assert_eq!(refused(&cluster.orchestrator.url, &[old], "square").0, 401);
}

/// An orchestrator and two nodes that are restarted one after the other, in place.
struct Rolling {
    orchestrator: Process,
    nodes: Vec<Process>,
}

impl Rolling {
    fn start(flags: &[&str]) -> Rolling {
        let orchestrator = orchestrator(&[&["--bind", &Self::free()], flags].concat());
        let member = || node_of(&orchestrator, program("cluster.js"), &[&["--bind", &Self::free()], flags].concat());
        let nodes = vec![member(), member()];
        Rolling { orchestrator, nodes }
    }

    fn free() -> String {
        format!("127.0.0.1:{}", crate::harness::free_port())
    }

    fn restart_each(&mut self, flags: &[&str], check: impl Fn(&Rolling)) {
        for index in 0..self.nodes.len() {
            let address = self.nodes[index].address().to_owned();
            self.nodes[index].kill();
            let flags = [&["--bind", &address], flags].concat();
            self.nodes[index] = node_of(&self.orchestrator, program("cluster.js"), &flags);
            check(self);
        }
        let address = self.orchestrator.address().to_owned();
        self.orchestrator.kill();
        self.orchestrator = orchestrator(&[&["--bind", &address], flags].concat());
        check(self);
    }

    /// Both nodes are members again, and answer.
    fn serves(&self, key: (&str, &str)) {
        let client = Client::new(&self.orchestrator.url).with(key.0, key.1);
        wait_until("both nodes take calls", SOON, || client.info()["enabled_nodes"] == 2);
        for _ in 0..4 {
            assert_eq!(client.call("square", json!({"n": 3})), Ok(json!(9)));
        }
    }
}

#[test]
fn call_and_local_present_a_key() {
    let file = Script::new("key", &format!("{KEY}\n"));
    let in_file = format!("@{}", file.path().display());
    let server = node(program("cluster.js"), &["--api-key", &in_file]);
    let call = ["call", server.url.as_str(), "square", r#"{"n": 5}"#];
    let printed = |output: std::process::Output| String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(printed(run([&call[..], &["--api-key", KEY]].concat())), "25");
    assert_eq!(printed(run([&call[..], &["--api-key", &in_file]].concat())), "25");
    assert_eq!(printed(run_with(&[("MADRPC_API_KEY", &format!("{KEY},other"))], &call)), "25");
    let refused = run(call);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("-32008"), "{refused:?}");

    let script = program("cluster.js").display().to_string();
    let local = ["local", "-s", &script, "--nodes", "1", "--call", "square", r#"{"n": 5}"#, "--api-key", &in_file];
    let output = run(local);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "25", "{output:?}");
}

#[test]
fn secrets_appear_nowhere() {
    let flags = ["--api-key", KEY, "--cluster-token", TOKEN];
    let orchestrator = orchestrator(&flags);
    let client = Client::new(&orchestrator.url).with("x-api-key", KEY);
    let cluster = Cluster::of(orchestrator, client, program("cluster.js"), 1, &flags);
    let (orchestrator, node) = (&cluster.orchestrator, &cluster.nodes[0]);
    assert_eq!(refused(&orchestrator.url, &[("x-api-key", "not-the-key")], "square").0, 401);
    assert!(cluster.client.call("nothing", json!([])).is_err());
    let mut shown = orchestrator.log() + &node.log();
    for client in [&cluster.client, &cluster.node_client(0).with("x-api-key", KEY)] {
        for path in ["/_info", "/_metrics", "/health", "/"] {
            shown += &client.get(path).body;
        }
        shown += &client.call("rpc.discover", Value::Null).expect("a document").to_string();
    }
    for pid in [orchestrator.pid(), node.pid(), node.engine_pid()] {
        let arguments = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("the process runs");
        assert!(arguments.contains("127.0.0.1:0"), "{arguments}");
        shown += &arguments;
    }
    for command in ["orchestrator", "node", "call", "local"] {
        let help = run_with(&[("MADRPC_API_KEY", KEY), ("MADRPC_CLUSTER_TOKEN", TOKEN)], &[command, "--help"]);
        shown += &String::from_utf8_lossy(&help.stdout);
    }
    let wrong =
        run(["orchestrator", "--api-key", "key-of-a-client, and more", "--cluster-token", " token-of-the-cluster"]);
    assert_eq!(wrong.status.code(), Some(2));
    shown += &String::from_utf8_lossy(&wrong.stderr);
    for secret in [KEY, TOKEN, "not-the-key"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

/// On a node itself, and through an orchestrator, which is one caller to the node whoever called it.
#[test]
fn an_idempotency_key_is_its_clients_own() {
    let script = Script::new("count.js", "let runs = 0; madrpc.register('run', () => ++runs);");
    for token in [&[][..], &["--cluster-token", TOKEN]] {
        let flags = [&["--api-key", "a", "--api-key", "b"], token].concat();
        let orchestrator = orchestrator(&flags);
        let member = node_of(&orchestrator, &script, &flags);
        let run = |server: &Process, key: &str| {
            let headers = [("x-api-key", key), ("idempotency-key", "same")];
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": "run", "params": []}).to_string();
            Client::new(&server.url).post_with(&headers, body.as_bytes()).json()["result"].clone()
        };
        let client = Client::new(&orchestrator.url).with("x-api-key", "a");
        wait_until("the node takes calls", SOON, || client.info()["enabled_nodes"] == 1);
        let (first, second) = (run(&orchestrator, "a"), run(&orchestrator, "b"));
        assert_ne!(first, second);
        assert_eq!((run(&orchestrator, "a"), run(&orchestrator, "b")), (first, second));
        assert_ne!(run(&member, "a"), run(&member, "b"));
    }
}
