//! Processes that `local` starts and that end with it.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{bail, Context};
use madrpc_actors::protocol::Secret;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::observe::Terminal;
use crate::shutdown::PARENT_STDIN;

/// Where a process finds the token of its cluster.
const CLUSTER_TOKEN: &str = "MADRPC_CLUSTER_TOKEN";
/// Where a process finds what it asks of clients.
const API_KEY: &str = "MADRPC_API_KEY";
/// How long a process may take until it listens.
const START: Duration = Duration::from_secs(30);
/// How long a process that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// Longest line of output that is kept whole.
const MAX_LINE: usize = 64 * 1024;

/// What the processes of the cluster present to each other, unless the environment tells them something else.
#[derive(Debug)]
pub(super) struct Secrets {
    pub(super) cluster_token: Secret,
    pub(super) api_key: Option<Secret>,
}

/// One of our own processes. Dropping it kills the process; [`Process::end`] lets it end well.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    /// Its end tells the process to end, also when this process is killed.
    stdin: Option<ChildStdin>,
    stderr: Option<JoinHandle<()>>,
    words: Arc<Words>,
    /// `http://ADDR:PORT`
    pub(super) url: String,
}

/// A process that ended although nobody asked it to.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) text: String,
    /// Its exit code; `None` when a signal ended it.
    pub(super) code: Option<i32>,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Ended {}

impl Process {
    /// Starts this very program with `args` and waits until it listens. The error is an [`Ended`] when it ended.
    pub(super) async fn start(
        name: String,
        args: Vec<OsString>,
        secrets: &Secrets,
        terminal: &Terminal,
    ) -> anyhow::Result<Process> {
        let program = std::env::current_exe().context("the path of this program is not known")?;
        let mut command = Command::new(program);
        command
            .args(args)
            .env(PARENT_STDIN, "1")
            // What one process of the cluster is told by the environment is not meant for all of them.
            .env_remove("MADRPC_NODE")
            .env_remove("MADRPC_PUBLIC_URL")
            // All stays on this machine, and is told to by plain HTTP.
            .env_remove("MADRPC_TLS_CERT")
            .env_remove("MADRPC_TLS_KEY")
            .env_remove("MADRPC_TLS_CLIENT_CA")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for this process alone, which then ends the others in order.
            .process_group(0)
            .kill_on_drop(true);
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "warn,script=info");
        }
        for (variable, secret) in [(CLUSTER_TOKEN, Some(&secrets.cluster_token)), (API_KEY, secrets.api_key.as_ref())] {
            if let (None, Some(secret)) = (std::env::var_os(variable), secret) {
                command.env(variable, secret.expose());
            }
        }
        let mut child = command.spawn().with_context(|| format!("{name} can't be started"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("standard output is piped")?;
        let stderr = child.stderr.take().context("standard error is piped")?;
        let words = Arc::new(Words::new(terminal.clone()));
        let stderr = tokio::spawn(pass_on(stderr, words.clone()));
        let mut process = Process { name, child, stdin, stderr: Some(stderr), words, url: String::new() };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let mut bounded = (&mut stdout).take(MAX_LINE as u64);
        match timeout(START, bounded.read_line(&mut line)).await {
            Err(_) => bail!("{} does not listen after {START:?}", process.name),
            Ok(Ok(0)) => return Err(process.ended().await.into()),
            Ok(read) => read.with_context(|| format!("the output of {} can't be read", process.name))?,
        };
        match line.trim().strip_prefix("listening on ") {
            Some(url) => process.url = url.to_owned(),
            None => bail!("{} said {line:?} instead of where it listens", process.name),
        }
        process.words.release();
        tokio::spawn(pass_on(stdout, process.words.clone()));
        Ok(process)
    }

    /// Resolves when the process has ended by itself.
    pub(super) async fn ended(&mut self) -> Ended {
        let status = self.child.wait().await;
        self.last_words().await;
        let why = self.words.take_held().map_or_else(String::new, |why| format!(": {why}"));
        Ended {
            text: match &status {
                Ok(status) => format!("{} ended ({status}){why}", self.name),
                Err(error) => format!("{} can't be waited for: {error}", self.name),
            },
            code: status.ok().and_then(|status: ExitStatus| status.code()),
        }
    }

    /// Asks the process to end, and kills it when it doesn't.
    pub(super) async fn end(mut self) {
        drop(self.stdin.take());
        if timeout(GRACE, self.child.wait()).await.is_err() {
            log::warn!("{} did not end within {GRACE:?} and is killed", self.name);
            if let Err(error) = self.child.kill().await {
                log::error!("{} can't be killed: {error}", self.name);
            }
        }
        self.last_words().await;
    }

    /// Waits until what the ended process wrote has been passed on. A process that it left behind may keep the pipe
    /// open, hence the bound.
    async fn last_words(&mut self) {
        if let Some(stderr) = self.stderr.take() {
            drop(timeout(Duration::from_secs(1), stderr).await);
        }
    }
}

