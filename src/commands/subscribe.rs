//! `madrpc-actor sub`.

use std::time::Duration;

use bytes::Bytes;
use madrpc_actors::actors::broker::TextSession;
use madrpc_actors::policy::backoff::Backoff;
use madrpc_actors::protocol::event::{write_string, Told, SUBSCRIBE};
use madrpc_actors::protocol::{request, CallError, Event, JsonText, Reply};

use super::{rpc, FAILED, UNDELIVERED};
use crate::cli::SubConfig;
use crate::observe::Terminal;
use crate::transport::OneShot;

/// Longest frame that is read: 64 MiB.
const LONGEST: usize = 64 * 1024 * 1024;

/// Between attempts to open a session.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(5) };

/// A first session that can't be opened is given up after so many attempts; one that was lost is tried again without end.
const FIRST_TRIES: u32 = 3;

/// How long it may take until the subscription is there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a session has ended.
enum End {
    /// As many events have come as were wanted.
    Enough,
    /// The server does not want to, which it will not the next time either.
    Refused(String),
    /// It could not be opened, or was lost.
    Lost(String),
}

/// Prints events, one line each, and gives the exit code.
pub fn run(config: &SubConfig, terminal: &Terminal) -> u8 {
    actix_rt::System::new().block_on(follow(config, terminal))
}

async fn follow(config: &SubConfig, terminal: &Terminal) -> u8 {
    let client = OneShot::new(config.access.tls.client_tls.clone());
    let mut follower = Follower { config, terminal, left: config.count, subscribed: false, connected: false };
    let mut failures = 0;
    loop {
        let problem = match follower.session(&client).await {
            End::Enough => return 0,
            End::Refused(error) => {
                terminal.write_stderr(format!("{error}\n").as_bytes());
                return FAILED;
            }
            End::Lost(problem) => problem,
        };
        if std::mem::take(&mut follower.connected) {
            failures = 0;
        }
        if !follower.subscribed && failures + 1 >= FIRST_TRIES {
            terminal.write_stderr(format!("error: {}: {problem} ({FIRST_TRIES} tries)\n", config.url).as_bytes());
            return UNDELIVERED;
        }
        let pause = BACKOFF.delay(failures, fastrand::f64());
        failures = failures.saturating_add(1);
        let line = format!("{}: {problem}; trying again in {} ms\n", config.url, pause.as_millis());
        terminal.write_stderr(line.as_bytes());
        tokio::time::sleep(pause).await;
    }
}

struct Follower<'a> {
    config: &'a SubConfig,
    terminal: &'a Terminal,
    left: Option<u64>,
    /// At least once.
    subscribed: bool,
    /// In the session that has just ended.
    connected: bool,
}

impl Follower<'_> {
    async fn session(&mut self, client: &OneShot) -> End {
        let mut url = self.config.url.clone();
        if matches!(url.path(), "/" | "/rpc") {
            url.set_path("/ws");
        }
        let headers: Vec<_> = self.config.access.api_key.as_ref().and_then(rpc::credential).into_iter().collect();
        let opened = tokio::time::timeout(PATIENCE, client.session(&url, &headers, LONGEST)).await;
        let TextSession { send, mut receive } = match opened {
            Ok(Ok(session)) => session,
            Ok(Err((Some(401), problem))) => return End::Refused(format!("error -32008: Unauthorized: {problem}")),
            Ok(Err((_, problem))) => return End::Lost(problem),
            Err(_) => return End::Lost(format!("no answer within {PATIENCE:?}")),
        };
        let mut params = b"[".to_vec();
        write_string(&mut params, &self.config.channel);
        params.push(b']');
        let ask = rpc::body(SUBSCRIBE, Some(&JsonText::from_trusted(params)), false);
        if send.send(ask).await.is_err() {
            return End::Lost("the session was lost".into());
        }
        loop {
            // Until it has answered it owes something; after that it may be silent.
            let frame = match self.connected {
                true => receive.recv().await,
                false => match tokio::time::timeout(PATIENCE, receive.recv()).await {
                    Ok(frame) => frame,
                    Err(_) => return End::Lost(format!("no answer within {PATIENCE:?}")),
                },
            };
            let Some(frame) = frame else { return End::Lost("the session was lost".into()) };
            if let Some(end) = self.frame(&frame) {
                return end;
            }
        }
    }

    fn frame(&mut self, frame: &Bytes) -> Option<End> {
        let text = std::str::from_utf8(frame).unwrap_or_default();
        if let Ok(request) = request::read_element(text) {
            let params = JsonText::slice(frame, request.params?);
            match Told::read(&request.method, &params)? {
                Told::Event { event, .. } => return self.event(&event),
                Told::Dropped { count, .. } => {
                    let line = format!("{count} events were dropped: they came faster than they were taken\n");
                    self.terminal.write_stderr(line.as_bytes());
                }
            }
            return None;
        }
        match Reply::read(frame)?.result {
            Ok(_) => {
                (self.subscribed, self.connected) = (true, true);
                let (channel, url) = (self.config.channel.escape_debug(), &self.config.url);
                self.terminal.write_stderr(format!("listening for {channel} at {url}\n").as_bytes());
            }
            Err(CallError::Remote(remote)) => return Some(End::Refused(rpc::error_text(&remote.object))),
            Err(error) => return Some(End::Refused(error.to_string())),
        }
        None
    }

    fn event(&mut self, event: &Event) -> Option<End> {
        let mut line = b"{\"channel\":".to_vec();
        write_string(&mut line, &event.channel);
        line.extend_from_slice(b",\"data\":");
        // Outside of strings, where they are escaped, ends of lines mean nothing in JSON.
        line.extend(event.data.as_bytes().iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        line.extend_from_slice(b"}\n");
        if !self.terminal.feed_stdout(&line) {
            // Nobody reads it.
            return Some(End::Enough);
        }
        let left = self.left.as_mut()?;
        *left -= 1;
        (*left == 0).then_some(End::Enough)
    }
}
