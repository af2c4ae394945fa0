//! The supervisor: holds a node's listening socket, and runs the engine behind it as a child process that it replaces
//! when it dies. Connections queue in the socket meanwhile.
//!
//! Knows processes, signals and what an engine tells about itself. It must not know what an engine does: no actor and
//! no JavaScript runs in this process, so that nothing a script does can end it.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context;
use madrpc_actors::policy::restart::Restarts;
use tokio::signal::unix::{signal, Signal as Signals, SignalKind};
use tokio::time::{sleep, Instant};

use crate::observe::Terminal;
use crate::shutdown::{self, Reason, Reasons};

mod engine_process;
mod status;
mod supervised;
mod system;

use engine_process::{EngineProcess, Event};
use status::Status;

pub use status::{Reporter, Role};
pub use supervised::Supervised;

/// How long an engine may take to end after it has said that it must; its own calls get a quarter of that.
const PARTING: Duration = Duration::from_secs(1);

/// As good as never.
const FAR: Duration = Duration::from_secs(365 * 86_400);

/// What a supervisor is given.
#[derive(Debug)]
pub struct Plan {
    /// Bound to `address`. The first engine begins to listen on it once it can serve.
    pub socket: OwnedFd,
    /// Where that is, with the real port.
    pub address: SocketAddr,
    /// The identity of the node, whichever engine runs.
    pub instance: String,
    /// How long an engine that was asked to end may take; then it is killed.
    pub longest_end: Duration,
}

/// Runs engines until told to end, and gives the exit code. `terminal` is where they draw. `announce` runs once, when the first engine serves; if that
/// one dies before, the supervisor ends with its exit code. Called on the main thread: an engine is killed when the
/// thread that started it ends.
pub fn run(plan: Plan, terminal: &Terminal, announce: impl FnOnce(SocketAddr)) -> anyhow::Result<u8> {
    // One thread that sleeps until a signal comes, or a word from the engine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let supervisor = Supervisor {
            stop: shutdown::listen().context("cannot listen for signals")?,
            hangup: signal(SignalKind::hangup()).context("cannot listen for signals")?,
            role: Role::first(plan.instance.clone()),
            restarts: Restarts::new(Instant::now().into_std()),
            announce: Some(announce),
            terminal: terminal.clone(),
            plan,
        };
        supervisor.run().await
    })
}

struct Supervisor<A> {
    plan: Plan,
    terminal: Terminal,
    stop: Reasons,
    hangup: Signals,
    /// What the next engine is told.
    role: Role,
    restarts: Restarts,
    /// `None` once an engine has served.
    announce: Option<A>,
}

/// How one engine's time came to its end.
enum End {
    /// The supervisor was told to end; the engine still runs, or is only being started.
    Told { engine: Box<EngineProcess>, reason: Reason, ready: bool },
    /// The first engine could not serve, and has said why; its exit code.
    Unborn(u8),
    /// Anything else, in words.
    Died(String),
}

impl<A: FnOnce(SocketAddr)> Supervisor<A> {
    async fn run(mut self) -> anyhow::Result<u8> {
        loop {
            let reason = match self.one_engine().await? {
                End::Told { engine, reason, ready } => {
                    log::info!("ending: {reason:?}");
                    // Nobody will serve what would queue here.
                    drop(self.plan.socket);
                    let code = engine.end(reason, &mut self.stop, self.plan.longest_end).await;
                    // An engine that was being started had nothing to bring to an end, however it took the signal.
                    return Ok(if ready { code } else { 0 });
                }
                End::Unborn(code) => return Ok(code),
                End::Died(reason) => reason,
            };
            let delay = self.restarts.died(Instant::now().into_std(), fastrand::f64());
            self.role.engine_restarts += 1;
            let when = match delay.as_millis() {
                0 => "at once".to_owned(),
                ms => format!("in {ms} ms"),
            };
            self.terminal.erase_line();
            log::warn!("the engine died: {reason}; restart {} {when}", self.role.engine_restarts);
            self.role.last_restart_reason = Some(reason);
            if let Some(reason) = self.told_to_end_within(delay).await {
                log::info!("ending: {reason:?}");
                return Ok(0);
            }
        }
    }

    async fn one_engine(&mut self) -> anyhow::Result<End> {
        self.restarts.started(Instant::now().into_std());
        let mut engine = match EngineProcess::start(&self.plan.socket, &self.role) {
            Ok(engine) => engine,
            Err(error) if self.announce.is_some() => return Err(error),
            Err(error) => return Ok(End::Died(format!("{error:#}"))),
        };
        let (mut ready, mut leaving) = (false, None);
        let mut overdue = pin!(sleep(FAR));
        loop {
            let event = tokio::select! {
                // A signal that was meant for both is seen before the end of the engine that it brought about.
                biased;
                reason = self.stop.next() => return Ok(End::Told { engine: Box::new(engine), reason, ready }),
                _ = self.hangup.recv() => {
                    // One that is not ready is reading the scripts anyway, and does not expect the signal yet.
                    if ready {
                        engine.hang_up();
                    }
                    continue;
                }
                event = engine.event() => event,
                () = &mut overdue => {
                    // Whatever it hangs in, on its way out or before.
                    engine.kill();
                    overdue.as_mut().reset(Instant::now() + FAR);
                    continue;
                }
            };
            match event {
                Event::Says(Status::Ready) => {
                    ready = true;
                    match self.announce.take() {
                        Some(announce) => announce(self.plan.address),
                        None => log::info!("engine {} serves", self.role.engine_restarts),
                    }
                }
                Event::Says(Status::Served) => self.restarts.served(),
                Event::Says(Status::Cordoned { cordoned }) => self.role.cordoned = cordoned,
                Event::Says(Status::Leaving { reason }) => {
                    leaving = Some(reason);
                    overdue.as_mut().reset(Instant::now() + PARTING);
                }
                Event::Ended(status) if self.announce.is_some() => {
                    if status.code().is_none() {
                        log::error!("the engine died while it started: {status}");
                    }
                    return Ok(End::Unborn(engine_process::exit_code(status)));
                }
                Event::Ended(status) => return Ok(End::Died(engine_process::cause(status, leaving))),
            }
        }
    }

    /// Waits, and no longer than until somebody says by SIGHUP that the scripts have been mended.
    async fn told_to_end_within(&mut self, delay: Duration) -> Option<Reason> {
        tokio::select! {
            biased;
            reason = self.stop.next() => Some(reason),
            _ = self.hangup.recv(), if !delay.is_zero() => None,
            () = sleep(delay) => None,
        }
    }
}
