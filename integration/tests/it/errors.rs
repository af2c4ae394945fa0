//! Errors reach the caller with code, message, data and stack, unchanged through any number of hops.

use serde_json::{json, Value};

use crate::harness::{node, program, run, wait_until, Client, Cluster, RpcFailure, Script, Session, SOON};

/// The number of the line in failing.js that `mark` marks.
fn line_of(mark: &str) -> usize {
    let text = std::fs::read_to_string(program("failing.js")).expect("the program can be read");
    let comment = format!("// line: {mark}");
    1 + text.lines().position(|line| line.ends_with(&comment)).expect("the mark is there")
}

/// Asserts that the stack has a frame `failing.js:LINE:COLUMN`.
fn assert_frame(failure: &RpcFailure, mark: &str) {
    let stack = failure.data["stack"].as_str().unwrap_or_else(|| panic!("{mark}: no stack in {failure:?}"));
    let place = format!("failing.js:{}:", line_of(mark));
    let column = stack.split_once(&place).map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).count());
    assert!(column.is_some_and(|digits| digits > 0), "{mark}: no {place}COLUMN in {stack}");
}

#[test]
fn script_errors_say_what_and_where() {
    let cluster = Cluster::start(program("failing.js"), 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        for (method, name, message, mark) in [
            ("sync_error", "Error", "sync failure", "sync"),
            ("async_error", "RangeError", "async failure", "async"),
            ("after_timer", "Error", "late failure", "timer"),
            ("deep_error", "Error", "deep failure", "inner"),
            ("own_error", "OwnError", "of my own", "own"),
            ("throwing_getter", "Error", "in a getter", "getter"),
        ] {
            let failure = client.call(method, Value::Null).expect_err(method);
            assert_eq!((failure.code, failure.message.as_str()), (-32000, message), "{method}");
            assert_eq!(failure.data["name"], name, "{method}");
            assert_eq!(failure.data["method"], method, "{method}");
            assert!(failure.data["node"].as_str().is_some_and(|node| !node.is_empty()), "{failure:?}");
            assert_frame(&failure, mark);
        }
        assert_frame(&client.call("deep_error", Value::Null).expect_err("deep"), "outer");
        assert_eq!(client.call("throwing_to_json", Value::Null).expect_err("toJSON").message, "in toJSON");
    }
}

#[test]
fn what_is_thrown_need_not_be_an_error() {
    let cluster = Cluster::start(program("failing.js"), 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        for (method, part_of_message, mark) in [
            ("throw_string", "only text", "string"),
            ("throw_number", "42", "number"),
            ("throw_undefined", "undefined", "undefined"),
            ("throw_object", "", "object"),
            // After an `await` the engine no longer knows where a value was thrown: the stack says where the method is.
            ("reject_string", "rejected text", "rejecting method"),
        ] {
            let failure = client.call(method, Value::Null).expect_err(method);
            assert_eq!(failure.code, -32000, "{method}");
            assert!(failure.message.contains(part_of_message), "{method}: {}", failure.message);
            assert_frame(&failure, mark);
        }
    }
}

#[test]
fn errors_of_the_engine_itself_are_as_good() {
    let node = node(program("failing.js"), &[]);
    let client = Client::new(&node.url);
    for (method, name, mark) in [
        ("engine_error", "TypeError", "engine"),
        ("not_a_function", "TypeError", "call"),
        ("undeclared", "ReferenceError", "undeclared"),
    ] {
        let failure = client.call(method, Value::Null).expect_err(method);
        assert_eq!((failure.code, &failure.data["name"]), (-32000, &json!(name)), "{method}");
        assert!(!failure.message.is_empty(), "{method}");
        assert_frame(&failure, mark);
    }
}

