//! What goes on after a call was answered, and what others see of it when it is cut off.

use super::super::tests::{call, load, on_engine_stack};
use super::*;
use crate::engine::{Cancelled, OutgoingCall};
use crate::protocol::{Call, CallScope};

/// An engine, and what came of its calls.
struct Rig {
    engine: Engine,
    /// What callers were told, in that order.
    answers: Vec<(InvocationId, String)>,
    /// Calls that are over, in that order.
    over: Vec<InvocationId>,
    out: Vec<OutgoingCall>,
    places: Vec<(InvocationId, bool)>,
}

fn text(result: CallResult) -> String {
    result.map_or_else(|error| error.to_string(), |text| text.as_str().to_owned())
}

impl Rig {
    fn new(source: &str) -> Self {
        let engine = load(source).expect("loads");
        Rig { engine, answers: Vec::new(), over: Vec::new(), out: Vec::new(), places: Vec::new() }
    }

    fn call(&mut self, id: InvocationId, method: &str) {
        self.begin(id, call(method, None));
    }

    fn begin(&mut self, id: InvocationId, call: Call) {
        if let Some(result) = self.engine.invoke(id, call, Instant::now()) {
            self.answers.push((id, text(result)));
            self.over.push(id);
        }
        self.flush();
    }

    fn flush(&mut self) {
        loop {
            while self.engine.run_jobs() {}
            let finished = self.engine.take_finished();
            self.answers.extend(self.engine.take_winding().into_iter().map(|(id, result)| (id, text(result))));
            for (id, result) in finished {
                if !self.answers.iter().any(|(answered, _)| *answered == id) {
                    self.answers.push((id, text(result)));
                }
                self.over.push(id);
            }
            self.out.extend(self.engine.take_outgoing());
            self.places.extend(self.engine.take_places());
            if !self.engine.has_jobs() {
                return;
            }
        }
    }

    /// Settles the first call of `method` that has left.
    fn settle(&mut self, method: &str, result: CallResult) {
        let place = self.out.iter().position(|out| out.call.method == method).expect("it was made");
        let out = self.out.remove(place);
        self.engine.settle(out.id, result);
        self.flush();
    }

    fn cancel(&mut self, id: InvocationId) {
        assert_eq!(self.engine.cancel(id), Some(Cancelled::Ended));
        self.flush();
    }

    fn answer(&self, id: InvocationId) -> Option<&str> {
        self.answers.iter().find(|(answered, _)| *answered == id).map(|(_, text)| text.as_str())
    }

    fn sent(&self) -> Vec<&str> {
        self.out.iter().map(|out| out.call.method.as_str()).collect()
    }
}

fn with(source: &'static str, body: impl FnOnce(Rig) + Send + 'static) {
    on_engine_stack(move || body(Rig::new(source)));
}

const DONE: CallResult = Ok(JsonText::NULL);

#[test]
fn an_answered_call_goes_on_until_what_it_began_has_ended() {
    const SCRIPT: &str = r"
        let steps = [];
        const work = async () => { await madrpc.call('a'); steps.push(await madrpc.call('b')) };
        madrpc.register('returns', () => { madrpc.call('a'); return 1 });
        madrpc.register('waits', async () => { await null; work(); return 2 });
        madrpc.register('throws', async () => { work(); throw new RangeError('no') });
        madrpc.register('later', () => { Promise.resolve().then(() => null).then(work); return 4 });
        madrpc.register('steps', () => steps);
    ";
    with(SCRIPT, |mut rig| {
        for (id, method) in [(1, "returns"), (2, "waits"), (3, "throws"), (4, "later")] {
            rig.call(id, method);
            assert_eq!(rig.sent(), ["a"], "{method}");
            assert!(rig.answer(id).is_some() && !rig.over.contains(&id), "{method}");
            rig.settle("a", DONE);
            if id > 1 {
                assert!(!rig.over.contains(&id), "{method}");
                rig.settle("b", DONE);
            }
            assert!(rig.over.contains(&id) && rig.sent().is_empty(), "{method}");
        }
        assert_eq!((rig.answer(1), rig.answer(2), rig.answer(4)), (Some("1"), Some("2"), Some("4")));
        assert!(rig.answer(3).is_some_and(|text| text.contains("no")));
        rig.call(5, "steps");
        assert_eq!(rig.answer(5), Some("[null,null,null]"));
        assert_eq!((rig.engine.parked(), rig.engine.take_abandoned()), (0, vec![]));
    });
}

