//! What the system tells about this process. Only Linux tells all of it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{clock_gettime, ClockId};

/// Memory of this process that is in RAM.
pub fn resident_bytes() -> Option<u64> {
    // It is said in kB, whatever the size of a page.
    status_kb(&std::fs::read_to_string("/proc/self/status").ok()?, "VmRSS:").map(|kb| kb * 1024)
}

/// Address space of this process.
pub fn virtual_bytes() -> Option<u64> {
    status_kb(&std::fs::read_to_string("/proc/self/status").ok()?, "VmSize:").map(|kb| kb * 1024)
}

fn status_kb(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Descriptors that are open.
pub fn open_descriptors() -> Option<usize> {
    // The one that reads the folder is not counted.
    std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1))
}

/// Descriptors that may be open.
pub fn most_descriptors() -> Option<u64> {
    rlimit::getrlimit(rlimit::Resource::NOFILE).ok().map(|(soft, _)| soft)
}

/// Processor time of all threads since the process started.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// When something of this process was, in seconds of Unix time.
pub fn unix_seconds(at: Instant) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(at.elapsed()).as_secs_f64()
}

/// Tells the share of the processors in use since it was last asked.
#[derive(Debug)]
pub struct CpuShare {
    processors: usize,
    at: Instant,
    used: Duration,
    share: f64,
}

/// What is asked sooner after the last answer gets that answer again: it would be chance.
const SHORTEST: Duration = Duration::from_millis(300);

impl CpuShare {
    /// Of `processors`, from now on.
    pub fn new(processors: usize) -> Self {
        CpuShare { processors: processors.max(1), at: Instant::now(), used: cpu_time(), share: 0.0 }
    }

    /// 0 to 1.
    pub fn take(&mut self) -> f64 {
        self.take_at(Instant::now(), cpu_time())
    }

    fn take_at(&mut self, now: Instant, used: Duration) -> f64 {
        let elapsed = now.saturating_duration_since(self.at);
        if elapsed >= SHORTEST {
            let available = elapsed.as_secs_f64() * self.processors as f64;
            self.share = (used.saturating_sub(self.used).as_secs_f64() / available).clamp(0.0, 1.0);
            (self.at, self.used) = (now, used);
        }
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read() {
        let status = "Name:\tx\nVmRSS:\t   21504 kB\nVmSwap:\t 1 kB\n";
        assert_eq!((status_kb(status, "VmRSS:"), status_kb(status, "VmSize:")), (Some(21504), None));
        #[cfg(target_os = "linux")]
        assert!(resident_bytes().is_some_and(|bytes| bytes > 500_000));
    }

    #[test]
    fn the_share_is_of_all_processors_since_the_last_answer() {
        let mut share = CpuShare::new(2);
        let (at, used) = (share.at, share.used);
        let second = Duration::from_secs(1);
        assert_eq!(share.take_at(at + second, used + second), 0.5);
        assert_eq!(share.take_at(at + second + SHORTEST / 2, used + second), 0.5, "too soon");
        assert_eq!(share.take_at(at + 3 * second, used + second), 0.0);
        assert_eq!(share.take_at(at + 4 * second, used + 9 * second), 1.0);
    }
}
