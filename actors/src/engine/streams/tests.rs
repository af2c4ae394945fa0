//! Streams in one engine: the test is the executor, the other end of each queue, and the network.

mod boa;
mod property;

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use super::*;
use crate::engine::program::{Program, Script};
use crate::engine::tests::{call, code, load, on_engine_stack, surroundings, text};
use crate::engine::{Cancelled, ModuleState, OutgoingCall, Surroundings};
use crate::protocol::streams::{queue, End, Reader, Writer, CREDIT};
use crate::protocol::{Call, Code, JsonText};

/// An engine, and what its wakers have told.
struct Rig {
    engine: Engine,
    woken: Arc<Mutex<Vec<CallId>>>,
    /// Calls that have left.
    out: Vec<OutgoingCall>,
}

struct Tell(Arc<Mutex<Vec<CallId>>>, CallId);

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        self.0.lock().expect("no panic").push(self.1);
    }
}

impl Rig {
    fn new(source: &str) -> Rig {
        Rig::with(source, ModuleState::Shared, surroundings())
    }

    fn with(source: &str, modules: ModuleState, surroundings: Surroundings) -> Rig {
        let woken: Arc<Mutex<Vec<CallId>>> = Arc::default();
        let tells = woken.clone();
        let waker = move |id| Waker::from(Arc::new(Tell(tells.clone(), id)));
        let program = Program::new(vec![Script { path: "test.js".into(), source: source.to_owned() }]);
        let surroundings = Surroundings { waker: Rc::new(waker), ..surroundings };
        let engine = Engine::load(0, &program, modules, surroundings).expect("loads");
        Rig { engine, woken, out: Vec::new() }
    }

    /// Begins a call whose items are read.
    fn begin(&mut self, id: InvocationId, method: &str, params: Option<&str>) -> Reader {
        let (writer, reader) = queue();
        let mut begun = call(method, params);
        begun.streams.items = Some(End::new(writer));
        self.invoke(id, begun);
        reader
    }

    /// Begins a call that has a caller who pushes.
    fn begin_pushed(&mut self, id: InvocationId, method: &str) -> (Writer, Reader) {
        let ((items, reader), (writer, input)) = (queue(), queue());
        let mut begun = call(method, None);
        begun.streams.items = Some(End::new(items));
        begun.streams.input = Some(End::new(input));
        self.invoke(id, begun);
        (writer, reader)
    }

    fn invoke(&mut self, id: InvocationId, call: Call) {
        let result = self.engine.invoke(id, call, Instant::now());
        assert!(result.is_none(), "{result:?} at once");
    }

    /// Does all that can be done now.
    fn settle(&mut self) {
        loop {
            let woken = std::mem::take(&mut *self.woken.lock().expect("no panic"));
            let moved = !woken.is_empty();
            woken.into_iter().for_each(|id| self.engine.flow(id));
            let jobs = self.engine.run_jobs();
            let out = self.engine.take_outgoing();
            let sent = !out.is_empty();
            self.out.extend(out);
            if !moved && !jobs && !sent {
                return;
            }
        }
    }

