//! The real binary as a child process: its address, its log, its end.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{mpsc, Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::procfs::{children_of, is_alive};
use super::wait::{wait_for, wait_until, SOON};

/// Lines of log kept for assertions and for the output of a failed test.
const LOG_LINES: usize = 5_000;

/// The binary under test.
pub(crate) fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_madrpc-actor")
}

/// A command that runs the binary with no settings from the environment of whoever runs the tests.
fn command(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(binary());
    command.args(args);
    without_settings(command)
}

fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MADRPC_") {
            command.env_remove(name);
        }
    }
    command.env("RUST_LOG", "info").env("NO_COLOR", "1");
    command
}

/// Runs the binary to its end.
pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    command(args).stdin(Stdio::null()).output().expect("the binary can be started")
}

/// As `run`, with these variables in its environment.
pub(crate) fn run_with(variables: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = command(args);
    command.envs(variables.iter().copied());
    command.stdin(Stdio::null()).output().expect("the binary can be started")
}

/// A port that is free now. It lies below the range from which the system hands out ports by itself, so that nobody
/// takes it by chance while a process restarts.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % 10_000).expect("below 10,000");
    let (port, _) = wait_for("a port is free", SOON, || {
        let port = 20_000 + (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    });
    port
}

/// A running orchestrator, node or other command. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
    log_reader: JoinHandle<()>,
    /// Where it listens, `http://host:port` or https; empty for a command that doesn't.
    pub(crate) url: String,
}

impl Process {
    /// Starts a server and waits until it says where it listens.
    pub(crate) fn serve(args: impl IntoIterator<Item = impl Into<OsString>>) -> Process {
        Process::serve_with(&[], args)
    }

    /// As `serve`, with these variables in its environment.
    pub(crate) fn serve_with(
        variables: &[(&str, &OsStr)],
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Process {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let mut command = command(&args);
        command.envs(variables.iter().copied());
        Process::serve_by(command)
    }

    /// As `serve`, with at most so many descriptors.
    pub(crate) fn serve_within(descriptors: u64, args: &[&str]) -> Process {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""), binary()]).args(args);
        Process::serve_by(without_settings(shell))
    }

    fn serve_by(command: Command) -> Process {
        let args = format!("{:?}", command.get_args().collect::<Vec<_>>());
        let (mut process, stdout) = Process::spawn_by(command);
        let first = stdout.recv_timeout(SOON).ok();
        match first.as_deref().and_then(|line| line.strip_prefix("listening on ")) {
            Some(url) => process.url = url.trim().to_owned(),
            None => panic!("{args} said {first:?} instead of where it listens:\n{}", process.log()),
        }
        process
    }

    /// Starts any command; what it writes to stdout comes by line.
    pub(crate) fn spawn(args: &[OsString]) -> (Process, mpsc::Receiver<String>) {
        Process::spawn_by(command(args))
    }

    fn spawn_by(mut command: Command) -> (Process, mpsc::Receiver<String>) {
        let mut child = command
            .env("MADRPC_PARENT_STDIN", "1")
            // Never written to and never closed before the end: the child ends when this process does.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (lines, stdout) = mpsc::channel();
        let kept = log.clone();
        let log_reader = each_line(child.stderr.take().expect("piped"), move |line| {
            let mut log = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if log.len() == LOG_LINES {
                log.pop_front();
            }
            log.push_back(line);
        });
        each_line(child.stdout.take().expect("piped"), move |line| drop(lines.send(line)));
        let url = String::new();
        (Process { child, log, log_reader, url }, stdout)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As the end of whoever started it does.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// `host:port` of where it listens.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").map_or("", |(_, address)| address)
    }

    pub(crate) fn port(&self) -> u16 {
        let port = self.url.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("the address ends in a port")
    }

    /// What it has written to stderr, the oldest lines possibly left out.
    pub(crate) fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Waits for a line of the log that `accept` likes, and returns it.
    pub(crate) fn wait_for_log(&self, what: &str, bound: Duration, accept: impl Fn(&str) -> bool) -> String {
        wait_for(what, bound, || {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.iter().find(|line| accept(line)).cloned()
        })
        .0
    }

    /// The process that runs a node's JavaScript: the supervisor's child, or the node itself without one.
    pub(crate) fn engine_pid(&self) -> u32 {
        children_of(self.pid()).first().copied().unwrap_or_else(|| self.pid())
    }

    /// SIGKILL, and waits until the process is gone, and with it what it has started.
    pub(crate) fn kill(&mut self) {
        let children = children_of(self.pid());
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            wait_until("its processes are gone", SOON, || !children.iter().any(|pid| is_alive(*pid)));
        }
    }

    /// The exit code once the process has ended by itself and all that it wrote has been read; `None` when a signal
    /// ended it.
    pub(crate) fn wait_for_exit(&mut self, bound: Duration) -> Option<i32> {
        let mut status = None;
        wait_until("the process has ended", bound, || {
            status = self.child.try_wait().expect("the child can be waited for");
            status.is_some()
        });
        wait_until("its log has been read", bound, || self.log_reader.is_finished());
        status.and_then(|status| status.code())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of process {} {}:\n{}---", self.pid(), self.url, self.log());
        }
    }
}

/// Hands each line to `take` on a thread that ends with the stream.
fn each_line(stream: impl Read + Send + 'static, mut take: impl FnMut(String) + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            take(String::from_utf8_lossy(&line).into_owned());
        }
    })
}
