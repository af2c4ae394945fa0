//! Streams between real executors, and between them and callers outside.

use super::*;
use crate::protocol::streams::{queue, End, Reader, Writer, CREDIT};

const STREAMS: &str = r"
let ran = 0; const ended = [];
madrpc.register('count', async function* (p, ctx) {
    try { for (let i = 0; i < (p[0] ?? Infinity); i++) { ran++; yield i } return 'all' }
    finally { ended.push('count') } });
madrpc.register('ran', () => ran);
madrpc.register('ended', () => ended);
madrpc.register('waits', async function* (p, ctx) {
    try { yield 1; await (p[0] === 'call' ? madrpc.call('hold') : new Promise(r => { open = r })); ended.push('went on') }
    catch (e) { ended.push(e.code) }
    finally { ended.push('waits') } });
let open, holding = 0; madrpc.register('open', () => open());
madrpc.register('waiting', () => !!open);
madrpc.register('holding', () => holding);
madrpc.register('hold', (p, ctx) => new Promise(() => { holding++; ctx.signal.onabort = () => ended.push('hold') }));
madrpc.register('hang', async function* () { try { yield 1 } finally { await new Promise(() => {}) } });
madrpc.register('busy', async function* () { try { for (;;) { const end = Date.now() + 40; while (Date.now() < end); yield 1 } } finally { ended.push('busy') } });
madrpc.register('sum', async p => { let sum = 0; for await (const v of madrpc.stream('count', [p[0]])) sum += v; return sum });
madrpc.register('returned', async p => { const s = madrpc.stream('count', [p[0]]); for (;;) { const r = await s.next(); if (r.done) return r.value } });
madrpc.register('some', async p => { for await (const v of madrpc.stream('count', [])) if (v === p[0]) return v });
madrpc.register('nested', async function* (p) { if (p[0] === 0) { yield* madrpc.stream('count', [3]) } else for await (const v of madrpc.stream('nested', [p[0] - 1])) yield v + 1 });
madrpc.register('pushed', async (p, ctx) => { let sum = 0; for await (const v of ctx.input) sum += v; return sum });
madrpc.register('double', async function* (p, ctx) { for await (const v of ctx.input) yield v * 2 });
madrpc.register('aborts', async () => { const c = new AbortController(); const call = madrpc.call('hold', [], {signal: c.signal}); setTimeout(() => c.abort('enough'), 5); return call.catch(e => e) });
madrpc.register('plain', () => 5);
madrpc.register('late', async () => { try { for await (const v of madrpc.stream('hold', [], {timeoutMs: 30})) {} } catch (e) { return e.code } });
madrpc.register('sync', async () => { const s = madrpc.stream('count', [40]); const first = await s.next(); madrpc.callSync('plain'); let n = 1; for await (const v of s) n++; return n });
";

fn with_streams<F: Future<Output = ()>>(
    executors: usize,
    isolation: Isolation,
    body: impl FnOnce(JsPool, Admission) -> F,
) {
    actix_rt::System::new().block_on(async {
        let admission = Admission::new(10_000);
        let config = PoolConfig { executors, isolation, ..config(program(STREAMS)) };
        body(JsPool::start(config).expect("loads"), admission.clone()).await;
        until_idle(&admission).await;
    });
}

type Running = std::pin::Pin<Box<dyn Future<Output = CallResult>>>;

/// Begins a call whose items are read.
fn read(pool: &JsPool, admission: &Admission, method: &str, params: &str) -> (Running, Reader) {
    let (writer, reader) = queue();
    let mut call = call(method, params);
    call.streams.items = Some(End::new(writer));
    (Box::pin(pool.invoke(call, admission.admit(1, 0).expect("free"))), reader)
}

/// Begins a call that is pushed to, and whose items are read.
fn push(pool: &JsPool, admission: &Admission, method: &str) -> (Running, Writer, Reader) {
    let ((items, reader), (writer, input)) = (queue(), queue());
    let mut call = call(method, "[]");
    call.streams.items = Some(End::new(items));
    call.streams.input = Some(End::new(input));
    (Box::pin(pool.invoke(call, admission.admit(1, 0).expect("free"))), writer, reader)
}

async fn next(reader: &mut Reader) -> String {
    reader.next().await.expect("an item").as_str().to_owned()
}

