//! What Linux tells of a process.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Fields of /proc/PID/stat from the third on: those after the name, which may hold spaces.
fn stat(pid: u32) -> Option<Vec<String>> {
    fields(Path::new(&format!("/proc/{pid}/stat")))
}

fn fields(stat: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(stat).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Processor time that the process has used so far, user and system.
pub(crate) fn cpu_time(pid: u32) -> Duration {
    let fields = stat(pid).expect("the process runs");
    let ticks = |index: usize| fields[index].parse::<u64>().expect("a number");
    // utime and stime, fields 14 and 15, in hundredths of a second on Linux whatever the kernel's own tick is.
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

/// False once the process has ended and closed all that it had open; a zombie has. The first of several threads may be a
/// zombie before the others, which keep everything open, have ended.
pub(crate) fn is_alive(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut states = threads.filter_map(|thread| fields(&thread.path().join("stat"))?.into_iter().next());
    states.any(|state| state != "Z" && state != "X")
}

/// The processes whose parent is `pid`.
pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc can be read");
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| stat(*child).is_some_and(|fields| fields[1] == pid.to_string())).collect()
}

/// Sends a signal, by its name without SIG.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().expect("sh can be started");
    assert!(status.success(), "no signal could be sent to {pid}");
}

/// Memory that the process has in RAM, in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let kilobytes = text.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"));
    kilobytes.and_then(|number| number.trim().parse::<u64>().ok()).expect("a number of kB") * 1024
}

/// The most memory that the process has had in RAM since `forget_peak`, in bytes.
pub(crate) fn peak(pid: u32) -> u64 {
    memory(pid, "VmHWM:")
}

/// The peak is what there is now.
pub(crate) fn forget_peak(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("the process is ours");
}

/// Files and sockets that the process has open.
pub(crate) fn open_files(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count())
}

/// Whether no thread of the process runs after SIGSTOP, which comes to each in its own time.
pub(crate) fn is_stopped(pid: u32) -> bool {
    let mut tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stopped = |task: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    tasks.all(stopped)
}

/// Threads of the process.
pub(crate) fn threads_of(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, |tasks| tasks.count())
}
