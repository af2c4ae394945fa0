//! What only Linux offers a supervisor. Elsewhere engines run without it.

use std::ffi::CStr;
use std::io;
use std::path::PathBuf;

/// What is added to the engine's share in the system's choice of whom to kill when memory runs out, of 1000 at most.
#[cfg(target_os = "linux")]
const OOM_SCORE: i32 = 500;

/// A path that runs this very program, even if the file it came from has been replaced or removed.
#[cfg(target_os = "linux")]
pub(super) fn this_program() -> io::Result<PathBuf> {
    let program = PathBuf::from("/proc/self/exe");
    // The link can't be read where /proc is not mounted.
    match program.symlink_metadata() {
        Ok(_) => Ok(program),
        Err(_) => std::env::current_exe(),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn this_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// From now on this process is killed when the thread that started it ends.
#[cfg(target_os = "linux")]
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(())
}

/// Makes this process the system's choice before its supervisor when memory runs out.
#[cfg(target_os = "linux")]
pub(super) fn prefer_to_be_killed() {
    const FILE: &str = "/proc/self/oom_score_adj";
    let raised = std::fs::read_to_string(FILE).and_then(|score| {
        let score: i32 = score.trim().parse().map_err(io::Error::other)?;
        std::fs::write(FILE, (score + OOM_SCORE).min(1000).to_string())
    });
    if let Err(error) = raised {
        log::debug!("{FILE} can't be raised: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn prefer_to_be_killed() {}

/// Names this process in `ps` and `top`: after `/proc/self/exe` it would be called `exe`. At most 15 bytes.
#[cfg(target_os = "linux")]
pub(super) fn be_called(name: &CStr) {
    if let Err(error) = rustix::thread::set_name(name) {
        log::debug!("this process can't be named: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn be_called(_: &CStr) {}
