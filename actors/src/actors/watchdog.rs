//! Watchdog: a thread that sees what can't be interrupted, and ends the engine's process because of it.
//!
//! The interrupter stops JavaScript at the next step that it takes. A regular expression that backtracks takes none, and a
//! single call of a builtin may fill the memory of the machine: the process must go then, and its supervisor starts
//! another.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::js_pool::{JsPool, Running};
use crate::policy::admission::Admission;
use crate::policy::overrun::{pace, Overruns, Sighting};
use crate::protocol::CallError;

/// Exit code of a process that a limit has ended.
pub const LIMIT_EXCEEDED: i32 = 70;

/// What the interrupter, which stops the call alone, has time for before this thread steps in.
const GRACE: Duration = Duration::from_millis(250);

/// Between looks at whether the other calls have ended.
const LOOK: Duration = Duration::from_millis(10);

/// How long calls on other executors may go on when one has overrun.
const OTHERS: Duration = Duration::from_millis(250);

/// How long the answer to the call that is to blame may take out of the process; it wouldn't be worth much memory.
const ANSWER: Duration = Duration::from_millis(10);

/// What the watchdog watches.
#[derive(Debug)]
pub struct Watchdog {
    /// The executors.
    pub pool: JsPool,
    /// Tells whether calls are under way.
    pub admission: Admission,
    /// Running time of one call.
    pub cpu_limit: Duration,
    /// Memory of this process, in bytes.
    pub memory_limit: u64,
    /// Whoever admits calls has a clone.
    pub rouser: Rouser,
}

/// Rouses a watchdog when there is something to watch. Clones rouse the same one.
#[derive(Clone, Debug, Default)]
pub struct Rouser(Arc<Rest>);

#[derive(Debug, Default)]
struct Rest {
    watchdog: OnceLock<Thread>,
    /// The watchdog rests because no call is under way.
    rests: AtomicBool,
}

impl Rouser {
    /// A call has been admitted. Next to nothing unless it is the first after a pause.
    pub fn rouse(&self) {
        // The race with a watchdog that lies down just now is harmless: it does not rest for long.
        if self.0.rests.load(Ordering::Relaxed) && self.0.rests.swap(false, Ordering::Relaxed) {
            if let Some(watchdog) = self.0.watchdog.get() {
                watchdog.unpark();
            }
        }
    }
}

/// Which limit was broken.
#[derive(Clone, Copy, Debug)]
enum Breach {
    Cpu { ran: Duration },
    Memory { used: u64 },
}

impl Watchdog {
    /// Watches from now on. When a limit is broken, the call that is to blame is answered, `leaving` gets the reason in
    /// words, and the process ends soon after that, with exit code 70.
    pub fn start(self, leaving: impl FnOnce(String) + Send + 'static) -> io::Result<()> {
        std::thread::Builder::new().name("watchdog".into()).spawn(move || {
            let (breach, culprit) = self.watch();
            let reason = self.reason(breach, culprit.as_ref());
            log::error!("{reason}: the engine ends");
            if let Some(culprit) = &culprit {
                self.pool.give_up(culprit.turn.invocation, self.error(breach));
            }
            leaving(reason);
            self.linger(breach);
            // Runs no destructors of other threads. If it hangs all the same, the supervisor does not wait for long.
            std::process::exit(LIMIT_EXCEEDED);
        })?;
        Ok(())
    }

    /// Returns when a limit is broken, with the call that is to blame, as far as that can be told.
    fn watch(&self) -> (Breach, Option<Running>) {
        let rest = &self.rouser.0;
        rest.watchdog.get_or_init(std::thread::current);
        let mut overruns = Overruns::new(self.cpu_limit.saturating_add(GRACE));
        let memory = Memory::open();
        loop {
            let running = self.pool.running();
            if let Some(used) = memory.as_ref().and_then(Memory::used).filter(|used| *used > self.memory_limit) {
                // What has run for longest has had the most time to allocate.
                return (Breach::Memory { used }, running.into_iter().min_by_key(|running| running.turn.since));
            }
            let sightings: Vec<Sighting> = running.iter().map(sighting).collect();
            let now = Instant::now();
            if let Some(overrun) = overruns.look(now, &sightings) {
                let culprit = running.into_iter().find(|running| running.executor == overrun.executor);
                return (Breach::Cpu { ran: overrun.ran }, culprit);
            }
            rest.rests.store(sightings.is_empty() && self.admission.inflight() == 0, Ordering::Relaxed);
            std::thread::park_timeout(pace(now, &sightings, self.admission.inflight()));
        }
    }

    fn reason(&self, breach: Breach, culprit: Option<&Running>) -> String {
        let who = match culprit {
            // The name is a script's, and registered; the id is that of the call's lines in the log.
            Some(culprit) => format!("call {:016x} of {:?}", culprit.turn.call, culprit.turn.method),
            None => "no call".to_owned(),
        };
        match breach {
            Breach::Cpu { ran } => {
                format!("CPU limit: {who} has run for {ran:.1?}, and {:?} is allowed", self.cpu_limit)
            }
            Breach::Memory { used } => {
                let mib = |bytes: u64| bytes / (1 << 20);
                let allowed = mib(self.memory_limit);
                format!("memory limit: the engine has {} MiB while {who} runs, and {allowed} MiB is allowed", mib(used))
            }
        }
    }

    /// As the interrupter says it.
    fn error(&self, breach: Breach) -> CallError {
        match breach {
            Breach::Cpu { .. } => {
                let limit = u64::try_from(self.cpu_limit.as_millis()).unwrap_or(u64::MAX);
                CallError::LimitExceeded { what: "running time in ms", limit }
            }
            Breach::Memory { .. } => CallError::LimitExceeded { what: "memory in bytes", limit: self.memory_limit },
        }
    }

    /// Lets the answer out, and where there is memory for it the other calls come to their end.
    fn linger(&self, breach: Breach) {
        std::thread::sleep(ANSWER);
        if let Breach::Cpu { .. } = breach {
            let deadline = Instant::now() + OTHERS;
            while self.admission.inflight() > 0 && Instant::now() < deadline {
                std::thread::sleep(LOOK);
            }
        }
    }
}

fn sighting(running: &Running) -> Sighting {
    Sighting {
        executor: running.executor,
        invocation: running.turn.invocation,
        since: running.turn.since,
        before: running.turn.before,
        cpu: running.thread.and_then(thread_cpu),
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
