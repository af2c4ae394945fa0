//! Traces: which calls are kept where, what is said of their time, how they are printed and exported.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{json, Value};

use crate::harness::{
    example, node, orchestrator, program, run, wait_for, wait_until, Answer, Client, Cluster, Origin, Script, SOON,
};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// What a client sends to belong to a trace of its own.
fn traceparent(sampled: bool) -> String {
    format!("00-{TRACE}-{SPAN}-{:02x}", u8::from(sampled))
}

/// A client of `url` whose calls belong to the trace.
fn client(url: &str, sampled: bool) -> Client {
    Client::new(url).with("traceparent", &traceparent(sampled))
}

fn trace(client: &Client, id: &str) -> Value {
    client.call("_trace", json!({"trace_id": id})).expect("the trace is kept")
}

fn spans(trace: &Value) -> &Vec<Value> {
    trace["spans"].as_array().expect("spans")
}

fn us(span: &Value, name: &str) -> u64 {
    span[name].as_u64().unwrap_or_else(|| panic!("{name} of {span}"))
}

/// The four times of a call are its whole time.
fn assert_adds_up(span: &Value) {
    let parts: u64 = ["queue_us", "js_us", "wait_us", "network_us"].iter().map(|name| us(span, name)).sum();
    assert_eq!(parts, us(span, "total_us"), "{span}");
}

/// Calls of the trace as (depth, method, error).
fn drawn(trace: &Value) -> Vec<(u64, String, Option<i64>)> {
    let call =
        |span: &Value| (us(span, "depth"), span["method"].as_str().expect("a name").to_owned(), span["error"].as_i64());
    spans(trace).iter().map(call).collect()
}

#[test]
fn a_trace_of_aggregate_shows_all_its_calls_and_where_the_time_went() {
    let cluster = Cluster::start(example("monte-carlo-pi.js"), 2);
    let caller = client(&cluster.orchestrator.url, true);
    let began = Instant::now();
    caller.call("aggregate", json!({"numNodes": 50, "samplesPerNode": 20_000})).expect("pi");
    let wall_us = u64::try_from(began.elapsed().as_micros()).expect("short");

    let trace = trace(&cluster.client, TRACE);
    assert_eq!((&trace["calls"], &trace["nodes"], &trace["errors"]), (&json!(51), &json!(2), &json!(0)));
    assert_eq!((&trace["method"], &trace["dropped"]), (&json!("aggregate"), &json!(0)));
    let spans = spans(&trace);
    let (root, children) = (&spans[0], &spans[1..]);
    assert_eq!((spans.len(), &root["depth"], &root["parent_id"]), (51, &json!(0), &json!(SPAN)));
    let ids: BTreeSet<&str> = spans.iter().filter_map(|span| span["span_id"].as_str()).collect();
    assert_eq!(ids.len(), 51);
    let own: BTreeSet<&str> = cluster.nodes.iter().map(|node| node.url.as_str()).collect();
    let ran_on: BTreeSet<&str> = children.iter().filter_map(|span| span["node"].as_str()).collect();
    assert_eq!(ran_on, own);

    spans.iter().for_each(assert_adds_up);
    let total = us(root, "total_us");
    assert!(total <= wall_us && total * 10 >= wall_us * 9, "{total} of {wall_us} us");
    for child in children {
        assert_eq!(child["parent_id"], root["span_id"]);
        assert_eq!((&child["method"], &child["attempts"]), (&json!("monte_carlo_sample"), &json!(1)));
        let end = us(child, "start_us") + us(child, "total_us");
        assert!(us(child, "start_us") >= us(root, "start_us") && end <= us(root, "start_us") + total, "{child}");
        assert!(us(child, "js_us") > 0, "{child}");
    }
    // One executor each: what ran there ran one after the other, and the root's own JavaScript, too.
    for node in own {
        let ran: u64 = spans.iter().filter(|span| span["node"] == node).map(|span| us(span, "js_us")).sum();
        assert!(ran <= total, "{ran} of {total} us on {node}");
    }
    // It waited for them for most of its time.
    let first = children.iter().map(|span| us(span, "start_us")).min().expect("children");
    let last = children.iter().map(|span| us(span, "start_us") + us(span, "total_us")).max().expect("children");
    assert!(us(root, "queue_us") + us(root, "wait_us") + us(root, "js_us") >= last - first, "{root}");

    prints_it(&cluster.orchestrator.url);
}

