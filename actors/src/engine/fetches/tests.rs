//! Whose fetches are whose, and when they end.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::engine::tests::{call, load, on_engine_stack, run, surroundings};
use crate::engine::Cancelled;
use crate::engine::{Contexts, Isolation, Program, Script};
use crate::protocol::{CallResult, FetchError, HttpResponse};

fn response(request: HttpRequest) -> HttpResponse {
    let (status, body) = (200, Some(Bytes::from_static(b"there")));
    HttpResponse { url: request.url, redirected: false, status, status_text: "OK".into(), headers: Vec::new(), body }
}

/// Answers what scripts fetch, by the host's name; see `web/tests/fetch.js`.
pub(in crate::engine) fn answer_all(engine: &mut Engine) {
    for OutgoingFetch { id, request, .. } in engine.take_fetches() {
        let answer = match request.url.host_str() {
            Some("wait") => continue,
            Some("fail") => Err(FetchError(format!("because of {}", request.url.path()))),
            Some("bytes") => Ok(HttpResponse { body: Some(Bytes::from_static(&[0, 255, 10])), ..response(request) }),
            Some("empty") => Ok(HttpResponse { status: 204, body: None, ..response(request) }),
            _ => Ok(echo(request)),
        };
        engine.settle_fetch(id, &answer);
    }
}

fn echo(request: HttpRequest) -> HttpResponse {
    let sent = serde_json::json!({
        "method": request.method,
        "url": request.url.as_str(),
        "headers": request.headers,
        "body": request.body.as_ref().map(|body| String::from_utf8_lossy(body)),
        "redirect": request.redirect.name(),
    });
    let headers = [
        ("content-type", "application/json"),
        ("x-a", "1"),
        ("set-cookie", "a=1"),
        ("x-a", "2"),
        ("set-cookie", "b=2"),
    ];
    HttpResponse {
        url: request.url,
        redirected: true,
        status: 201,
        status_text: "Created".into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: Some(sent.to_string().into()),
    }
}

fn text(result: CallResult) -> String {
    result.map_or_else(|error| error.to_string(), |text| text.as_str().to_owned())
}

/// Begins a call that is to wait.
fn begin(engine: &mut Engine, id: u64, method: &str) {
    assert!(engine.invoke(id, call(method, None), Instant::now()).is_none(), "{method} waits");
}

#[test]
fn a_fetch_carries_the_deadline_of_its_call() {
    on_engine_stack(|| {
        let mut engine = load("madrpc.register('f', async () => (await fetch('http://a/')).text())").expect("loads");
        let mut call = call("f", None);
        call.scope.deadline = Instant::now() + Duration::from_secs(77);
        let scope = call.scope.clone();
        assert!(engine.invoke(1, call, Instant::now()).is_none());
        let fetch = engine.take_fetches().pop().expect("one");
        assert_eq!((fetch.scope.deadline, fetch.scope.to_string()), (scope.deadline, scope.to_string()));
        assert!(engine.take_fetches().is_empty(), "it leaves once");
        engine.settle_fetch(fetch.id, &Ok(response(fetch.request)));
        engine.run_jobs();
        assert_eq!(text(engine.take_finished().pop().expect("finished").1), "\"there\"");
        engine.settle_fetch(fetch.id, &Err(FetchError("late".into())));
        assert!(engine.take_finished().is_empty() && engine.take_unwanted_fetches().is_empty());
    });
}

#[test]
fn fetches_of_an_answered_call_go_on_and_those_of_a_cancelled_one_are_called_off() {
    on_engine_stack(|| {
        let source = "let settled = 0; const go = () => fetch('http://a/').finally(() => settled++); \
                      madrpc.register('race', async () => { go(); go(); await madrpc.call('x'); return 'won' }); \
                      madrpc.register('wait', () => go()); madrpc.register('settled', () => settled)";
        let mut engine = load(source).expect("loads");
        begin(&mut engine, 1, "race");
        begin(&mut engine, 2, "wait");
        let fetches = engine.take_fetches();
        assert_eq!(fetches.len(), 3);
        let outgoing = engine.take_outgoing().pop().expect("one call");
        engine.settle(outgoing.id, Ok(crate::protocol::JsonText::NULL));
        engine.run_jobs();
        assert_eq!((engine.take_finished().len(), engine.take_winding().len()), (0, 1));
        assert_eq!(engine.take_unwanted_fetches(), [], "those of the call that was answered go on");
        assert_eq!(engine.cancel(2), Some(Cancelled::Ended));
        assert_eq!(engine.take_unwanted_fetches(), [fetches[2].id], "that of the call that was cancelled");
        for fetch in fetches {
            engine.settle_fetch(fetch.id, &Err(FetchError("late".into())));
        }
        engine.run_jobs();
        let settled = engine.invoke(3, call("settled", None), Instant::now()).expect("at once");
        assert_eq!(text(settled), "3", "the promise of the one that was called off is rejected");
        assert_eq!(engine.take_finished().len(), 1, "the answered call is over");
    });
}