const MEMO: &str = r"
    let memo;
    const load = () => memo ??= madrpc.call('load').catch(error => { memo = undefined; throw error });
    madrpc.register('begin', () => { load(); return 'begun' });
    madrpc.register('get', async () => { try { return await load() } catch (error) { return [error.code, error.message] } });
";

#[test]
fn a_promise_kept_in_a_module_outlives_the_call_that_made_it() {
    with(MEMO, |mut rig| {
        rig.call(1, "begin");
        rig.call(2, "get");
        assert_eq!((rig.answer(1), rig.answer(2), rig.sent()), (Some("\"begun\""), None, vec!["load"]));
        rig.settle("load", JsonText::of(&7).map_err(|_| CallError::Parse));
        rig.call(3, "get");
        assert_eq!((rig.answer(2), rig.answer(3)), (Some("7"), Some("7")));
        assert!(rig.sent().is_empty());
    });
}

#[test]
fn who_waits_for_a_promise_of_a_call_that_is_cut_off_hears_of_it_and_can_begin_anew() {
    with(MEMO, |mut rig| {
        rig.call(1, "get");
        rig.call(2, "get");
        assert_eq!(rig.sent(), ["load"]);
        rig.cancel(1);
        assert_eq!(rig.answer(2), Some(r#"[-32800,"Cancelled: get, which began this, was cancelled"]"#));
        assert_eq!(rig.engine.take_abandoned(), [1], "its call is cancelled");
        rig.out.clear();
        rig.call(3, "get");
        assert_eq!(rig.sent(), ["load"]);
        rig.settle("load", DONE);
        assert_eq!(rig.answer(3), Some("null"));
    });
    with(MEMO, |mut rig| {
        let scope = CallScope { deadline: Instant::now(), ..CallScope::root(Duration::from_secs(5)) };
        rig.begin(1, Call::new("get", None, scope));
        rig.call(2, "get");
        // Whoever serves it cancels it.
        rig.engine.cancel(1);
        rig.flush();
        assert_eq!(rig.answer(2), Some(r#"[-32800,"Cancelled: get, which began this, ran out of time"]"#));
    });
}

#[test]
fn what_an_answered_call_began_ends_with_its_deadline() {
    with(MEMO, |mut rig| {
        let scope =
            CallScope { deadline: Instant::now() + Duration::from_millis(1), ..CallScope::root(Duration::ZERO) };
        let deadline = scope.deadline;
        rig.begin(1, Call::new("begin", None, scope));
        rig.call(2, "get");
        assert_eq!((rig.engine.next_due(), rig.over.len()), (Some(deadline), 0));
        rig.engine.fire_timers(deadline);
        rig.flush();
        assert_eq!(rig.answer(2), Some(r#"[-32800,"Cancelled: begin, which began this, ran out of time"]"#));
        assert_eq!((rig.over, rig.engine.take_abandoned()), (vec![2, 1], vec![1]));
    });
}

#[test]
fn calls_that_share_a_flight_run_on_their_own_behalf() {
    const SCRIPT: &str = r"
        const flights = new Map();
        const once = key => {
            if (!flights.has(key)) flights.set(key, madrpc.call('load', [key]).finally(() => flights.delete(key)));
            return flights.get(key);
        };
        madrpc.register('f', async (_, ctx) => { const got = await once('k'); await madrpc.call('then', [ctx.id]); return got });
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        rig.call(2, "f");
        assert_eq!(rig.sent(), ["load"]);
        rig.settle("load", DONE);
        let parents: Vec<_> = rig.out.iter().map(|out| (out.call.method.as_str(), out.parent)).collect();
        assert_eq!(parents, [("then", 1), ("then", 2)]);
        rig.cancel(1);
        rig.out.remove(0);
        rig.settle("then", DONE);
        assert_eq!(rig.answer(2), Some("null"));
    });
}

/// Each waits for the one before it. Whichever is cut off, those behind it go on.
#[test]
fn a_chain_of_locks_holds_when_a_link_is_cut_off() {
    const SCRIPT: &str = r"
        let chain = Promise.resolve();
        madrpc.register('f', async ([name]) => {
            const before = chain;
            let release;
            chain = new Promise(resolve => release = resolve);
            await before;
            try { return await madrpc.call('work', [name]) } finally { release() }
        });
    ";
    with(SCRIPT, |mut rig| {
        for (id, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
            rig.begin(id, call("f", Some(&format!("[\"{name}\"]"))));
        }
        let working = |rig: &Rig| rig.out.iter().map(|out| out.parent).collect::<Vec<_>>();
        assert_eq!(working(&rig), [1]);
        rig.cancel(2);
        assert_eq!(working(&rig), [1]);
        rig.cancel(1);
        rig.out.remove(0);
        assert_eq!(working(&rig), [3]);
        rig.settle("work", DONE);
        assert_eq!(working(&rig), [4]);
        rig.settle("work", DONE);
        assert_eq!((rig.answer(3), rig.answer(4)), (Some("null"), Some("null")));
        assert_eq!(rig.engine.parked(), 0);
    });
}

/// The engine sees that time is up before whoever serves the call has cancelled it.
#[test]
fn a_continuation_is_not_left_out_at_the_deadline() {
    const SCRIPT: &str = r"
        let release, released = new Promise(resolve => release = resolve);
        madrpc.register('holds', async () => { try { await madrpc.call('work') } finally { release('free') } });
        madrpc.register('waits', () => released);
    ";
    with(SCRIPT, |mut rig| {
        let scope = CallScope { deadline: Instant::now(), ..CallScope::root(Duration::from_secs(5)) };
        rig.begin(1, Call::new("holds", None, scope));
        rig.call(2, "waits");
        rig.settle("work", DONE);
        assert_eq!((rig.answer(1), rig.answer(2)), (Some("-32001 Timeout"), Some("\"free\"")));
    });
}

#[test]
fn last_words_are_bounded_and_begin_nothing() {
    const SCRIPT: &str = r"
        let heard = [];
        madrpc.register('f', async () => {
            try { await madrpc.call('work') } catch (error) {
                heard.push(error.code);
                await madrpc.call('more').catch(error => heard.push(error.code));
                try { setTimeout(() => heard.push('late'), 0) } catch (error) { heard.push(error.code) }
                const again = () => Promise.resolve().then(again);
                again();
            }
        });
        madrpc.register('heard', () => heard);
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        rig.cancel(1);
        assert_eq!((rig.engine.has_jobs(), rig.engine.next_due(), rig.sent().len()), (false, None, 1));
        rig.call(2, "heard");
        assert_eq!(rig.answer(2), Some("[-32800,-32800,-32800]"));
    });
}

#[test]
fn a_call_that_leaves_too_much_behind_has_the_youngest_cancelled() {
    const SCRIPT: &str = r"
        let refused = [];
        madrpc.register('f', () => {
            for (let i = 0; i < 1200; i++) madrpc.call('m', [i]).catch(error => refused.push([i, error.code]));
            return 1;
        });
        madrpc.register('more', async () => {
            for (let i = 0; i < 1000; i++) madrpc.call('m');
            Promise.resolve().then(() => null).then(() => null).then(() => null).then(() => madrpc.call('m')).catch(error => refused.push(error.code));
            return 2;
        });
        madrpc.register('timers', () => { for (let i = 0; i < 1100; i++) setTimeout(() => refused.push(i), 0); return 3 });
        madrpc.register('refused', () => [refused.length, refused[0]?.[0], refused.at(-1)]);
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        assert_eq!((rig.answer(1), rig.out.len()), (Some("1"), 1_000));
        rig.call(2, "refused");
        assert_eq!(rig.answer(2), Some("[200,1199,[1000,-32800]]"));
        rig.call(3, "timers");
        assert_eq!(rig.engine.host.timers.borrow().len(), 1_000);
    });
}

