//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>), its sections named, on a node and through the orchestrator.

use std::thread;

use serde_json::{json, Value};

use crate::harness::{node, program, Client, Cluster};

/// Runs `check` against a node on its own, and against an orchestrator with a node behind it.
fn on_both(check: impl Fn(&Client)) {
    let alone = node(program("spec.js"), &[]);
    check(&Client::new(&alone.url));
    let cluster = Cluster::start(program("spec.js"), 1);
    check(&cluster.client);
}

/// Posts `body` and compares the whole answer, absent members included. Replies of a batch may come in any order.
fn answers(client: &Client, body: &str, expected: Value) {
    let reply = client.post(body);
    assert_eq!(reply.status, 200, "{body}");
    let content_type = reply.content_type.as_deref().unwrap_or_default();
    assert!(content_type.starts_with("application/json"), "{content_type}");
    assert_eq!(in_any_order(reply.json()), in_any_order(expected), "{body}");
}

/// What must be answered by nothing at all: 200 and an empty body.
fn answers_nothing(client: &Client, body: &str) {
    let reply = client.post(body);
    assert_eq!((reply.status, reply.body.as_str()), (200, ""), "{body}");
}

fn in_any_order(reply: Value) -> Value {
    match reply {
        Value::Array(mut replies) => {
            replies.sort_by_key(Value::to_string);
            Value::Array(replies)
        }
        single => single,
    }
}

fn error(code: i64, message: &str, id: Value) -> Value {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id})
}

