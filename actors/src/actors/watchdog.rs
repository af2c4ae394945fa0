//! Watchdog: the thread that looks at what the executors run, since a thread that runs JavaScript can't look at itself.
//!
//! There are two lines of defence. A script that has run for too long, has grown too much, or is wanted by nobody is
//! stopped, and nothing else happens. Where that does nothing, since some builtin does not look whether it must end, or
//! where the process as a whole has too much memory, the process must go, and its supervisor starts another.

use std::sync::atomic::{fence, AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::js_pool::PoolCore;
use crate::engine::{heap, Turn, Watch};
use crate::policy::admission::Admission;
use crate::policy::overrun::{pace, RunningTimes, Sighting};
use crate::protocol::CallError;

/// Exit code of a process that a limit has ended.
pub const LIMIT_EXCEEDED: i32 = 70;

/// What the first line has time for before the second steps in.
const GRACE: Duration = Duration::from_millis(250);

/// Between looks at whether the other calls have ended.
const LOOK: Duration = Duration::from_millis(10);

/// How long calls on other executors may go on when one has overrun.
const OTHERS: Duration = Duration::from_millis(250);

/// How long the answer to the call that is to blame may take out of the process; it wouldn't be worth much memory.
const ANSWER: Duration = Duration::from_millis(10);

/// The second line of defence, for a process that may be ended.
pub struct LastResort {
    /// Tells whether calls are under way.
    pub admission: Admission,
    /// Memory of this process, in bytes.
    pub memory_limit: u64,
    /// Hears why the process is about to end, with exit code 70.
    pub leaving: Box<dyn Fn(String) + Send + Sync>,
}

impl std::fmt::Debug for LastResort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastResort").field("memory_limit", &self.memory_limit).finish_non_exhaustive()
    }
}

/// A thread that may run JavaScript.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    /// Tells it from others.
    pub(super) number: usize,
    /// What runs there.
    pub(super) watch: Arc<Watch>,
    /// As the system numbers it.
    pub(super) thread: Option<i32>,
}

/// Rouses a watchdog when there is something to watch.
#[derive(Debug, Default)]
pub(super) struct Rouser {
    watchdog: OnceLock<Thread>,
    /// The watchdog rests because no call is under way.
    rests: AtomicBool,
}

impl Rouser {
    /// A call has been given to an executor. Next to nothing unless it is the first after a pause.
    pub(super) fn rouse(&self) {
        // With the fence of `lie_down`: either this sees that the watchdog rests, or the watchdog sees the call.
        fence(Ordering::SeqCst);
        if self.rests.load(Ordering::Relaxed) && self.rests.swap(false, Ordering::Relaxed) {
            if let Some(watchdog) = self.watchdog.get() {
                watchdog.unpark();
            }
        }
    }

    /// To be said before the look that decides whether the watchdog rests: a call that the look misses undoes it.
    fn lie_down(&self) {
        self.rests.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    fn stay_up(&self) {
        self.rests.store(false, Ordering::Relaxed);
    }
}

/// Starts the thread; it ends with the pool.
pub(super) fn start(pool: &Arc<PoolCore>) -> std::io::Result<()> {
    let pool = Arc::downgrade(pool);
    std::thread::Builder::new().name("watchdog".into()).spawn(move || run(&pool)).map(drop)
}

fn run(pool: &Weak<PoolCore>) {
    let mut watchdog = Watchdog { times: RunningTimes::default(), memory: Memory::open() };
    while let Some(pool) = pool.upgrade() {
        let rouser = pool.rouser();
        rouser.watchdog.get_or_init(std::thread::current);
        rouser.lie_down();
        let (now, seen) = watchdog.look(&pool);
        let waiting = pool.has_calls();
        if waiting || !seen.is_empty() {
            rouser.stay_up();
        }
        drop(pool);
        std::thread::park_timeout(pace(now, &seen, waiting));
    }
}

/// Which limit was broken.
#[derive(Clone, Copy, Debug)]
enum Breach {
    Cpu { ran: Duration, limit: Duration },
    Memory { used: u64, limit: u64 },
}

struct Watchdog {
    times: RunningTimes,
    memory: Option<Memory>,
}

impl Watchdog {
    /// One look at everything that runs. Does not return when the last resort is taken.
    fn look(&mut self, pool: &PoolCore) -> (Instant, Vec<Sighting>) {
        let running: Vec<(Watched, Turn)> =
            pool.watched().into_iter().filter_map(|watched| watched.watch.turn().map(|turn| (watched, turn))).collect();
        let seen: Vec<Sighting> = running.iter().map(|(watched, turn)| sighting(pool, watched, turn)).collect();
        let now = Instant::now();
        let ran = self.times.look(now, &seen);
        for (((watched, turn), seen), ran) in running.iter().zip(&seen).zip(&ran) {
            if let Some(reason) = seen.stop_reason(*ran, pool.limits(), now) {
                let text = reason.to_string();
                if watched.watch.stop(turn, reason, *ran) {
                    log::warn!("{} is stopped: {text} call={:016x}", turn.method, turn.call);
                }
            }
        }
        if let Some(last_resort) = pool.last_resort() {
            if let Some((breach, culprit)) = self.breach(pool, last_resort, &running, &ran) {
                end_process(pool, last_resort, breach, culprit);
            }
        }
        (now, seen)
    }