#[test]
fn what_was_published_leaves_whatever_becomes_of_its_maker() {
    const SCRIPT: &str = r"
        madrpc.register('f', () => { madrpc.publish('c', 1); madrpc.notify('n', [1]); madrpc.call('m'); return 1 });
        madrpc.register('g', () => { madrpc.publish('c', 2); madrpc.notify('n', [2]); madrpc.call('m'); return new Promise(() => {}) });
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        assert_eq!(rig.sent(), ["_publish", "n", "m"]);
        rig.out.clear();
        assert!(rig.engine.invoke(2, call("g", None), Instant::now()).is_none());
        rig.engine.cancel(2);
        rig.flush();
        assert_eq!(rig.sent(), ["_publish", "n"]);
    });
}

#[test]
fn a_notification_is_a_call_without_an_answer() {
    const SCRIPT: &str = r"
        madrpc.register('f', () => typeof madrpc.notify('n', { a: 1 }, { timeoutMs: 60_000, tags: { zone: 'x' } }));
        madrpc.register('params', () => { try { madrpc.notify('n', 5) } catch (error) { return [error.name, error.code] } });
        madrpc.register('name', () => { try { madrpc.notify(5) } catch (error) { return error.name } });
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        assert_eq!(rig.answer(1), Some("\"undefined\""));
        assert!(rig.over.is_empty(), "it waits until its notification has left");
        let OutgoingCall { call, alone, bounded, .. } = &rig.out[0];
        assert!(call.notification && *alone && *bounded);
        let left = call.scope.deadline.saturating_duration_since(Instant::now());
        assert!(left > Duration::from_secs(30), "it has a time of its own: {left:?}");
        assert_eq!((call.scope.depth, call.scope.tags.len()), (1, 1));
        rig.settle("n", Err(CallError::NoNode));
        assert_eq!(rig.over, [1]);
        rig.call(2, "params");
        rig.call(3, "name");
        assert_eq!((rig.answer(2), rig.answer(3)), (Some(r#"["RpcError",-32602]"#), Some("\"TypeError\"")));
        assert!(rig.engine.host.notifying.borrow().is_empty());
    });
}

#[test]
fn wait_until_keeps_a_call_alive_for_what_others_do() {
    const SCRIPT: &str = r"
        let release, got, ctx1;
        const waits = new Promise(resolve => release = resolve);
        madrpc.register('f', (_, ctx) => { ctx1 = ctx; ctx.waitUntil(waits.then(() => madrpc.call('after')).then(() => got = 1)); return 1 });
        madrpc.register('release', () => { release(); return 2 });
        madrpc.register('late', () => { try { ctx1.waitUntil(null) } catch (error) { return error.name } });
        madrpc.register('rejects', (_, ctx) => { ctx.waitUntil(Promise.reject(new Error('x'))); return 3 });
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        assert_eq!((rig.answer(1), rig.over.len()), (Some("1"), 0));
        rig.call(2, "release");
        assert_eq!(rig.out.iter().map(|out| (&*out.call.method, out.parent)).collect::<Vec<_>>(), [("after", 1)]);
        rig.settle("after", DONE);
        assert_eq!(rig.over, [2, 1]);
        rig.call(3, "late");
        assert_eq!(rig.answer(3), Some("\"TypeError\""));
        rig.call(4, "rejects");
        assert_eq!((rig.answer(4), rig.over.last()), (Some("3"), Some(&4)));
    });
}