#[test]
fn an_rpc_error_keeps_its_code_message_and_data() {
    let cluster = Cluster::start(program("failing.js"), 2);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        for (code, data) in [
            (1001, json!({"balance": 5, "list": [1, null, {"b": 1, "a": 2}]})),
            (-1, json!("text")),
            (-32602, json!({"parameter": "x"})),
            (-32003, json!(0)),
            (0, json!([])),
        ] {
            let own = json!({"code": code, "message": "mine: ä", "data": data});
            let expected = RpcFailure { code, message: "mine: ä".into(), data };
            assert_eq!(client.call("rpc_error", own.clone()), Err(expected.clone()));
            // Through a further call, awaited or not.
            for relay in ["relay", "relay_sync"] {
                assert_eq!(
                    client.call(relay, json!({"method": "rpc_error", "params": own})),
                    Err(expected.clone()),
                    "{relay}"
                );
            }
        }
        let reply = client.post(r#"{"jsonrpc":"2.0","id":1,"method":"rpc_error_without_data"}"#).json();
        assert_eq!(reply["error"], json!({"code": 7, "message": "bare"}));
    }
}

#[test]
fn an_error_is_the_same_through_every_hop() {
    let cluster = Cluster::start(program("failing.js"), 1);
    let direct = cluster.node_client(0);
    for method in ["sync_error", "async_error", "throw_string", "engine_error", "own_error"] {
        let expected = direct.call(method, Value::Null).expect_err(method);
        assert_eq!(cluster.client.call(method, Value::Null), Err(expected.clone()), "{method}");
        let twice = json!({"method": "relay", "params": {"method": method}});
        assert_eq!(cluster.client.call("relay", twice), Err(expected), "{method}");
    }
}

#[test]
fn scripts_catch_rpc_errors() {
    let cluster = Cluster::start(program("failing.js"), 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        for sync in [false, true] {
            let own = json!({"code": 9, "message": "mine", "data": {"why": [1]}});
            let caught = client.call("caught", json!({"method": "rpc_error", "params": own, "sync": sync}));
            let expected =
                json!({"isRpcError": true, "isError": true, "code": 9, "message": "mine", "data": {"why": [1]}});
            assert_eq!(caught, Ok(expected));

            let script = client.call("caught", json!({"method": "sync_error", "sync": sync})).expect("caught");
            assert_eq!((&script["code"], &script["message"]), (&json!(-32000), &json!("sync failure")));
            assert_eq!((&script["isRpcError"], &script["data"]["name"]), (&json!(true), &json!("Error")));

            let missing = client.call("caught", json!({"method": "no_such_method", "sync": sync})).expect("caught");
            assert_eq!((&missing["code"], &missing["isRpcError"]), (&json!(-32601), &json!(true)));
        }
    }
}

#[test]
fn scalar_params_of_a_nested_call_are_refused() {
    let node = node(program("failing.js"), &[]);
    let client = Client::new(&node.url);
    for value in [json!(5), json!("text"), json!(true)] {
        assert_eq!(client.call("scalar_params", json!({"value": value})), Ok(json!(-32602)));
    }
    assert_eq!(client.call("scalar_params", json!({"value": [1]})), Ok(json!(-32000)));
}

/// A failing call leaves nothing behind for the next one.
#[test]
fn a_node_outlives_every_failure() {
    let node = node(program("failing.js"), &[]);
    let client = Client::new(&node.url);
    for _ in 0..50 {
        for method in
            ["sync_error", "async_error", "throw_undefined", "reject_string", "throwing_getter", "no_such_method"]
        {
            client.call(method, Value::Null).expect_err(method);
            assert_eq!(client.call("fine", Value::Null), Ok(json!("fine")));
        }
    }
}