    /// Does what comes up until `done` gives something.
    fn until<T>(&mut self, what: &str, mut done: impl FnMut(&mut Rig) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            self.settle();
            if let Some(value) = done(self) {
                return value;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            let due = self.engine.next_due().unwrap_or_else(Instant::now);
            std::thread::park_timeout(due.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
            self.engine.fire_timers(Instant::now());
        }
    }

    fn finished(&mut self) -> CallResult {
        self.until("an outcome", |rig| rig.engine.take_finished().pop()).1
    }

    /// What an invocation came to whose generator goes on.
    fn winding(&mut self) -> CallResult {
        self.until("an early outcome", |rig| {
            let finished = rig.engine.take_finished();
            assert!(finished.is_empty(), "{finished:?}");
            rig.engine.take_winding().pop()
        })
        .1
    }

    fn item(&mut self, reader: &mut Reader) -> String {
        self.until("an item", |_| reader.try_recv().ok()).as_str().to_owned()
    }

    /// A method's result, by a call of its own.
    fn ask(&mut self, method: &str) -> String {
        let result = self.engine.invoke(99, call(method, None), Instant::now());
        result.unwrap_or_else(|| self.finished()).expect("a result").as_str().to_owned()
    }
}

fn all(reader: &mut Reader) -> Vec<String> {
    std::iter::from_fn(|| reader.try_recv().ok()).map(|item| item.as_str().to_owned()).collect()
}

const COUNT: &str = "let ran = 0; let ended = []; \
    madrpc.register('count', async function* (p, ctx) { try { for (let i = 0; i < (p?.[0] ?? Infinity); i++) { ran++; yield i } return 'all' } \
      finally { ended.push(ctx.signal.aborted) } }); \
    madrpc.register('ran', () => ran); madrpc.register('ended', () => ended);";

#[test]
fn only_async_generator_functions_are_streams() {
    on_engine_stack(|| {
        let engine = load(
            "madrpc.register('a', async function* () {}); madrpc.register('b', {idempotent: true}, { async *b() {} }.b); \
             madrpc.register('c', function* () {}); madrpc.register('d', async () => {}); \
             madrpc.register('e', () => (async function* () {})()); madrpc.register('f', (async function* () {}).bind(1))",
        )
        .expect("loads");
        let streams: Vec<_> = engine.methods().into_iter().filter(|method| method.stream).map(|m| m.name).collect();
        assert_eq!(streams, ["a", "b", "f"]);
    });
    assert_eq!(text("() => (async function* () { yield 1 })()"), "{}");
    assert_eq!(text("function* () { yield 1 }"), "{}");
}

#[test]
fn without_a_reader_the_items_are_the_result() {
    assert_eq!(text("async function* () { yield 1; await 0; yield [2]; return 3 }"), "[1,[2]]");
    assert_eq!(text("async function* () {}"), "[]");
    assert_eq!(code("async function* () { for (;;) yield 'x'.repeat(1000) }"), Code::TOO_LARGE);
    assert_eq!(code("async function* () { yield 1; throw new Error('x') }"), Code::SCRIPT);
    assert_eq!(code("async function* (p = p.x) {}"), Code::SCRIPT);
}

#[test]
fn a_slow_reader_suspends_the_generator() {
    on_engine_stack(|| {
        for modules in [ModuleState::Shared, ModuleState::PerCall] {
            let source = COUNT.replace("let ran = 0", "globalThis.ran ??= 0");
            let mut rig = Rig::with(&source, modules, surroundings());
            let mut reader = rig.begin(1, "count", Some("[100]"));
            rig.settle();
            assert_eq!(rig.ask("ran"), CREDIT.to_string(), "{modules:?}");
            rig.settle();
            assert_eq!(rig.ask("ran"), CREDIT.to_string());
            assert_eq!(rig.item(&mut reader), "0");
            rig.settle();
            assert_eq!(rig.ask("ran"), (CREDIT + 1).to_string());
            let rest: Vec<_> = (1..100).map(|_| rig.item(&mut reader)).collect();
            assert_eq!(rest, (1..100).map(|n| n.to_string()).collect::<Vec<_>>());
            assert_eq!(rig.finished().expect("a result").as_str(), r#""all""#);
            assert!(matches!(reader.try_recv(), Err(error) if error.is_closed()), "the writer is gone");
        }
    });
}

#[test]
fn an_error_comes_after_the_items_before_it() {
    on_engine_stack(|| {
        let mut rig = Rig::new(
            "madrpc.register('f', async function* () { yield 1; yield 2; throw new madrpc.RpcError(7, 'm') })",
        );
        let mut reader = rig.begin(1, "f", None);
        let error = rig.finished().expect_err("it throws");
        assert_eq!((error.code().0, all(&mut reader)), (7, vec!["1".to_owned(), "2".to_owned()]));
    });
}

#[test]
fn an_item_without_json_ends_the_stream_after_those_before_it() {
    for (item, expected) in [
        ("1n", Code::NOT_SERIALISABLE),
        ("(() => { const a = []; a.push(a); return a })()", Code::NOT_SERIALISABLE),
        ("() => 1", Code::NOT_SERIALISABLE),
        ("'x'.repeat(2_000_000)", Code::TOO_LARGE),
        ("(() => { let v = []; for (let i = 0; i < 200; i++) v = [v]; return v })()", Code::LIMIT_EXCEEDED),
        ("({ toJSON() { throw new Error('x') } })", Code::SCRIPT),
    ] {
        on_engine_stack(move || {
            let mut rig = Rig::new(&format!(
                "let ended = 0; madrpc.register('f', async function* () {{ try {{ yield 1; yield {item}; yield 2 }} finally {{ ended++ }} }}); \
                 madrpc.register('ended', () => ended)"
            ));
            let mut reader = rig.begin(1, "f", None);
            assert_eq!(rig.winding().expect_err(item).code(), expected, "{item}");
            assert!(rig.finished().is_err());
            assert_eq!((rig.ask("ended"), all(&mut reader)), ("1".to_owned(), vec!["1".to_owned()]), "{item}");
        });
    }
}

#[test]
fn a_reader_that_leaves_runs_finally() {
    on_engine_stack(|| {
        let mut rig = Rig::new(COUNT);
        let mut reader = rig.begin(1, "count", None);
        assert_eq!(rig.item(&mut reader), "0");
        drop(reader);
        assert_eq!(rig.winding().expect_err("nobody reads").code(), Code::CANCELLED);
        rig.finished().expect_err("no result");
        assert_eq!(rig.ask("ended"), "[true]");
        assert_eq!((rig.engine.parked(), rig.engine.next_due()), (0, None));
    });
}

#[test]
fn a_caller_that_leaves_runs_finally_wherever_the_generator_waits() {
    for (waits, seen) in [
        ("await new Promise(r => setTimeout(r, 30))", "true"),
        ("await madrpc.call('m')", "-32800"),
        ("await fetch('http://x/')", "-32800"),
        ("for await (const v of madrpc.stream('m')) {}", "-32800"),
        ("for await (const v of ctx.input) {}", "-32800"),
        ("await new Promise((_, no) => { ctx.signal.onabort = () => no(7) })", "7"),
    ] {
        on_engine_stack(move || {
            let mut rig = Rig::new(&format!(
                "let seen = []; madrpc.register('f', async function* (p, ctx) {{ try {{ yield 0; {waits}; seen.push(ctx.signal.aborted) }} \
                 catch (e) {{ seen.push(e.code ?? e) }} finally {{ await 0; seen.push('finally') }} }}); madrpc.register('seen', () => seen)"
            ));
            let (_writer, mut reader) = rig.begin_pushed(1, "f");
            assert_eq!(rig.item(&mut reader), "0");
            rig.settle();
            assert_eq!(rig.engine.cancel(1), Some(Cancelled::WindsDown), "{waits}");
            assert_eq!(rig.engine.cancel(1), Some(Cancelled::WindsDown), "once more changes nothing");
            rig.finished().expect_err("nobody waits for it");
            assert_eq!(rig.ask("seen"), format!(r#"[{seen},"finally"]"#), "{waits}");
            assert_eq!((rig.engine.parked(), rig.engine.next_due()), (0, None));
            assert_eq!(rig.engine.take_abandoned().is_empty(), !waits.contains("madrpc"), "{waits}");
        });
    }
}

#[test]
fn a_generator_that_never_returns_is_dropped_in_the_end() {
    on_engine_stack(|| {
        let mut rig = Rig::new("madrpc.register('f', async function* () { yield 1; await new Promise(() => {}) })");
        let mut reader = rig.begin(1, "f", None);
        assert_eq!(rig.item(&mut reader), "1");
        assert_eq!(rig.engine.cancel(1), Some(Cancelled::WindsDown));
        let due = rig.engine.next_due().expect("it is bounded");
        assert!(due <= Instant::now() + GRACE);
        rig.engine.fire_timers(due);
        assert_eq!(rig.engine.take_finished().len(), 1);
        assert_eq!((rig.engine.parked(), rig.engine.next_due()), (0, None));
    });
}

#[test]
fn a_deadline_ends_a_stream_that_is_not_read_and_runs_finally() {
    on_engine_stack(|| {
        let mut rig = Rig::new(COUNT);
        let (writer, _reader) = queue();
        let mut late = call("count", None);
        late.scope.deadline = Instant::now() + Duration::from_millis(50);
        late.streams.items = Some(End::new(writer));
        rig.invoke(1, late);
        assert_eq!(rig.winding().expect_err("too late").code(), Code::TIMEOUT);
        rig.finished().expect_err("no result");
        assert_eq!(rig.ask("ended"), "[true]");
    });
}

#[test]
fn finally_may_call_others_and_may_throw() {
    on_engine_stack(|| {
        let mut rig = Rig::new(
            "let seen = []; madrpc.register('f', async function* () { try { for (;;) yield 1 } finally { seen.push(await madrpc.call('tidy')); throw new Error('out') } }); \
             madrpc.register('seen', () => seen)",
        );
        let mut reader = rig.begin(1, "f", None);
        assert_eq!(rig.item(&mut reader), "1");
        rig.engine.cancel(1);
        rig.settle();
        let tidy = rig.out.pop().expect("a call");
        assert_eq!((tidy.call.method.as_str(), tidy.parent), ("tidy", 1));
        rig.engine.settle(tidy.id, Ok(JsonText::parse("5").expect("JSON")));
        rig.finished().expect_err("no result");
        assert_eq!(rig.ask("seen"), "[5]");
    });
}

#[test]
fn a_stream_is_read_as_it_is_asked_for() {
    on_engine_stack(|| {
        let mut rig = Rig::new(
            "let seen = []; madrpc.register('f', async () => { const s = madrpc.stream('m', [1], {timeoutMs: 4000}); \
               const first = [s[Symbol.asyncIterator]() === s, typeof s.map, Object.prototype.toString.call(s)]; \
               for (;;) { const {value, done} = await s.next(); seen.push(value); if (done) return [...first, seen, await s.next()] } }); \
             madrpc.register('seen', () => seen)",
        );
        rig.invoke(1, call("f", None));
        rig.settle();
        let out = rig.out.pop().expect("it leaves at once");
        assert!(out.alone && out.call.streams.input.is_none());
        let mut writer = out.call.streams.items.as_ref().and_then(End::take).expect("items are wanted");
        assert_eq!(rig.ask("seen"), "[]");
        let send = |writer: &mut Writer, text: &str| writer.try_send(JsonText::parse(text).expect("JSON"));
        send(&mut writer, "[1]").expect("room");
        rig.settle();
        assert_eq!(rig.ask("seen"), "[[1]]");
        send(&mut writer, "2").expect("room");
        send(&mut writer, "3").expect("room");
        // The result may be there before the items have been read.
        rig.engine.settle(out.id, Ok(JsonText::parse("\"r\"").expect("JSON")));
        drop(writer);
        let result = rig.finished().expect("a result");
        assert_eq!(result.as_str(), r#"[true,"undefined","[object Stream]",[[1],2,3,"r"],{"done":true}]"#);
        assert_eq!((rig.engine.take_called_off(), rig.engine.next_due()), (vec![], None));
    });
}

#[test]
fn an_error_of_a_stream_comes_after_its_items() {
    on_engine_stack(|| {
        let mut rig = Rig::new(
            "madrpc.register('f', async () => { const seen = []; try { for await (const v of madrpc.stream('m')) seen.push(v) } \
               catch (e) { seen.push(e instanceof madrpc.RpcError, e.code) } return seen })",
        );
        rig.invoke(1, call("f", None));
        rig.settle();
        let out = rig.out.pop().expect("a call");
        let mut writer = out.call.streams.items.as_ref().and_then(End::take).expect("items are wanted");
        writer.try_send(JsonText::NULL).expect("room");
        rig.engine.settle(out.id, Err(CallError::MethodNotFound));
        assert_eq!(rig.finished().expect("a result").as_str(), "[null,true,-32601]");
    });
}

#[test]
fn leaving_a_stream_calls_it_off() {
    for leaves in [
        "for await (const v of s) break",
        "await s.next(); await s.return()",
        "await s.next(); await s.throw(1).catch(() => {})",
        "await s.next(); c.abort(); try { await s.next() } catch (e) { if (e.name !== 'AbortError') throw e }",
        "const n = s.next(); await n; const open = s.next(); c.abort(); await open.catch(() => {})",
    ] {
        on_engine_stack(move || {
            let mut rig = Rig::new(&format!(
                "madrpc.register('f', async () => {{ const c = new AbortController(); const s = madrpc.stream('m', [], {{signal: c.signal}}); {leaves}; return (await s.next()).done }})"
            ));
            rig.invoke(1, call("f", None));
            rig.settle();
            let out = rig.out.pop().expect("a call");
            let mut writer = out.call.streams.items.as_ref().and_then(End::take).expect("items are wanted");
            writer.try_send(JsonText::NULL).expect("room");
            assert_eq!(rig.finished().expect("a result").as_str(), "true", "{leaves}");
            assert!(writer.is_closed(), "{leaves}");
            assert_eq!(rig.engine.take_called_off(), [out.id], "{leaves}");
            assert_eq!((rig.engine.take_abandoned(), rig.engine.next_due()), (vec![], None), "{leaves}");
        });
    }
}

#[test]
fn an_invocation_takes_its_streams_with_it() {
    on_engine_stack(|| {
        let mut rig = Rig::new("globalThis.kept = 0; madrpc.register('f', async (p, ctx) => { kept = [madrpc.stream('m'), ctx.input]; await 0; return 1 }); \
            madrpc.register('late', async (p, ctx) => [(await kept[0].next()).done, (await kept[1].next()).done, (await ctx.input.next()).done, ctx.input === ctx.input])");
        let (input, _items) = rig.begin_pushed(1, "f");
        rig.finished().expect("a result");
        assert_eq!(rig.engine.take_abandoned(), [1]);
        assert!(input.is_closed());
        assert_eq!(rig.ask("late"), "[true,true,true,true]");
    });
}

#[test]
fn arguments_of_stream_are_checked_and_told_by_its_first_value() {
    for (arguments, expected) in [
        ("'m', 5", "-32602"),
        ("'m', [1n]", "-32012"),
        ("'m', [], {idempotencyKey: 'k'}", "-32602"),
        ("'m', [], {signal: AbortSignal.abort(3)}", "3"),
    ] {
        on_engine_stack(move || {
            let mut rig = Rig::new(&format!(
                "madrpc.register('f', async () => {{ const s = madrpc.stream({arguments}); \
                 return [await s.next().catch(e => e.code ?? e), (await s.next()).done] }})"
            ));
            rig.invoke(1, call("f", None));
            assert_eq!(rig.finished().expect("a result").as_str(), format!("[{expected},true]"), "{arguments}");
            assert!(rig.out.is_empty(), "{arguments}");
        });
    }
    assert_eq!(text("() => { try { madrpc.stream(5) } catch (e) { return e.name } }"), r#""TypeError""#);
    assert_eq!(
        text("() => { const {next} = Object.getPrototypeOf(madrpc.stream('m')); return next.call({}).catch(e => e.name) }"),
        r#""TypeError""#
    );
}

#[test]
fn values_may_be_asked_for_ahead_but_not_without_bound() {
    on_engine_stack(|| {
        let mut rig = Rig::new(
            "madrpc.register('f', async () => { const s = madrpc.stream('m'); const all = []; \
             for (let i = 0; i < 5_000; i++) all.push(s.next().then(r => r.done ? 'end' : r.value, e => e.code)); \
             const count = {}; for (const v of await Promise.all(all)) count[v] = (count[v] ?? 0) + 1; return count })",
        );
        rig.invoke(1, call("f", None));
        rig.settle();
        let out = rig.out.pop().expect("a call");
        let mut writer = out.call.streams.items.as_ref().and_then(End::take).expect("items are wanted");
        writer.try_send(JsonText::parse("\"a\"").expect("JSON")).expect("room");
        rig.engine.settle(out.id, Ok(JsonText::NULL));
        assert_eq!(rig.finished().expect("a result").as_str(), r#"{"a":1,"end":1023,"-32003":3976}"#);
    });
}

#[test]
fn what_is_pushed_is_read_and_both_ways_go_at_once() {
    on_engine_stack(|| {
        let mut rig = Rig::new("madrpc.register('sum', async (p, ctx) => { let sum = 0; for await (const v of ctx.input) sum += v; return sum }); \
            madrpc.register('double', async function* (p, ctx) { for await (const v of ctx.input) yield v * 2; return 'end' })");
        let number = |n: usize| JsonText::of(&n).expect("JSON");
        let (mut input, _) = rig.begin_pushed(1, "sum");
        for n in 0..100 {
            rig.until("room", |_| input.try_send(number(n)).ok());
        }
        drop(input);
        assert_eq!(rig.finished().expect("a result").as_str(), "4950");
        let (mut input, mut items) = rig.begin_pushed(2, "double");
        for n in 0..100 {
            input.try_send(number(n)).expect("room");
            assert_eq!(rig.item(&mut items), (n * 2).to_string());
        }
        drop(input);
        assert_eq!(rig.finished().expect("a result").as_str(), r#""end""#);
        let nobody = rig.engine.invoke(3, call("sum", None), Instant::now());
        assert!(nobody.is_none());
        assert_eq!(rig.finished().expect("a result").as_str(), "0");
    });
}