/// A promise of a timer settles even if the call that set it is over: others may wait behind it.
#[test]
fn timers_fire_when_their_call_is_over() {
    const SCRIPT: &str = r"
        let memo, fired = [];
        const sleep = ms => new Promise(done => setTimeout(done, ms));
        const retrying = async () => { for (;;) { await sleep(1); await madrpc.call('load') } };
        madrpc.register('get', async () => { try { return await (memo ??= retrying()) } catch (error) { memo = undefined; return error.code } });
        madrpc.register('sets', () => { setInterval(() => fired.push('interval'), 1); setTimeout(() => fired.push('timer'), 1); return new Promise(() => {}) });
        madrpc.register('fired', () => fired);
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "get");
        rig.call(2, "get");
        rig.cancel(1);
        rig.call(3, "sets");
        rig.cancel(3);
        while let Some(due) = rig.engine.next_due() {
            rig.engine.fire_timers(due);
            rig.flush();
        }
        assert_eq!(rig.answer(2), Some("-32800"), "the first attempt is refused");
        rig.call(4, "fired");
        assert_eq!(rig.answer(4), Some(r#"["timer"]"#));
    });
}

#[test]
fn a_call_that_has_only_timers_left_holds_no_place() {
    const SCRIPT: &str = r"
        let fired = 0;
        madrpc.register('f', () => { setTimeout(() => { fired++; madrpc.call('m') }, 1); AbortSignal.timeout(4000); return 1 });
        madrpc.register('cleared', () => { const timer = setTimeout(() => fired++, 1000); Promise.resolve().then(() => clearTimeout(timer)); return 2 });
        madrpc.register('signal', () => { AbortSignal.timeout(1000); return 3 });
        madrpc.register('fired', () => fired);
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        assert_eq!((rig.answer(1), &rig.places[..]), (Some("1"), &[(1, false)][..]));
        let due = rig.engine.next_due().expect("a timer");
        rig.engine.fire_timers(due);
        rig.flush();
        assert_eq!((rig.sent(), &rig.places[1..]), (vec!["m"], &[(1, true)][..]));
        rig.settle("m", DONE);
        assert_eq!(rig.over, [1]);
        rig.call(2, "cleared");
        rig.call(3, "signal");
        assert_eq!(rig.over, [1, 2, 3]);
        assert_eq!(rig.engine.next_due(), None);
        rig.call(4, "fired");
        assert_eq!(rig.answer(4), Some("1"));
    });
}