#[test]
fn what_never_left_is_not_called_off() {
    on_engine_stack(|| {
        let source =
            "madrpc.register('abort', () => { const c = new AbortController(); const p = fetch('http://a/', c); \
                      c.abort(); p.catch(() => {}); return new Promise(() => {}) })";
        let mut engine = load(source).expect("loads");
        begin(&mut engine, 2, "abort");
        assert!(engine.take_fetches().is_empty() && engine.take_unwanted_fetches().is_empty());
    });
}

#[test]
fn an_abort_is_passed_on_once() {
    on_engine_stack(|| {
        let source = "let c; madrpc.register('f', () => { c = new AbortController(); return fetch('http://a/', c).catch(e => e) }); \
                      madrpc.register('abort', () => c.abort(5))";
        let mut engine = load(source).expect("loads");
        begin(&mut engine, 1, "f");
        let id = engine.take_fetches().pop().expect("one").id;
        assert!(engine.invoke(2, call("abort", None), Instant::now()).is_some());
        assert_eq!(engine.take_unwanted_fetches(), [id]);
        engine.run_jobs();
        assert_eq!(text(engine.take_finished().pop().expect("finished").1), "5");
        assert!(engine.take_unwanted_fetches().is_empty());
    });
}

#[test]
fn so_many_and_no_more() {
    on_engine_stack(|| {
        let source = "madrpc.register('f', async () => { let told; for (let i = 0; i < 10001; i++) \
                      fetch('http://a/').catch(e => { told = e.name + ': ' + e.message }); await 0; await 0; return told })";
        let mut engine = load(source).expect("loads");
        let result = run(&mut engine, "f", None);
        assert_eq!(text(result), "\"TypeError: more than 10000 fetches are open\"");
    });
}

#[test]
fn not_while_the_script_loads_and_not_when_the_call_has_ended() {
    on_engine_stack(|| {
        let source = "let early = 'nothing', late = 'nothing'; fetch('http://a/').catch(e => { early = e.message }); \
                      madrpc.register('f', () => madrpc.call('x').catch(() => fetch('http://a/')).catch(e => { late = e.message })); \
                      madrpc.register('told', () => [early, late])";
        let mut engine = load(source).expect("loads");
        begin(&mut engine, 1, "f");
        assert_eq!(engine.cancel(1), Some(Cancelled::Ended));
        engine.run_jobs();
        let told = text(engine.invoke(2, call("told", None), Instant::now()).expect("at once"));
        assert!(told.contains("not while the script loads") && told.contains("has ended"), "{told}");
        assert!(engine.take_fetches().is_empty());
    });
}

#[test]
fn a_context_that_is_dropped_calls_off_what_its_timers_fetch() {
    on_engine_stack(|| {
        let source = "setTimeout(() => fetch('http://a/'), 1); madrpc.register('f', () => 1)";
        let program = || Program::new(vec![Script { path: "test.js".into(), source: source.to_owned() }]);
        let mut contexts = Contexts::load(program(), Isolation::Shared, surroundings()).expect("loads");
        let deadline = Instant::now() + Duration::from_secs(10);
        let fetch = loop {
            contexts.fire_timers(Instant::now());
            if let Some(fetch) = contexts.take_events().fetches.pop() {
                break fetch;
            }
            assert!(Instant::now() < deadline, "the timer fires");
        };
        contexts.renew(program()).expect("loads");
        assert_eq!(contexts.take_events().unwanted_fetches, [fetch.id]);
    });
}

#[test]
fn no_two_contexts_share_ids() {
    on_engine_stack(|| {
        let source = "madrpc.register('f', () => fetch('http://a/'))";
        let id = || {
            let program = Program::new(vec![Script { path: "test.js".into(), source: source.to_owned() }]);
            let mut contexts = Contexts::load(program, Isolation::Shared, surroundings()).expect("loads");
            assert!(contexts.invoke(1, call("f", None), Instant::now()).is_none());
            contexts.take_events().fetches.pop().expect("one").id
        };
        assert_ne!(id(), id());
    });
}