/// What a process writes. Until it listens that is held back: all processes that do not start say the same, and whoever
/// started them says it once.
#[derive(Debug)]
struct Words {
    terminal: Terminal,
    held: Mutex<Option<Vec<u8>>>,
}

impl Words {
    fn new(terminal: Terminal) -> Self {
        Words { terminal, held: Mutex::new(Some(Vec::new())) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, lines: &[u8]) {
        match &mut *self.lock() {
            Some(held) if held.len() + lines.len() <= MAX_LINE => held.extend_from_slice(lines),
            held => {
                self.terminal.write_stderr(&held.take().unwrap_or_default());
                self.terminal.write_stderr(lines);
            }
        }
    }

    /// Hands on what was held back, and from now on all at once.
    fn release(&self) {
        if let Some(held) = self.lock().take() {
            self.terminal.write_stderr(&held);
        }
    }

    /// The last message that nobody has seen.
    fn take_held(&self) -> Option<String> {
        last_message_of(&self.lock().take()?)
    }
}

/// The last message with all of its lines, without what the log puts before it.
fn last_message_of(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_end();
    let is_first = |line: &str| line.starts_with('[') && line.contains("] ");
    let start = text.rfind("\n[").map_or(0, |end| end + 1);
    let message = &text[start..];
    let message = match is_first(message) {
        true => message.split_once("] ").map_or(message, |(_, message)| message),
        false => message.lines().next_back().unwrap_or_default().trim(),
    };
    (!message.is_empty()).then(|| message.to_owned())
}

/// Hands on `output` in whole lines.
async fn pass_on(mut output: impl AsyncRead + Unpin, words: Arc<Words>) {
    let mut pending = Vec::new();
    loop {
        let end = !matches!(output.read_buf(&mut pending).await, Ok(1..));
        let whole = match pending.iter().rposition(|byte| *byte == b'\n') {
            _ if end || pending.len() >= MAX_LINE => pending.len(),
            Some(newline) => newline + 1,
            None => continue,
        };
        words.say(&pending.drain(..whole).collect::<Vec<u8>>());
        if end {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_counts_with_all_of_its_lines() {
        let last = |text: &str| last_message_of(text.as_bytes());
        assert_eq!(last("one\n  two \n\n").as_deref(), Some("two"));
        assert_eq!(last("[2026 ERROR x] a.js:1:2: bad").as_deref(), Some("a.js:1:2: bad"));
        let two = "[2026 INFO x] listening\n[2026 ERROR x] Error: it is [cold] here\n    at f (a.js:1:2)\n";
        assert_eq!(last(two).as_deref(), Some("Error: it is [cold] here\n    at f (a.js:1:2)"));
        assert_eq!(last("\n \n"), None);
    }

    #[test]
    fn what_is_written_is_held_back_until_the_process_listens() {
        let words = Arc::new(Words::new(Terminal::plain()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(pass_on(&mut "first\nlast without newline".as_bytes(), words.clone()));
        assert_eq!(words.take_held().as_deref(), Some("last without newline"));
        assert_eq!(words.take_held(), None);
        words.say(b"seen");
        assert_eq!(words.take_held(), None, "it was shown already");
    }
}