    /// A limit that is broken although the first line has had its time, and the turn that is to blame, as far as that
    /// can be told.
    fn breach<'a>(
        &self,
        pool: &PoolCore,
        last_resort: &LastResort,
        running: &'a [(Watched, Turn)],
        ran: &[Duration],
    ) -> Option<(Breach, Option<&'a Turn>)> {
        let limit = last_resort.memory_limit;
        let too_much = || self.memory.as_ref().and_then(Memory::used).filter(|used| *used > limit);
        // What was freed, and is kept for the next time, is nobody's fault: it goes back first.
        if let Some(used) = too_much().and_then(|_| {
            heap::give_back();
            too_much()
        }) {
            let largest = running.iter().max_by_key(|(watched, turn)| watched.watch.heap_growth_of(turn));
            return Some((Breach::Memory { used, limit }, largest.map(|(_, turn)| turn)));
        }
        let limit = pool.limits().cpu?;
        // From when it was told to stop: this thread may have been late to tell.
        let grace_ends = |turn: &Turn| Some(turn.told_to_stop?.max(limit).saturating_add(GRACE));
        let resisting =
            ran.iter().zip(running).filter(|(ran, (_, turn))| grace_ends(turn).is_some_and(|end| **ran > end));
        let (ran, (_, turn)) = resisting.max_by_key(|(ran, _)| **ran)?;
        Some((Breach::Cpu { ran: *ran, limit }, Some(turn)))
    }
}

fn sighting(pool: &PoolCore, watched: &Watched, turn: &Turn) -> Sighting {
    Sighting {
        executor: watched.number,
        invocation: turn.invocation,
        since: turn.since,
        before: turn.before,
        deadline: turn.deadline,
        heap_growth: watched.watch.heap_growth_of(turn),
        unwanted: !turn.is_told && pool.is_unwanted(watched.number, turn.invocation),
        cpu: watched.thread.and_then(thread_cpu),
    }
}

/// Answers the call that is to blame, says why, and ends the process soon after that.
fn end_process(pool: &PoolCore, last_resort: &LastResort, breach: Breach, culprit: Option<&Turn>) -> ! {
    let reason = in_words(breach, culprit);
    log::error!("{reason}: the engine ends");
    if let Some(culprit) = culprit {
        pool.give_up(culprit.invocation, error(breach));
    }
    (last_resort.leaving)(reason);
    std::thread::sleep(ANSWER);
    // Where there is memory for it the other calls come to their end.
    if let Breach::Cpu { .. } = breach {
        let deadline = Instant::now() + OTHERS;
        while last_resort.admission.inflight() > 0 && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
    }
    // Runs no destructors of other threads. If it hangs all the same, the supervisor does not wait for long.
    std::process::exit(LIMIT_EXCEEDED);
}

fn in_words(breach: Breach, culprit: Option<&Turn>) -> String {
    let who = match culprit {
        // The name is a script's, and registered; the id is that of the call's lines in the log.
        Some(culprit) => format!("call {:016x} of {:?}", culprit.call, culprit.method),
        None => "no call".to_owned(),
    };
    match breach {
        Breach::Cpu { ran, limit } => format!("CPU limit: {who} has run for {ran:.1?}, and {limit:?} is allowed"),
        Breach::Memory { used, limit } => {
            let mib = |bytes: u64| bytes / (1 << 20);
            let (used, limit) = (mib(used), mib(limit));
            format!("memory limit: the engine has {used} MiB while {who} runs, and {limit} MiB is allowed")
        }
    }
}

/// As the first line says it.
fn error(breach: Breach) -> CallError {
    match breach {
        Breach::Cpu { limit, .. } => CallError::ran_too_long(limit),
        Breach::Memory { limit, .. } => CallError::LimitExceeded { what: "memory in bytes", limit },
    }
}

/// Processor time of a thread of this process, where the system tells.
fn thread_cpu(thread: i32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

/// How much memory this process has in RAM. The file is kept open, so that a look costs no more than it must.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Memory {
    statm: std::fs::File,
    page_size: u64,
}

#[cfg(target_os = "linux")]
impl Memory {
    fn open() -> Option<Self> {
        match std::fs::File::open("/proc/self/statm") {
            Ok(statm) => Some(Memory { statm, page_size: rustix::param::page_size() as u64 }),
            Err(error) => {
                log::warn!("the memory limit can't be kept: /proc/self/statm: {error}");
                None
            }
        }
    }

    fn used(&self) -> Option<u64> {
        let mut text = [0; 128];
        let length = std::os::unix::fs::FileExt::read_at(&self.statm, &mut text, 0).ok()?;
        let pages = resident_pages(text.get(..length)?)?;
        Some(pages.saturating_mul(self.page_size))
    }
}

/// The second field of statm (proc_pid_statm(5)).
#[cfg(target_os = "linux")]
fn resident_pages(statm: &[u8]) -> Option<u64> {
    std::str::from_utf8(statm).ok()?.split(' ').nth(1)?.parse().ok()
}

/// Other systems have no /proc.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Memory;

#[cfg(not(target_os = "linux"))]
impl Memory {
    fn open() -> Option<Self> {
        log::warn!("the memory limit is not kept on this system");
        None
    }

    fn used(&self) -> Option<u64> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_is_what_the_system_says() {
        assert_eq!(resident_pages(b"5000 1234 300 40 0 500 0\n"), Some(1234));
        assert_eq!(resident_pages(b""), None);
        let memory = Memory::open().expect("/proc is mounted");
        let before = memory.used().expect("readable");
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        let grown = memory.used().expect("readable") - before;
        assert!(grown > 60 << 20, "{grown}");
        drop(block);
    }

    #[test]
    fn a_thread_s_processor_time_is_its_own() {
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        let before = thread_cpu(thread).expect("the system tells");
        let start = Instant::now();
        let mut n = 0_u64;
        while start.elapsed() < Duration::from_millis(30) {
            n = std::hint::black_box(n + 1);
        }
        let used = thread_cpu(thread).expect("the system tells") - before;
        assert!(used > Duration::ZERO && used < start.elapsed() * 2, "{used:?}");
        assert_eq!(thread_cpu(i32::MAX), None);
    }
}
