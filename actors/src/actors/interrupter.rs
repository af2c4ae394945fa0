//! The thread that looks at what the executors run, and stops what has run for too long, grown too much, or is wanted
//! by nobody: a thread that runs JavaScript can't.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::js_pool::PoolCore;
use crate::engine::Watch;
use crate::policy::interrupts::{Interrupts, Sight};

/// Between looks while JavaScript runs.
const LOOK: Duration = Duration::from_millis(5);

/// Between looks while none was seen.
const IDLE_LOOK: Duration = Duration::from_millis(20);

/// Something that may run JavaScript.
#[derive(Debug)]
pub(super) struct Watched {
    /// Tells it from others.
    pub(super) number: usize,
    /// What runs there.
    pub(super) watch: Arc<Watch>,
    /// Its thread, as the system numbers it.
    pub(super) thread: Option<i32>,
}

/// Starts the thread; it ends with the pool.
pub(super) fn start(pool: &Arc<PoolCore>) -> std::io::Result<()> {
    let pool = Arc::downgrade(pool);
    std::thread::Builder::new().name("js-interrupter".into()).spawn(move || run(&pool)).map(drop)
}

fn run(pool: &Weak<PoolCore>) {
    let mut interrupts = Interrupts::default();
    while let Some(pool) = pool.upgrade() {
        let busy = look(&pool, &mut interrupts);
        drop(pool);
        std::thread::sleep(if busy { LOOK } else { IDLE_LOOK });
    }
}

/// One look at all; true when some JavaScript runs.
fn look(pool: &PoolCore, interrupts: &mut Interrupts) -> bool {
    let mut busy = false;
    for watched in pool.watched() {
        let Some(turn) = watched.watch.turn() else { continue };
        busy = true;
        let sight = Sight {
            turn: (turn.invocation, turn.since),
            before: turn.before,
            deadline: turn.deadline,
            heap_growth: watched.watch.heap_growth(),
            unwanted: pool.is_unwanted(watched.number, turn.invocation),
        };
        let cpu = || watched.thread.and_then(thread_cpu);
        let verdict = interrupts.look(watched.number, &sight, pool.limits(), Instant::now(), cpu);
        if let Some(reason) = verdict {
            let text = reason.to_string();
            if watched.watch.stop(&turn, reason) {
                log::warn!("{} is stopped: {text} call={:016x}", turn.method, turn.call);
            }
        }
    }
    busy
}

/// Processor time that a thread of this process has used, where the system tells.
fn thread_cpu(thread: i32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
