//! One engine as its supervisor sees it: a child process.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use rustix::process::{kill_process, Pid, Signal};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::status::{Role, Status, Statuses};
use super::{supervised, system};
use crate::shutdown::{Reason, Reasons, PARENT_STDIN};

/// How long the last words of a dead engine are waited for. They are in the pipe already, but a process that a
/// debugger, say, has left behind may keep the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A running engine. Dropping it kills it.
pub(super) struct EngineProcess {
    child: Child,
    statuses: Statuses<ChildStdout>,
    /// Set once the process is gone.
    ended: Option<ExitStatus>,
}

/// What one hears of an engine.
pub(super) enum Event {
    Says(Status),
    /// The last event.
    Ended(ExitStatus),
}

impl EngineProcess {
    /// Runs this very program with the same arguments, `socket` being its standard input.
    pub(super) fn start(socket: &OwnedFd, role: &Role) -> anyhow::Result<Self> {
        let mut command = Command::new(system::this_program()?);
        let mut arguments = std::env::args_os();
        command
            .arg0(arguments.next().unwrap_or_else(|| OsString::from("madrpc-actor")))
            .args(arguments)
            .env(supervised::ROLE, serde_json::to_string(role)?)
            .env_remove(PARENT_STDIN)
            .stdin(Stdio::from(socket.try_clone().context("the listening socket can't be passed on")?))
            .stdout(Stdio::piped())
            // Ctrl-C is for the supervisor alone, which passes it on.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().context("the engine can't be started")?;
        let stdout = child.stdout.take().context("standard output is piped")?;
        Ok(EngineProcess { child, statuses: Statuses::new(stdout), ended: None })
    }

    /// What comes next from this engine. May be dropped and called again.
    pub(super) async fn event(&mut self) -> Event {
        let status = match self.ended {
            Some(status) => status,
            None => tokio::select! {
                biased;
                Some(status) = self.statuses.next() => return Event::Says(status),
                status = self.child.wait() => match status {
                    Ok(status) => *self.ended.insert(status),
                    // Nobody else waits for this child, so it can't be lost.
                    Err(error) => {
                        log::error!("the engine can't be waited for: {error}");
                        *self.ended.insert(ExitStatus::default())
                    }
                },
            },
        };
        match timeout(LAST_WORDS, self.statuses.next()).await {
            Ok(Some(said)) => Event::Says(said),
            _ => Event::Ended(status),
        }
    }

    /// Asks it to read its scripts again.
    pub(super) fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Asks it to end, each time that there is a reason, kills it when it has not after `longest`, and gives the exit
    /// code.
    pub(super) async fn end(mut self, reason: Reason, further: &mut Reasons, longest: Duration) -> u8 {
        let asked = signal_of(reason);
        self.signal(asked);
        let ended = async {
            loop {
                tokio::select! {
                    status = self.child.wait() => return status,
                    reason = further.next() => signal_to(&self.child, signal_of(reason)),
                }
            }
        };
        match timeout(longest, ended).await {
            // It did not expect the signal yet, and had nothing to bring to an end.
            Ok(Ok(status)) if status.signal() == Some(asked.as_raw()) => 0,
            Ok(Ok(status)) => exit_code(status),
            Ok(Err(error)) => {
                log::error!("the engine can't be waited for: {error}");
                1
            }
            Err(_) => {
                log::warn!("the engine has not ended within {longest:?} and is killed");
                if let Err(error) = self.child.kill().await {
                    log::error!("the engine can't be killed: {error}");
                }
                1
            }
        }
    }

    /// Ends it at once; `event` tells when it has.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        signal_to(&self.child, signal);
    }
}

fn signal_of(reason: Reason) -> Signal {
    match reason {
        Reason::Interrupted => Signal::INT,
        Reason::Terminated => Signal::TERM,
        // Nobody is left to wait for calls that run.
        Reason::ParentGone => Signal::INT,
    }
}

fn signal_to(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    // Without a process id it has ended, and its number may be somebody else's.
    if let Some(Err(error)) = pid.map(|pid| kill_process(pid, signal)) {
        log::warn!("no {signal:?} could be sent to the engine: {error}");
    }
}

/// The engine's exit code as the supervisor's own; 1 when it was killed.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Why an engine died: what it said itself, and how the system saw it.
pub(super) fn cause(status: ExitStatus, leaving: Option<String>) -> String {
    match (leaving, status.signal()) {
        (Some(reason), _) => format!("{reason} ({status})"),
        (None, Some(signal)) if signal == Signal::KILL.as_raw() => {
            format!("{status}, perhaps by the system for want of memory")
        }
        (None, _) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_names_the_signal_or_the_code() {
        let cause = |raw, leaving: Option<&str>| cause(ExitStatus::from_raw(raw), leaving.map(str::to_owned));
        assert_eq!(cause(6, None), "signal: 6 (SIGABRT)");
        assert_eq!(cause(11 | 0x80, None), "signal: 11 (SIGSEGV) (core dumped)");
        assert_eq!(cause(9, None), "signal: 9 (SIGKILL), perhaps by the system for want of memory");
        assert_eq!(cause(1 << 8, None), "exit status: 1");
        assert_eq!(cause(70 << 8, Some("sum used 2 s")), "sum used 2 s (exit status: 70)");
    }

    #[test]
    fn the_exit_code_is_passed_on() {
        assert_eq!(exit_code(ExitStatus::from_raw(2 << 8)), 2);
        assert_eq!(exit_code(ExitStatus::from_raw(9)), 1);
    }
}
