//! What supervisor and engine tell each other: who the engine is, by a variable of its environment, and how it fares, by
//! lines of JSON on its standard output.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest line that is read. An engine whose memory is broken may write anything.
const MAX_LINE: usize = 16 * 1024;

/// Who an engine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The identity of the node, which outlives its engines.
    pub instance: String,
    /// How many engines died before this one.
    pub engine_restarts: u64,
    /// Why the last one did.
    pub last_restart_reason: Option<String>,
    /// The node was told to drain, and to stay.
    pub cordoned: bool,
    /// The process that started this one.
    pub(super) supervisor: u32,
}

impl Role {
    /// Of the first engine, or of one without a supervisor.
    pub fn first(instance: String) -> Self {
        Role {
            instance,
            engine_restarts: 0,
            last_restart_reason: None,
            cordoned: false,
            supervisor: std::process::id(),
        }
    }
}

/// One line from the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub(super) enum Status {
    /// It listens, and takes calls.
    Ready,
    /// It has completed its first call.
    Served,
    /// It was told to drain, or to take calls again.
    Cordoned {
        /// Whether it drains.
        cordoned: bool,
    },
    /// It is about to end, for a reason that its exit code can't tell.
    Leaving {
        /// In words.
        reason: String,
    },
}

/// Tells the supervisor, if there is one, how this engine fares; clones tell the same one.
#[derive(Clone, Debug, Default)]
pub struct Reporter(Option<Arc<Report>>);

#[derive(Debug)]
struct Report {
    to: File,
    served: AtomicBool,
}

impl Reporter {
    /// Writes to the standard output of this process, which nothing else may do then.
    pub(super) fn to_supervisor() -> io::Result<Self> {
        let to = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Reporter(Some(Arc::new(Report { to, served: AtomicBool::new(false) }))))
    }

    /// This engine listens and takes calls.
    pub fn ready(&self) {
        self.tell(&Status::Ready);
    }

    /// A call was completed. Only the first one is told.
    pub fn served(&self) {
        if let Some(report) = &self.0 {
            // Looked at first: this is asked for every call, and the line is written by one of them.
            if !report.served.load(Ordering::Relaxed) && !report.served.swap(true, Ordering::Relaxed) {
                self.tell(&Status::Served);
            }
        }
    }

    /// This node was told from outside to drain, or to take calls again.
    pub fn cordoned(&self, cordoned: bool) {
        self.tell(&Status::Cordoned { cordoned });
    }

    /// This engine is about to end itself.
    pub fn leaving(&self, reason: String) {
        self.tell(&Status::Leaving { reason });
    }

    /// In one write. The pipe has room for thousands of lines, so it does not block.
    fn tell(&self, status: &Status) {
        let Some(report) = &self.0 else { return };
        let line = serde_json::to_string(status).map(|line| line + "\n");
        if let Err(error) = line.map_err(io::Error::from).and_then(|line| (&report.to).write_all(line.as_bytes())) {
            log::warn!("the supervisor can't be told {status:?}: {error}");
        }
    }
}

/// Reads what an engine tells.
#[derive(Debug)]
pub(super) struct Statuses<R> {
    from: R,
    pending: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Statuses<R> {
    pub(super) fn new(from: R) -> Self {
        Statuses { from, pending: Vec::new() }
    }

    /// The next status; `None` at the end. Lines that are none are passed over. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Option<Status> {
        loop {
            while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(status) => return Some(status),
                    Err(_) => log::debug!("the engine said {:?}", String::from_utf8_lossy(&line)),
                }
            }
            if self.pending.len() > MAX_LINE {
                self.pending.clear();
            }
            if !matches!(self.from.read_buf(&mut self.pending).await, Ok(1..)) {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_told_arrives_and_other_text_does_not() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let report = Report { to: File::from(std::os::fd::OwnedFd::from(writer)), served: AtomicBool::new(false) };
        let reporter = Reporter(Some(Arc::new(report)));
        reporter.ready();
        (&reporter.0.as_ref().expect("it reports").to).write_all(b"\nchatter {\n\xff\n").expect("written");
        let long = vec![b'x'; 3 * MAX_LINE];
        (&reporter.0.as_ref().expect("it reports").to).write_all(&long).expect("written");
        (&reporter.0.as_ref().expect("it reports").to).write_all(b"\n").expect("written");
        reporter.served();
        reporter.clone().served();
        reporter.cordoned(true);
        reporter.leaving("a \"reason\"\non two lines".into());
        drop(reporter);
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut &reader, &mut text).expect("read");
        let mut statuses = Statuses::new(text.as_slice());
        assert_eq!(statuses.next().await, Some(Status::Ready));
        assert_eq!(statuses.next().await, Some(Status::Served));
        assert_eq!(statuses.next().await, Some(Status::Cordoned { cordoned: true }));
        assert_eq!(statuses.next().await, Some(Status::Leaving { reason: "a \"reason\"\non two lines".into() }));
        assert_eq!(statuses.next().await, None);
    }

    #[test]
    fn without_a_supervisor_nothing_is_told() {
        let reporter = Reporter::default();
        reporter.ready();
        reporter.served();
        reporter.leaving("nobody listens".into());
    }
}