#[test]
fn section_7_single_calls() {
    on_both(|client| {
        for (request, expected) in [
            (
                r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
                json!({"jsonrpc": "2.0", "result": 19, "id": 1}),
            ),
            (
                r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
                json!({"jsonrpc": "2.0", "result": -19, "id": 2}),
            ),
            (
                r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
                json!({"jsonrpc": "2.0", "result": 19, "id": 3}),
            ),
            (
                r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
                json!({"jsonrpc": "2.0", "result": 19, "id": 4}),
            ),
            (r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#, error(-32601, "Method not found", json!("1"))),
            (
                r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
                error(-32700, "Parse error", Value::Null),
            ),
            (r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#, error(-32600, "Invalid Request", Value::Null)),
        ] {
            answers(client, request, expected);
        }
        answers_nothing(client, r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#);
        answers_nothing(client, r#"{"jsonrpc": "2.0", "method": "foobar"}"#);
    });
}

#[test]
fn section_7_batches() {
    on_both(|client| {
        let invalid = || error(-32600, "Invalid Request", Value::Null);
        answers(
            client,
            r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]"#,
            error(-32700, "Parse error", Value::Null),
        );
        answers(client, "[]", invalid());
        answers(client, "[1]", json!([invalid()]));
        answers(client, "[1,2,3]", json!([invalid(), invalid(), invalid()]));
        answers(
            client,
            r#"[
                {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
                {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
                {"foo": "boo"},
                {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
            ]"#,
            json!([
                {"jsonrpc": "2.0", "result": 7, "id": "1"},
                {"jsonrpc": "2.0", "result": 19, "id": "2"},
                invalid(),
                error(-32601, "Method not found", json!("5")),
                {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"},
            ]),
        );
        answers_nothing(
            client,
            r#"[
                {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
                {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
            ]"#,
        );
    });
}

/// Section 4: "jsonrpc … MUST be exactly "2.0"", "method … A String", params "a Structured value", id "a String, Number,
/// or NULL value". An invalid request with a readable id gets that id back.
#[test]
fn section_4_request_object() {
    on_both(|client| {
        let version = r#"jsonrpc is not "2.0""#;
        let method = "method is no string";
        let params = "params is neither an array nor an object";
        let id = "id is neither a string nor a number nor null";
        for (request, told_id, reason) in [
            (r#"{"method": "sum", "params": [1], "id": 5}"#, json!(5), version),
            (r#"{"jsonrpc": "1.0", "method": "sum", "params": [1], "id": "five"}"#, json!("five"), version),
            (r#"{"jsonrpc": 2.0, "method": "sum", "params": [1], "id": 5}"#, json!(5), version),
            (r#"{"jsonrpc": "2.0", "id": 5}"#, json!(5), method),
            (r#"{"jsonrpc": "2.0", "method": null, "id": 5}"#, json!(5), method),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": 1, "id": 5}"#, json!(5), params),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": "x", "id": 5}"#, json!(5), params),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": true, "id": 5}"#, json!(5), params),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": null, "id": 5}"#, json!(5), params),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": [1], "id": {}}"#, Value::Null, id),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": [1], "id": [1]}"#, Value::Null, id),
            (r#"{"jsonrpc": "2.0", "method": "sum", "params": [1], "id": true}"#, Value::Null, id),
            // Where more than one thing is wrong, the error object is that of the specification's examples.
            (r#""text""#, Value::Null, ""),
            ("17", Value::Null, ""),
            ("null", Value::Null, ""),
            ("{}", Value::Null, ""),
        ] {
            let mut invalid = error(-32600, "Invalid Request", told_id);
            if !reason.is_empty() {
                invalid["error"]["data"] = json!({"reason": reason});
            }
            answers(client, request, invalid.clone());
            answers(client, &format!("[{request}]"), json!([invalid]));
        }
    });
}

/// Section 4: a notification is "a Request object without an "id" member"; one whose id is null is a call.
#[test]
fn section_4_1_notifications_run_and_are_not_answered() {
    let node = node(program("spec.js"), &[]);
    let client = Client::new(&node.url);
    answers_nothing(&client, r#"{"jsonrpc": "2.0", "method": "update"}"#);
    answers_nothing(&client, r#"[{"jsonrpc": "2.0", "method": "update"}]"#);
    // "the Client would not be aware of any errors".
    answers_nothing(&client, r#"{"jsonrpc": "2.0", "method": "fail"}"#);
    answers_nothing(&client, r#"{"jsonrpc": "2.0", "method": "toString"}"#);
    crate::harness::wait_until("both notifications have run", crate::harness::SOON, || {
        client.call("notified", Value::Null) == Ok(json!(2))
    });
    answers(
        &client,
        r#"{"jsonrpc": "2.0", "method": "arrived_as", "id": null}"#,
        json!({"jsonrpc": "2.0", "result": "undefined", "id": null}),
    );
}

/// Section 4.2: params by position in an array, by name in an object, or omitted.
#[test]
fn section_4_2_params_arrive_as_they_were_given() {
    on_both(|client| {
        for (params, arrived) in
            [(json!([]), "array"), (json!([1]), "array"), (json!({}), "object"), (Value::Null, "undefined")]
        {
            assert_eq!(client.call("arrived_as", params), Ok(json!(arrived)));
        }
    });
}

/// Section 5: id "MUST be the same as the value of the id member in the Request Object": the same text, even.
#[test]
fn section_5_ids_come_back_as_they_were_sent() {
    let long = format!("\"{}\"", "x".repeat(1000));
    on_both(|client| {
        for id in [
            "1",
            "0",
            "-1",
            "-0",
            "1.0",
            "1e2",
            "1E+2",
            "0.10",
            "9223372036854775807",
            "9223372036854775808",
            "123456789012345678901234567890",
            "\"x\"",
            "\"\"",
            "\"1\"",
            r#""\u0041\ud83d\ude00é""#,
            r#""a\"b""#,
            "null",
            &long,
        ] {
            let call = format!(r#"{{"jsonrpc":"2.0","method":"get_data","id":{id}}}"#);
            assert_eq!(client.post(&call).id_text(), id);
            let failing = format!(r#"{{"jsonrpc":"2.0","method":"no such method","id": {id} }}"#);
            assert_eq!(client.post(&failing).id_text(), id);
            let batch = client.post(&format!("[{call}]")).body;
            assert!(batch.contains(&format!("\"id\":{id}")), "{batch}");
        }
    });
}

/// Section 5: exactly one of result and error; and a result that is null is still there.
#[test]
fn section_5_a_null_result_is_a_result() {
    on_both(|client| {
        answers(
            client,
            r#"{"jsonrpc": "2.0", "method": "nothing", "id": 1}"#,
            json!({"jsonrpc": "2.0", "result": null, "id": 1}),
        );
    });
}

/// Section 5.1: -32601 for every name that is not registered, those that every JavaScript object has included.
#[test]
fn section_5_1_only_registered_methods_exist() {
    on_both(|client| {
        for method in [
            "toString",
            "constructor",
            "__proto__",
            "hasOwnProperty",
            "valueOf",
            "",
            "Sum",
            "sum ",
            "rpc.none",
            "_none",
        ] {
            let failure = client.call(method, json!([1])).expect_err(method);
            assert_eq!((failure.code, failure.message.as_str()), (-32601, "Method not found"), "{method}");
        }
        assert_eq!(client.call("spaced name/ä", Value::Null), Ok(json!("found")));
    });
}

/// Section 6: the elements of a batch are processed "as a set of concurrent tasks".
#[test]
fn section_6_a_batch_runs_in_parallel() {
    on_both(|client| {
        let call =
            |id: usize| json!({"jsonrpc": "2.0", "id": id, "method": "wait_ms", "params": {"ms": 300, "value": id}});
        let batch: Vec<Value> = (0..20).map(call).collect();
        let start = std::time::Instant::now();
        let replies = client.post(&json!(batch).to_string()).json();
        assert!(start.elapsed().as_millis() < 20 * 300 / 2, "{:?}", start.elapsed());
        let mut results: Vec<(u64, u64)> = replies
            .as_array()
            .expect("an array")
            .iter()
            .map(|reply| (reply["id"].as_u64().expect("an id"), reply["result"].as_u64().expect("a result")))
            .collect();
        results.sort_unstable();
        assert_eq!(results, (0..20).map(|id| (id, id)).collect::<Vec<_>>());
    });
}

#[test]
fn calls_that_share_an_id_get_their_own_answers() {
    on_both(|client| {
        thread::scope(|scope| {
            for value in 0..50 {
                scope.spawn(move || {
                    let params = json!({"ms": 50 + value % 7, "value": value});
                    let call = json!({"jsonrpc": "2.0", "id": "same", "method": "wait_ms", "params": params});
                    let reply = client.post(&call.to_string()).json();
                    assert_eq!(reply, json!({"jsonrpc": "2.0", "id": "same", "result": value}));
                });
            }
        });
    });
}

#[test]
fn unknown_members_are_ignored() {
    on_both(|client| {
        answers(
            client,
            r#"{"jsonrpc": "2.0", "method": "sum", "params": [1, 2], "id": 1, "extra": {"a": [1]}, "meta": {"unknown": 1}}"#,
            json!({"jsonrpc": "2.0", "result": 3, "id": 1}),
        );
    });
}