#[test]
fn a_stream_that_nobody_reads_on_keeps_no_call_alive() {
    const SCRIPT: &str = r"
        madrpc.register('left', () => { const stream = madrpc.stream('s'); return 1 });
        madrpc.register('read', () => { (async () => { for await (const item of madrpc.stream('s')); })(); return 2 });
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "left");
        assert_eq!((rig.answer(1), &rig.over[..]), (Some("1"), &[1][..]));
        rig.call(2, "read");
        assert_eq!((rig.answer(2), &rig.over[..]), (Some("2"), &[1][..]));
        let last = rig.out.pop().expect("the stream");
        rig.engine.settle(last.id, DONE);
        rig.flush();
        assert_eq!(rig.over, [1, 2]);
    });
}

#[test]
fn a_throw_after_the_answer_is_logged_and_ends_nothing() {
    const SCRIPT: &str = r"
        madrpc.register('f', () => { setTimeout(() => { throw new Error('late') }, 1); madrpc.call('m'); return 1 });
    ";
    with(SCRIPT, |mut rig| {
        rig.call(1, "f");
        let due = rig.engine.next_due().expect("a timer");
        rig.engine.fire_timers(due);
        rig.flush();
        assert!(rig.over.is_empty());
        rig.settle("m", DONE);
        assert_eq!(rig.over, [1]);
    });
}