/// `madrpc-actor trace` of that trace.
fn prints_it(url: &str) {
    let printed = |args: &[&str]| {
        let output = run([&["trace", url][..], args].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let list = printed(&[]);
    let line = list.lines().find(|line| line.contains(TRACE)).unwrap_or_else(|| panic!("{list}"));
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!((words[3], words[5], words[6], words[7]), ("aggregate", "51", "2", "0"), "{line}");
    let tree = printed(&[TRACE]);
    assert!(tree.contains("51 calls, 2 nodes, 0 errors"), "{tree}");
    assert!(tree.lines().any(|line| line.starts_with("  monte_carlo_sample ×50 2 nodes")), "{tree}");
    assert!(!tree.contains('\u{1b}') && tree.lines().all(|line| line.chars().count() <= 100), "{tree}");
    let all = printed(&[&traceparent(true), "--all"]);
    assert_eq!(all.lines().filter(|line| line.starts_with("  monte_carlo_sample ")).count(), 50, "{all}");
    let json: Value = serde_json::from_str(&printed(&[TRACE, "--json"])).expect("JSON");
    assert_eq!(json["calls"], 51);
    let listed: Value = serde_json::from_str(&printed(&["--json", "--limit", "1"])).expect("JSON");
    assert_eq!(listed["slowest"].as_array().map(Vec::len), Some(1));
}

#[test]
fn trace_tells_what_went_wrong_by_its_exit_code() {
    let orchestrator = orchestrator(&["--api-key", "secret"]);
    let code = |args: &[&str]| run([&["trace"], args].concat()).status.code();
    let url = orchestrator.url.as_str();
    assert_eq!(code(&[url, "--api-key", "secret"]), Some(0));
    assert_eq!(code(&[url]), Some(1));
    assert_eq!(code(&[url, TRACE, "--api-key", "secret"]), Some(1));
    assert_eq!(code(&[url, "no-id"]), Some(2));
    assert_eq!(code(&["http://127.0.0.1:1", "--timeout", "2s"]), Some(3));
    let get = |headers: &[(&str, &str)], path| Client::new(url).get_with(headers, path).status;
    assert_eq!((get(&[], "/_trace"), get(&[("x-api-key", "secret")], "/_trace?limit=3")), (401, 200));
    assert_eq!(get(&[("x-api-key", "secret")], &format!("/_trace?trace_id={TRACE}")), 400);
}

const NESTED: &str = "
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    madrpc.register('leaf', async () => { await wait(20); return 1; });
    madrpc.register('fail', () => { throw new Error('no'); });
    madrpc.register('inner', () => madrpc.callSync('leaf'));
    madrpc.register('outer', async () => {
      const failed = await madrpc.call('fail').catch((error) => error.code);
      return [failed, await madrpc.call('inner')];
    });
";

/// What any server that runs NESTED knows of a call of `outer`.
fn assert_nested(client: &Client, nodes: &[&str]) {
    let trace = trace(client, TRACE);
    let expected = [(0, "outer", None), (1, "fail", Some(-32000)), (1, "inner", None), (2, "leaf", None)];
    let expected: Vec<_> = expected.into_iter().map(|(depth, name, error)| (depth, name.to_owned(), error)).collect();
    assert_eq!(drawn(&trace), expected);
    assert_eq!(trace["errors"], 1);
    for span in spans(&trace) {
        assert_adds_up(span);
        assert!(nodes.contains(&span["node"].as_str().expect("a node")), "{span}");
    }
    let [outer, _, inner, leaf] = &spans(&trace)[..] else { panic!("{trace}") };
    // The timer of `leaf` is waited for by all three of them, whether they hold their executor or not.
    for span in [outer, inner, leaf] {
        assert!(us(span, "wait_us") >= 19_000 && us(span, "js_us") < us(span, "wait_us"), "{span}");
    }
}

#[test]
fn errors_and_blocking_calls_have_their_places() {
    let script = Script::new("nested.js", NESTED);
    let cluster = Cluster::start(script.path(), 2);
    let result = client(&cluster.orchestrator.url, true).call("outer", json!([])).expect("a result");
    assert_eq!(result, json!([-32000, 1]));
    let nodes: Vec<&str> = cluster.nodes.iter().map(|node| node.url.as_str()).collect();
    assert_nested(&cluster.client, &nodes);
}

#[test]
fn a_node_without_an_orchestrator_keeps_its_own() {
    let script = Script::new("nested.js", NESTED);
    let node = node(script.path(), &["--pool-size", "2"]);
    client(&node.url, true).call("outer", json!([])).expect("a result");
    assert_nested(&Client::new(&node.url), &[&node.url]);
    let listed = Client::new(&node.url).get_json("/_trace");
    assert_eq!(listed["latest"][0]["trace_id"], TRACE);
}

#[test]
fn what_a_client_does_not_sample_is_kept_when_it_fails() {
    let script = Script::new("nested.js", NESTED);
    let cluster = Cluster::start(script.path(), 1);
    let caller = client(&cluster.orchestrator.url, false);
    caller.call("leaf", json!([])).expect("a result");
    let unknown = cluster.client.call("_trace", json!({"trace_id": TRACE})).expect_err("not kept");
    assert_eq!((unknown.code, &unknown.data["parameter"]), (-32602, &json!("trace_id")));
    caller.call("fail", json!([])).expect_err("it throws");
    let kept = trace(&cluster.client, TRACE);
    assert_eq!(drawn(&kept), [(0, "fail".to_owned(), Some(-32000))]);
    let span = &spans(&kept)[0];
    assert_eq!((&span["node"], &span["js_us"]), (&json!(cluster.nodes[0].url), &Value::Null));
    assert_eq!(span["parent_id"], SPAN);
}

#[test]
fn a_call_that_its_client_leaves_is_cancelled_in_its_trace() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    let header = format!("{{\"traceparent\":\"{}\",\"timeoutMs\":50}}", traceparent(true));
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"nested_pause","params":{{"ms":20000}},"meta":{header}}}"#);
    let reply = cluster.client.post(&body).json();
    assert_eq!(reply["error"]["code"], -32001);
    // The nested call is called off a moment later.
    let (kept, _) = wait_for("both calls have ended", SOON, || {
        let trace = cluster.client.call("_trace", json!({"trace_id": TRACE})).ok()?;
        (trace["calls"] == 2).then_some(trace)
    });
    let ends = drawn(&kept);
    assert_eq!(ends[0], (0, "nested_pause".to_owned(), Some(-32001)));
    assert_eq!((ends[1].0, ends[1].1.as_str()), (1, "pause"));
    assert!(matches!(ends[1].2, Some(-32800 | -32001)), "{ends:?}");
}