#[test]
fn reserved_names_throw_while_the_script_loads() {
    for (name, refused) in [("_mine", true), ("rpc.mine", true), ("rpcmine", false), ("mine_", false)] {
        let text = format!(
            "let thrown = false;\ntry {{ madrpc.register('{name}', () => 1); }} catch (error) {{ thrown = error instanceof Error; }}\n\
             madrpc.register('thrown', () => thrown);"
        );
        let script = Script::new("reserved.js", &text);
        let node = node(&script, &[]);
        assert_eq!(Client::new(&node.url).call("thrown", Value::Null), Ok(json!(refused)), "{name}");
    }
    // Not caught, it is an error of the script like any other.
    let script = Script::new("uncaught.js", "\nmadrpc.register('_mine', () => 1);");
    let output = run([
        "node".as_ref(),
        "--bind".as_ref(),
        "127.0.0.1:0".as_ref(),
        "--script".as_ref(),
        script.path().as_os_str(),
    ]);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("uncaught.js:2:") && log.contains("_mine"), "{log}");
}

/// 60 KiB of `data`: less than a script may give an error, and less than what counts as a long text.
const FAILING_LOUDLY: &str =
    "madrpc.register('loud', () => { throw new madrpc.RpcError(7, 'no', 'x'.repeat(60 << 10)) });
madrpc.register('louder', () => { throw new madrpc.RpcError(7, 'no', 'x'.repeat(9 << 20)) });";

#[test]
fn errors_of_a_batch_have_the_room_of_results_and_no_more() {
    const CALLS: usize = 200;
    // What the results of one batch may have together is eight times this.
    const MAX_BODY: usize = 1 << 20;
    let script = Script::new("loud.js", FAILING_LOUDLY);
    let node = node(script.path(), &["--max-body", "1MiB"]);
    let client = Client::new(&node.url);
    let calls: Vec<Value> = (0..CALLS).map(|id| json!({"jsonrpc": "2.0", "id": id, "method": "loud"})).collect();
    let text = client.post(&json!(calls).to_string()).body;
    assert!(text.len() < 8 * MAX_BODY + CALLS * 256, "{}", text.len());
    let replies: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let count = |code: i64| replies.iter().filter(|reply| reply["error"]["code"] == code).count();
    assert_eq!(count(7) + count(-32006), CALLS);
    assert!(count(7) >= 8 * MAX_BODY / (61 << 10), "as many as there is room for: {}", count(7));
}

#[test]
fn data_that_is_too_long_is_left_out_and_the_caller_hears_of_it() {
    let script = Script::new("loud.js", FAILING_LOUDLY);
    let cluster = Cluster::start(script.path(), 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        let failure = client.call("louder", Value::Null).expect_err("it throws");
        assert_eq!((failure.code, failure.message.as_str()), (7, "no"));
        assert_eq!(failure.data, json!({"omitted": {"data": "it is longer than 65536 bytes"}}));
    }
}

/// The error objects of one request by each way in: HTTP, a batch and a session, of a node and of an orchestrator.
fn errors_by_all_ways(cluster: &Cluster, request: &Value) -> Vec<Value> {
    let mut errors = Vec::new();
    for (server, client) in
        [(&cluster.nodes[0], cluster.node_client(0)), (&cluster.orchestrator, cluster.client.clone())]
    {
        errors.push(client.post(&request.to_string()).json()["error"].take());
        errors.push(client.post(&json!([request]).to_string()).json()[0]["error"].take());
        let mut session = Session::open(server);
        session.send(&request.to_string());
        errors.push(session.receive()["error"].take());
    }
    errors
}

