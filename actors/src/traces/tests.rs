use std::time::Duration;

use super::*;
use crate::protocol::{JsonText, Times};

fn ok() -> CallResult {
    Ok(JsonText::NULL)
}

fn opened(tracer: &Tracer, origin: Origin) -> Option<Opened> {
    let (trace, notes) = tracer.begin(origin, Instant::now());
    Opened::of(&CallScope { trace, notes, ..CallScope::root(Duration::from_secs(1)) })
}

fn sampled() -> TraceContext {
    TraceContext::root().sampled(true)
}

fn unsampled() -> TraceContext {
    TraceContext::root().sampled(false)
}

#[test]
fn an_orchestrator_keeps_what_its_clients_and_nodes_ask_for() {
    let traces = Traces::of_orchestrator();
    let tracer = traces.tracer();
    let (client, node) = (sampled(), sampled());
    for (origin, method) in [(Origin::Outside(Some(client)), "outer"), (Origin::Peer(node, 77), "inner")] {
        tracer.finish(&opened(&tracer, origin).expect("kept"), method, &ok());
    }
    let outer = traces.tree(client.trace_id).expect("kept");
    assert_eq!((outer.summary.method.as_str(), outer.summary.calls, outer.summary.errors), ("outer", 1, 0));
    assert_eq!(outer.spans[0].parent_id, Some(format!("{:016x}", client.span_id)));
    assert_ne!(outer.spans[0].span_id, format!("{:016x}", client.span_id));
    let inner = traces.tree(node.trace_id).expect("kept");
    assert_eq!(inner.spans[0].span_id, format!("{:016x}", node.span_id));
    assert_eq!(inner.spans[0].parent_id.as_deref(), Some("000000000000004d"));
}

#[test]
fn what_is_not_sampled_leaves_a_span_when_it_fails() {
    let traces = Traces::of_orchestrator();
    let tracer = traces.tracer();
    let (good, bad, gone) = (unsampled(), unsampled(), unsampled());
    let begin = |client| opened(&tracer, Origin::Outside(Some(client))).expect("might be kept");
    tracer.finish(&begin(good), "m", &ok());
    tracer.finish(&begin(bad), "m", &Err(CallError::Timeout));
    tracer.give_up(&begin(gone), "m");
    assert_eq!(traces.tree(good.trace_id), None);
    let error = |id| traces.tree(id).expect("kept").spans[0].error;
    assert_eq!((error(bad.trace_id), error(gone.trace_id)), (Some(-32001), Some(-32800)));
}

#[test]
fn a_node_leaves_the_calls_of_peers_to_them_and_keeps_those_of_clients() {
    let name = Arc::new(OnceLock::from("http://127.0.0.1:9001".to_owned()));
    let traces = Traces::of_node(name);
    let tracer = traces.tracer();
    let (trace, notes) = tracer.begin(Origin::Peer(sampled(), 0), Instant::now());
    let notes = notes.expect("its times are told");
    assert!(trace.is_sampled() && notes.sampled && !notes.kept_here);
    assert!(tracer.begin(Origin::Peer(unsampled(), 0), Instant::now()).1.is_none());

    let client = sampled();
    let call = opened(&tracer, Origin::Outside(Some(client))).expect("kept");
    call.notes.turn_begins(Instant::now());
    call.notes.turn_ends();
    call.notes.ends();
    tracer.finish(&call, "m", &ok());
    let span = traces.tree(client.trace_id).expect("kept").spans.remove(0);
    assert_eq!(span.node.as_deref(), Some("http://127.0.0.1:9001"));
    let parts = [span.queue_us, span.js_us, span.wait_us, span.network_us];
    assert_eq!(parts.into_iter().flatten().sum::<u64>(), span.total_us);
    assert!(parts.iter().all(Option::is_some));
}

#[test]
fn what_a_node_tells_is_kept_within_the_total() {
    let traces = Traces::of_orchestrator();
    let (tracer, client) = (traces.tracer(), sampled());
    let call = opened(&tracer, Origin::Outside(Some(client))).expect("kept");
    call.notes.goes_to(&PeerUrl::parse("http://node:1").expect("a URL"));
    call.notes.hears(Times { queue_us: u64::MAX, js_us: 7, wait_us: 7 });
    tracer.finish(&call, "m", &ok());
    let span = traces.tree(client.trace_id).expect("kept").spans.remove(0);
    assert_eq!((span.queue_us, span.js_us, span.network_us), (Some(span.total_us), Some(0), Some(0)));
    assert_eq!((span.node.as_deref(), span.attempts), (Some("http://node:1"), 1));
}

#[test]
fn a_call_that_nobody_finishes_was_given_up() {
    let traces = Traces::of_orchestrator();
    let tracer = traces.tracer();
    let parent = tracer.begin(Origin::Outside(Some(sampled())), Instant::now());
    let scope = CallScope { trace: parent.0, notes: parent.1, ..CallScope::root(Duration::from_secs(1)) };
    let child = scope.nested(None);
    drop(OpenSpan::new(&tracer, &child, "child"));
    OpenSpan::new(&tracer, &scope, "parent").expect("kept").finish(&ok());
    let tree = traces.tree(scope.trace.trace_id).expect("kept");
    let drawn: Vec<_> = tree.spans.iter().map(|span| (span.method.as_str(), span.depth, span.error)).collect();
    assert_eq!(drawn, [("parent", 0, None), ("child", 1, Some(-32800))]);
}

#[test]
fn exports_are_bounded_and_say_what_they_lost() {
    let traces = Traces::of_orchestrator();
    let tracer = traces.tracer();
    let call = opened(&tracer, Origin::Peer(sampled(), 0)).expect("kept");
    tracer.finish(&call, "before", &ok());
    assert_eq!(traces.exports(10), (vec![], 0));
    traces.begin_exports();
    (0..EXPORTS + SHARD + 1).for_each(|_| tracer.finish(&call, "m", &ok()));
    let (first, dropped) = traces.exports(10);
    assert_eq!((first.len(), dropped), (10, SHARD as u64 + 1));
    let (rest, dropped) = traces.exports(usize::MAX);
    assert_eq!((rest.len(), dropped), (EXPORTS - 10, 0));
}

#[test]
fn a_long_name_is_cut_between_characters() {
    assert_eq!(shortened("add"), "add");
    assert_eq!(shortened(&"ä".repeat(100)).len(), LONGEST_METHOD);
    assert_eq!(shortened(&format!("x{}", "ä".repeat(100))).len(), LONGEST_METHOD - 1);
}