/// Spans that the collector got: (trace, span, parent, name, is an error), with what its resource says.
fn received(collector: &Origin) -> Vec<(opentelemetry_proto::tonic::trace::v1::Span, Vec<(String, String)>)> {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{any_value::Value as Any, KeyValue};
    use prost::Message;

    let pair = |attribute: &KeyValue| {
        let value = match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Any::StringValue(text)) => text.clone(),
            Some(Any::IntValue(number)) => number.to_string(),
            _ => String::new(),
        };
        (attribute.key.clone(), value)
    };
    let mut spans = Vec::new();
    for request in collector.requests() {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/traces"));
        assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
        let export = ExportTraceServiceRequest::decode(&request.body[..]).expect("OTLP");
        for of_resource in export.resource_spans {
            let about: Vec<_> = of_resource.resource.iter().flat_map(|of| of.attributes.iter().map(pair)).collect();
            for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let attributes = span.attributes.iter().map(pair).chain(about.clone()).collect();
                spans.push((span, attributes));
            }
        }
    }
    spans
}

#[test]
fn a_collector_gets_the_tree() {
    let collector = Origin::start(|_| Answer::of("200 OK", &[("content-type", "application/x-protobuf")], ""));
    let cluster = Cluster::with(example("monte-carlo-pi.js"), 2, &["--otlp", &collector.url("")], &[]);
    let caller = client(&cluster.orchestrator.url, true);
    caller.call("aggregate", json!({"numNodes": 50, "samplesPerNode": 100})).expect("pi");
    let of_trace = || {
        let mut spans = received(&collector);
        spans.retain(|(span, _)| span.trace_id == 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes());
        spans
    };
    wait_until("all spans are exported", SOON, || of_trace().len() >= 51);
    let spans = of_trace();
    assert_eq!(spans.len(), 51);
    let (root, about) = spans.iter().find(|(span, _)| span.name == "aggregate").expect("the root");
    assert_eq!(root.parent_span_id, 0xb7ad_6b71_6920_3331_u64.to_be_bytes());
    let leaves = spans.iter().filter(|(span, _)| span.parent_span_id == root.span_id);
    assert_eq!(leaves.filter(|(span, _)| span.name == "monte_carlo_sample").count(), 50);
    let says = |name: &str| about.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    assert_eq!(says("service.name"), Some("madrpc-orchestrator"));
    assert_eq!(says("service.instance.id"), cluster.client.info()["instance"].as_str());
    assert_eq!((says("rpc.system"), says("rpc.method")), (Some("jsonrpc"), Some("aggregate")));
    assert_eq!(says("server.address"), Some("127.0.0.1"));
    assert!(root.end_time_unix_nano > root.start_time_unix_nano);
}