#[test]
fn a_timeout_says_whose_deadline_has_passed() {
    const SCRIPT: &str = "
        const never = () => new Promise(() => {});
        madrpc.register('never', never);
        madrpc.register('brief', { timeoutMs: 40 }, never);
        madrpc.register('ask', async ({ method, options }) => {
          try { return await madrpc.call(method, undefined, options); } catch ({ code, data }) { return { code, data }; }
        });";
    let flags = ["--call-timeout", "400ms"];
    let cluster = Cluster::with(Script::new("never.js", SCRIPT), 1, &flags, &flags);
    let told = |request: Value, time: u64, by: &str| {
        let expected = json!({"code": -32001, "message": "Timeout", "data": {"timeoutMs": time, "by": by}});
        assert_eq!(errors_by_all_ways(&cluster, &request), vec![expected; 6], "{request}");
    };
    told(json!({"jsonrpc": "2.0", "id": 1, "method": "never", "meta": {"timeoutMs": 50}}), 50, "client");
    told(json!({"jsonrpc": "2.0", "id": 1, "method": "never"}), 400, "server");
    told(json!({"jsonrpc": "2.0", "id": 1, "method": "brief", "meta": {"timeoutMs": 9000}}), 40, "method");
    // So does one that a script catches, by its orchestrator and where it has none.
    let alone = node(Script::new("never.js", SCRIPT), &[]);
    for client in [cluster.client.clone(), Client::new(&alone.url)] {
        let client = client.with("Madrpc-Timeout-Ms", "20000");
        for (method, options, data) in [
            ("never", json!({"timeoutMs": 30}), json!({"timeoutMs": 30, "by": "client"})),
            ("brief", json!({}), json!({"timeoutMs": 40, "by": "method"})),
        ] {
            let caught = client.call("ask", json!({"method": method, "options": options}));
            assert_eq!(caught, Ok(json!({"code": -32001, "data": data})), "{method}");
        }
    }
}

#[test]
fn an_error_names_what_was_not_found() {
    let cluster = Cluster::start(program("failing.js"), 1);
    let bare = json!({"code": -32601, "message": "Method not found"});
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "nobody", "params": {}});
    assert_eq!(errors_by_all_ways(&cluster, &request), vec![bare; 6], "as the specification's examples");
    // Whoever has not made the call can't know what it was.
    let alone = node(program("failing.js"), &[]);
    for client in [cluster.client.clone(), cluster.node_client(0), Client::new(&alone.url)] {
        let nested = client.call("relay", json!({"method": "nobody"})).expect_err("it is not there");
        assert_eq!((nested.code, &nested.data), (-32601, &json!({"method": "nobody"})));
    }
    let tagged = json!({"jsonrpc": "2.0", "id": 1, "method": "relay", "meta": {"tags": {"zone": "moon"}}});
    let reply = cluster.client.post(&tagged.to_string()).json();
    let data = json!({"method": "relay", "tags": {"zone": "moon"}});
    assert_eq!(reply["error"], json!({"code": -32004, "message": "No node available", "data": data}));
}

#[test]
fn what_is_too_large_is_told_with_its_size() {
    let cluster = Cluster::with(program("failing.js"), 1, &["--max-body", "1000"], &["--max-body", "1000"]);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "relay", "params": ["x".repeat(2000)]}).to_string();
    for client in [cluster.client.clone(), cluster.node_client(0)] {
        let reply = client.post(&body);
        assert_eq!(reply.status, 413);
        assert_eq!(reply.json()["error"]["data"], json!({"limit": 1000, "size": body.len()}));
    }
}

#[test]
fn a_result_that_becomes_an_empty_object_is_warned_of_once() {
    let script = Script::new(
        "unlike.js",
        "madrpc.register('map', () => new Map([[1, 2]]));
         madrpc.register('set', async () => new Set([1]));
         madrpc.register('error', () => new TypeError('x'));
         madrpc.register('bytes', () => new Uint8Array(2));
         madrpc.register('plain', () => ({ map: [1] }));",
    );
    let node = node(script, &["--pool-size", "2"]);
    let client = Client::new(&node.url);
    for _ in 0..4 {
        for (method, result) in [("map", "{}"), ("set", "{}"), ("error", "{}"), ("bytes", r#"{"0":0,"1":0}"#)] {
            assert_eq!(client.call_text(method, "[]").as_deref(), Ok(result), "{method}");
        }
        assert_eq!(client.call("plain", json!([])), Ok(json!({"map": [1]})));
    }
    let said = |what: &str| node.log().matches(what).count();
    wait_until("all are warned of", SOON, || said(" returns ") == 4);
    for what in ["map returns a Map", "set returns a Set", "error returns an Error", "bytes returns a typed array"] {
        assert_eq!(said(what), 1, "{what}");
    }
}
