//! Turns that no call begins hold no other call up, and what waits behind a long turn moves on.

use futures_util::FutureExt;

use super::*;
use crate::engine::Turn;

/// How long a turn must have run to be the long one, and how many calls come meanwhile.
const LONG: Duration = Duration::from_millis(50);
const PINGS: usize = 200;

/// Spins for longer than the calls beside it could ever take.
const TURNS: &str = r"
const spin = () => { const end = Date.now() + 8000; while (Date.now() < end); };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
async function* ticks() { for (;;) { await sleep(1); yield 1; } }
madrpc.register('ping', () => 'pong');
madrpc.register('spin', ([ms]) => { const end = Date.now() + ms; while (Date.now() < end); return 'spun'; });
madrpc.register('hold', () => new Promise(() => {}));
madrpc.register('call', () => spin());
madrpc.register('timer', () => new Promise((done) => setTimeout(() => { spin(); done(); }, 1)));
madrpc.register('interval', () => new Promise(() => setInterval(spin, 1)));
madrpc.register('resumed by a timer', async () => { await sleep(1); spin(); });
madrpc.register('resumed by an answer', async () => { await madrpc.call('ping'); spin(); });
madrpc.register('resumed by a generator', async () => { for await (const tick of ticks()) spin(); });
madrpc.register('promise jobs', async () => { await sleep(1); for (const end = Date.now() + 8000; Date.now() < end;) await null; });
madrpc.register('after callSync', () => { madrpc.callSync('ping'); spin(); });
madrpc.register('callSync in a timer', () => new Promise((done) => setTimeout(() => { madrpc.callSync('ping'); spin(); done(); }, 1)));
";

const KINDS: [&str; 9] = [
    "call",
    "timer",
    "interval",
    "resumed by a timer",
    "resumed by an answer",
    "resumed by a generator",
    "promise jobs",
    "after callSync",
    "callSync in a timer",
];

fn with_turns<F: Future<Output = ()>>(executors: usize, body: impl FnOnce(JsPool, Admission) -> F) {
    actix_rt::System::new().block_on(async {
        let admission = Admission::new(10_000);
        let pool = JsPool::start(PoolConfig { executors, ..config(program(TURNS)) }).expect("loads");
        body(pool, admission.clone()).await;
        until_idle(&admission).await;
    });
}

/// The turn of `method` that has run for long.
fn long_turn(pool: &JsPool, method: &str) -> Option<Turn> {
    let turns = pool.0.watched().into_iter().filter_map(|watched| watched.watch.turn());
    turns.into_iter().find(|turn| &*turn.method == method && turn.since.elapsed() >= LONG)
}

#[test]
fn calls_do_not_wait_behind_a_turn_of_any_kind_while_an_executor_is_idle() {
    for kind in KINDS {
        with_turns(2, |pool, admission| async move {
            let mut slow = Box::pin(pool.invoke(call(kind, "[]"), admission.admit(1, 0).expect("free")));
            let begun = Instant::now();
            let mut pings = 0;
            while pings < PINGS {
                assert_eq!(run(&pool, &admission, "ping", "[]").await, "\"pong\"", "{kind}");
                // Jobs are many turns, each of them short.
                if long_turn(&pool, kind).is_some() || kind == "promise jobs" {
                    pings += 1;
                }
                assert!(begun.elapsed() < Duration::from_secs(20), "{kind}: its turn was never seen");
            }
            let ended = (&mut slow).now_or_never();
            assert!(ended.is_none(), "{kind}: the calls waited until it had ended: {ended:?}");
        });
    }
}

#[test]
fn an_executor_that_has_run_dry_takes_over_what_waits_behind_a_long_turn() {
    with_turns(2, |pool, admission| async move {
        let spin = |ms: &str| Box::pin(pool.invoke(call("spin", ms), admission.admit(1, 0).expect("free")));
        let (short, mut long) = (spin("[200]"), spin("[8000]"));
        let running = || pool.0.watched().iter().filter(|watched| watched.watch.turn().is_some()).count();
        let begun = Instant::now();
        while running() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(10), "the second never moved to the other executor");
            tokio::task::yield_now().await;
        }
        // Several, so that some wait behind either.
        let pings = (0..8).map(|_| run(&pool, &admission, "ping", "[]"));
        assert!(futures_util::future::join_all(pings).await.iter().all(|answer| answer == "\"pong\""));
        assert_eq!(short.await.expect("it has ended").as_str(), "\"spun\"");
        assert!((&mut long).now_or_never().is_none(), "they waited until the long one had ended");
    });
}

#[test]
fn a_call_that_has_moved_to_another_executor_is_cancelled_there() {
    with_turns(2, |pool, admission| async move {
        let slow = pool.invoke(call("spin", "[8000]"), admission.admit(1, 0).expect("free"));
        let held = pool.invoke(call("hold", "[]"), admission.admit(1, 0).expect("free"));
        let parked = || pool.0.lock_roster().everyone.iter().any(|executor| !executor.calls.none_parked());
        let begun = Instant::now();
        while !parked() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it never began");
            tokio::task::yield_now().await;
        }
        let (first, id) = (pool.0.active.load()[0].clone(), pool.0.next_invocation.load(Ordering::Relaxed) - 1);
        assert!(!first.calls.has(id), "it is behind the one that spins");
        // Its caller stays, so that nothing else finds out.
        pool.0.cancel(&first, id);
        while parked() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it is still there");
            tokio::task::yield_now().await;
        }
        drop((slow, held));
    });
}

#[test]
fn executors_that_stood_in_for_others_end_when_they_have_nothing_to_do() {
    with_pool(1, |pool, admission| async move {
        assert_eq!(run(&pool, &admission, "deepSync", "[30]").await, "30");
        let stand_ins = || pool.0.lock_roster().spares;
        assert!(stand_ins() >= 30, "each level blocks an executor");
        let begun = Instant::now();
        while stand_ins() > KEPT_SPARES {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} stand-ins stay", stand_ins());
            tokio::task::yield_now().await;
        }
        // The next are as good.
        assert_eq!(run(&pool, &admission, "deepSync", "[30]").await, "30");
        let roster = pool.0.lock_roster();
        assert_eq!(roster.everyone.len(), 1 + roster.spares);
    });
}