#[test]
fn a_collector_that_fails_is_told_of_once_and_costs_no_call() {
    let broken = Origin::start(|request| match request.target.as_str() {
        "/v1/traces" => Answer::of("503 Service Unavailable", &[], ""),
        _ => Answer::Never,
    });
    let script = Script::new("nested.js", NESTED);
    let node = node(script.path(), &["--otlp", &broken.url("")]);
    let caller = client(&node.url, true);
    caller.call("leaf", json!([])).expect("a result");
    wait_until("it was tried twice", SOON, || broken.requests().len() >= 2);
    caller.call("leaf", json!([])).expect("a result");
    let complaints = node.log().lines().filter(|line| line.contains("can't be exported")).count();
    assert_eq!(complaints, 1, "{}", node.log());
}

#[test]
fn the_last_spans_are_exported_before_the_end() {
    let collector = Origin::start(|_| Answer::of("200 OK", &[], ""));
    let script = Script::new("nested.js", NESTED);
    let mut node = node(script.path(), &["--otlp", &collector.url("")]);
    client(&node.url, true).call("outer", json!([])).expect("a result");
    node.close_stdin();
    assert_eq!(node.wait_for_exit(SOON), Some(0));
    let names: BTreeSet<String> = received(&collector).into_iter().map(|(span, _)| span.name).collect();
    assert_eq!(names, ["fail", "inner", "leaf", "outer"].map(str::to_owned).into());
}

#[test]
fn an_answer_names_its_trace_and_so_does_the_log() {
    let cluster = Cluster::start(program("failing.js"), 1);
    let call = |client: &Client, method: &str, headers: &[(&str, &str)]| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        client.post_with(headers, body.as_bytes()).header("traceresponse").to_owned()
    };
    let id_of = |traceresponse: &str| {
        let parts: Vec<&str> = traceresponse.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!((parts[0], &lengths[..]), ("00", &[2, 32, 16, 2][..]), "{traceresponse}");
        parts[1].to_owned()
    };
    let own = format!("00-{TRACE}-{SPAN}-00");
    for (client, server) in
        [(cluster.node_client(0), &cluster.nodes[0]), (cluster.client.clone(), &cluster.orchestrator)]
    {
        assert_eq!(id_of(&call(&client, "rpc_error_without_data", &[("traceparent", &own)])), TRACE);
        let id = id_of(&call(&client, "sync_error", &[]));
        server.wait_for_log("it is told", SOON, |line| {
            line.contains("sync_error") && line.contains(&format!("trace={id}"))
        });
        // The beginning of an id is enough.
        let output = run(["trace", &server.url, &id[..12]]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains(&id), "{said} {output:?}");
    }
    assert_eq!(run(["trace", &cluster.orchestrator.url, "0123456789abcdef0"]).status.code(), Some(1), "not kept");
}
