use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use madrpc_actors::protocol::{CallScope, JsonText};

use super::*;

fn call() -> Call {
    Call::new("m", None, CallScope::root(Duration::from_secs(1)))
}

fn frames(link: &Link) -> Vec<String> {
    let next = || link.calls().next_frame(Waker::noop());
    std::iter::from_fn(next).map(|frame| String::from_utf8(frame).expect("UTF-8")).collect()
}

fn reply(link: &Link, text: &str) {
    link.calls().frame(&Bytes::copy_from_slice(text.as_bytes()));
}

fn code(result: Option<CallResult>) -> Option<Result<String, i64>> {
    result.map(|result| result.map(|text| text.as_str().to_owned()).map_err(|error| error.code().0))
}

#[test]
fn answers_find_their_calls_in_any_order() {
    let link = Link::new(100);
    let (one, two) = (link.call(&call(), Instant::now()), link.call(&call(), Instant::now()));
    assert_eq!(frames(&link).len(), 2);
    reply(&link, r#"{"jsonrpc":"2.0","id":1,"result":"two"}"#);
    reply(&link, r#"{"jsonrpc":"2.0","id":7,"result":"nobody's"}"#);
    reply(&link, "nonsense");
    let mut one = one;
    assert!((&mut one).now_or_never().is_none());
    assert_eq!(code(two.now_or_never()), Some(Ok("\"two\"".into())));
    reply(&link, r#"{"jsonrpc":"2.0","id":0,"error":{"code":7,"message":"m"}}"#);
    assert_eq!(code(one.now_or_never()), Some(Err(7)));
    assert!(link.calls().is_idle());
}

#[test]
fn a_call_that_nobody_waits_for_is_not_sent_or_called_off() {
    let link = Link::new(100);
    drop(link.call(&call(), Instant::now()));
    assert!(link.calls().is_idle(), "it had not left");
    let sent = link.call(&call(), Instant::now());
    assert_eq!(frames(&link).len(), 1);
    drop(sent);
    assert_eq!(frames(&link), [r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#]);
    let answered = link.call(&call(), Instant::now());
    frames(&link);
    reply(&link, r#"{"jsonrpc":"2.0","id":2,"result":1}"#);
    drop(answered);
    assert!(link.calls().is_idle(), "there is nothing to call off");
}

#[test]
fn a_notification_is_done_when_it_leaves() {
    let link = Link::new(100);
    let notification = Call { notification: true, ..call() };
    let mut told = link.call(&notification, Instant::now());
    assert!((&mut told).now_or_never().is_none(), "it waits to be written");
    let sent = frames(&link);
    assert!(matches!(&sent[..], [frame] if frame.starts_with(r#"{"jsonrpc":"2.0","method":"m""#)), "{sent:?}");
    assert_eq!(code((&mut told).now_or_never()), Some(Ok("null".into())));
    drop(told);
    assert!(link.calls().is_idle(), "there is nothing to call off");
    let lost = link.call(&notification, Instant::now());
    link.calls().end();
    assert!(matches!(lost.now_or_never(), Some(Err(CallError::Unreachable { sent: false }))));
}

#[test]
fn a_batch_is_one_frame_and_its_answers_come_as_they_are_there() {
    let link = Link::new(1 << 20);
    let mut batch = link.batch(&[call(), call(), call()], Instant::now());
    let sent = frames(&link);
    assert_eq!(sent.len(), 1);
    let elements: Vec<&RawValue> = serde_json::from_str(&sent[0]).expect("an array");
    assert_eq!(elements.len(), 3);
    reply(&link, r#"[{"jsonrpc":"2.0","id":2,"result":"c"}, {"jsonrpc":"2.0","id":0,"result":"a"}]"#);
    let mut next = || batch.next().now_or_never().flatten().map(|(index, result)| (index, code(Some(result))));
    assert_eq!(next(), Some((2, Some(Ok("\"c\"".into())))));
    assert_eq!(next(), Some((0, Some(Ok("\"a\"".into())))));
    assert_eq!(next(), None);
    drop(batch);
    assert_eq!(frames(&link), [r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":0,"through":2}}"#]);
    let many: Vec<Call> = (0..300).map(|_| call()).collect();
    let many = link.batch(&many, Instant::now());
    let sizes: Vec<usize> = link.calls().outgoing.iter().map(|queued| queued.numbers.len()).collect();
    assert_eq!(sizes, [128, 128, 44]);
    drop(many);
    assert!(link.calls().is_idle(), "none of it had left");
}

#[test]
fn frames_keep_the_limit_of_bytes() {
    let link = Link::new(3_000);
    let big = Call { params: JsonText::parse(&format!("[{}]", "1".repeat(1_000))).ok(), ..call() };
    let _batch = link.batch(&vec![big; 10], Instant::now());
    let sent = frames(&link);
    assert_eq!(sent.len(), 5);
    assert!(sent.iter().all(|frame| frame.len() <= 3_000));
    let small = Link::new(10);
    let _batch = small.batch(&[call(), call()], Instant::now());
    assert_eq!(frames(&small).len(), 2);
}

#[test]
fn a_lost_link_tells_what_was_sent_from_what_was_not() {
    let link = Link::new(100);
    let sent = link.call(&call(), Instant::now());
    frames(&link);
    let mut batch = link.batch(&[call(), call()], Instant::now());
    link.calls().end();
    let sent_word = |result: CallResult| match result {
        Err(CallError::Unreachable { sent }) => sent,
        other => panic!("{other:?}"),
    };
    assert!(sent_word(sent.now_or_never().expect("told")));
    for _ in 0..2 {
        let (_, result) = batch.next().now_or_never().flatten().expect("told");
        assert!(!sent_word(result));
    }
    assert!(!sent_word(link.call(&call(), Instant::now()).now_or_never().expect("told")));
}

#[test]
fn a_result_over_the_limit_costs_its_own_call() {
    let link = Link::new(10);
    let one = link.call(&call(), Instant::now());
    frames(&link);
    reply(&link, r#"{"jsonrpc":"2.0","id":0,"result":"0123456789"}"#);
    assert_eq!(code(one.now_or_never()), Some(Err(-32006)));
}

#[test]
fn an_answer_that_is_no_reply_fails_its_call() {
    for answer in [
        r#"{"jsonrpc":"2.0","id":0,"result":1,"error":{"code":1,"message":"both"}}"#,
        r#"{"jsonrpc":"2.0","id":0}"#,
        r#"[{"jsonrpc":"2.0","id":0,"error":{"code":"abc","message":"no number"}}]"#,
        r#"{"jsonrpc":"2.0","id":0,"error":7}"#,
    ] {
        let link = Link::new(100);
        let one = link.call(&call(), Instant::now());
        frames(&link);
        reply(&link, answer);
        assert_eq!(code(one.now_or_never()), Some(Err(-32603)), "{answer}");
    }
}