#[test]
fn a_slow_reader_suspends_the_generator_and_a_reader_that_leaves_ends_it() {
    with_streams(1, Isolation::Shared, |pool, admission| async move {
        let (running, mut reader) = read(&pool, &admission, "count", "[]");
        until(&pool, &admission, "ran", &CREDIT.to_string()).await;
        for n in 0..100 {
            assert_eq!(next(&mut reader).await, n.to_string());
        }
        until(&pool, &admission, "ran", &(CREDIT + 100).to_string()).await;
        drop(reader);
        assert_eq!(running.await.map_err(|error| error.code()), Err(Code::CANCELLED));
        until(&pool, &admission, "ended", r#"["count"]"#).await;
    });
}

#[test]
fn a_caller_that_leaves_runs_finally_and_gives_its_place_back_after_that() {
    with_streams(1, Isolation::Shared, |pool, admission| async move {
        for (params, seen) in
            [("[]", r#"["went on","waits"]"#), (r#"["call"]"#, r#"["went on","waits","hold",-32800,"waits"]"#)]
        {
            let (running, mut reader) = read(&pool, &admission, "waits", params);
            assert_eq!(next(&mut reader).await, "1");
            let (asked, there) = if params == "[]" { ("waiting", "true") } else { ("holding", "1") };
            until(&pool, &admission, asked, there).await;
            drop((running, reader));
            if params == "[]" {
                run(&pool, &admission, "plain", "[]").await;
                assert_eq!(admission.inflight(), 1, "it still waits");
                run(&pool, &admission, "open", "[]").await;
            }
            until_idle(&admission).await;
            // What the callee of a call that is cancelled does comes in its own time.
            let all = run(&pool, &admission, "ended", "[]").await;
            assert!(
                all == seen || all == seen.replace(r#""hold",-32800,"waits""#, r#"-32800,"waits","hold""#),
                "{all}"
            );
        }
    });
}

#[test]
fn a_generator_at_work_when_its_caller_leaves_runs_finally_too() {
    with_streams(1, Isolation::Shared, |pool, admission| async move {
        let (running, mut reader) = read(&pool, &admission, "busy", "[]");
        assert_eq!(next(&mut reader).await, "1");
        drop((running, reader));
        until(&pool, &admission, "ended", r#"["busy"]"#).await;
    });
}

#[test]
fn scripts_read_each_others_streams() {
    for (executors, isolation) in
        [(1, Isolation::Shared), (2, Isolation::Shared), (1, Isolation::Call), (2, Isolation::Context)]
    {
        with_streams(executors, isolation, |pool, admission| async move {
            assert_eq!(run(&pool, &admission, "sum", "[1000]").await, "499500");
            assert_eq!(run(&pool, &admission, "returned", "[5]").await, r#""all""#);
            assert_eq!(run(&pool, &admission, "some", "[20]").await, "20");
            assert_eq!(run(&pool, &admission, "nested", "[10]").await, "[10,11,12]");
            assert_eq!(run(&pool, &admission, "count", "[3]").await, "[0,1,2]");
            assert_eq!(run(&pool, &admission, "sync", "[]").await, "40");
            assert_eq!(run(&pool, &admission, "late", "[]").await, "-32001");
            assert_eq!(run(&pool, &admission, "aborts", "[]").await, r#""enough""#);
            if isolation == Isolation::Shared && executors == 1 {
                until(&pool, &admission, "ended", r#"["count","count","count","count","count","count","hold","hold"]"#)
                    .await;
            }
        });
    }
}

#[test]
fn what_a_caller_pushes_arrives_and_is_bounded() {
    with_streams(2, Isolation::Shared, |pool, admission| async move {
        let number = |n: usize| JsonText::of(&n).expect("JSON");
        let (sum, mut input, _reader) = push(&pool, &admission, "pushed");
        for n in 0..1000 {
            futures_util::future::poll_fn(|task| input.poll_ready(task)).await.expect("room");
            input.start_send(number(n)).expect("room");
        }
        drop(input);
        assert_eq!(sum.await.expect("a sum").as_str(), "499500");
        let (running, mut input, mut reader) = push(&pool, &admission, "double");
        for n in 0..100 {
            input.try_send(number(n)).expect("room");
            assert_eq!(next(&mut reader).await, (2 * n).to_string());
        }
        drop(input);
        assert!(reader.next().await.is_none());
        assert_eq!(running.await.expect("the end").as_str(), "null");
    });
}

#[test]
fn a_stream_goes_on_in_the_old_scripts_after_a_reload() {
    with_streams(1, Isolation::Shared, |pool, admission| async move {
        let (running, mut reader) = read(&pool, &admission, "count", "[50]");
        assert_eq!(next(&mut reader).await, "0");
        pool.reload(program("madrpc.register('plain', () => 6)")).await.expect("loads");
        assert_eq!(run(&pool, &admission, "plain", "[]").await, "6");
        for n in 1..50 {
            assert_eq!(next(&mut reader).await, n.to_string());
        }
        assert_eq!(running.await.expect("the end").as_str(), r#""all""#);
    });
}
