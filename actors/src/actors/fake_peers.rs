//! A network in memory, for tests of the actors: nodes answer as they are told to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture};
use futures_util::stream::{FuturesUnordered, LocalBoxStream, StreamExt};

use super::peer::{PeerClient, PeerClientFactory, PeerUrl};
use crate::protocol::error::RemoteError;
use crate::protocol::{Call, CallError, CallResult, Code, Fault, JsonText};

/// What a node does with a call.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Text(Cow<'static, str>),
    Fail(CallError),
    Hang,
    /// Takes so many milliseconds.
    Slow(u64, Box<Answer>),
}

/// What happened so far, and what the nodes are told to do.
#[derive(Default)]
pub(crate) struct World {
    infos: HashMap<String, Answer>,
    answers: HashMap<String, Answer>,
    /// Host:port and method of every call but `_info`.
    pub(crate) calls: Vec<(String, String)>,
    pub(crate) batches: Vec<usize>,
    pub(crate) checks: usize,
    pub(crate) checks_at_once: usize,
    pub(crate) most_checks_at_once: usize,
    pub(crate) cancelled: usize,
}

#[derive(Clone, Default)]
pub(crate) struct FakePeers(Arc<Mutex<World>>);

pub(crate) fn url(port: u16) -> PeerUrl {
    PeerUrl::parse(&format!("http://127.0.0.1:{port}")).expect("valid")
}

pub(crate) fn remote(code: Code, fault: Option<Fault>) -> CallError {
    let object = JsonText::parse(&format!(r#"{{"code":{},"message":"m"}}"#, code.0)).expect("valid");
    CallError::Remote(Box::new(RemoteError { object, code, fault }))
}

pub(crate) const REFUSED: CallError = CallError::Unreachable { sent: false };
pub(crate) const LOST: CallError = CallError::Unreachable { sent: true };

impl FakePeers {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics with it")
    }

    /// A node of ours at `port`, whose calls come to `answer`. Members of `methods` are JSON.
    pub(crate) fn node(&self, port: u16, instance: &str, methods: &str, answer: Answer) {
        let info = format!(r#"{{"server_type":"node","instance":"{instance}","methods":[{methods}]}}"#);
        self.answer(port, answer);
        self.info(port, Answer::Text(info.into()));
    }

    pub(crate) fn answer(&self, port: u16, answer: Answer) {
        self.world().answers.insert(url(port).to_string(), answer);
    }

    pub(crate) fn info(&self, port: u16, info: Answer) {
        self.world().infos.insert(url(port).to_string(), info);
    }

    pub(crate) fn kill(&self, port: u16) {
        self.answer(port, Answer::Fail(REFUSED));
        self.info(port, Answer::Fail(REFUSED));
    }

    pub(crate) fn factory(&self) -> PeerClientFactory {
        let peers = self.clone();
        Arc::new(move || Rc::new(peers.clone()))
    }

    pub(crate) fn calls_to(&self, port: u16) -> usize {
        let url = url(port).to_string();
        self.world().calls.iter().filter(|(to, _)| *to == url).count()
    }

    fn answer_to(&self, peer: &PeerUrl, call: Call) -> LocalBoxFuture<'static, CallResult> {
        let mut world = self.world();
        let to = peer.to_string();
        let is_check = call.method == "_info";
        let answer = if is_check {
            world.checks += 1;
            world.checks_at_once += 1;
            world.most_checks_at_once = world.most_checks_at_once.max(world.checks_at_once);
            // Not at once, as no network answers at once.
            let info = world.infos.get(&to).cloned().unwrap_or(Answer::Fail(REFUSED));
            Answer::Slow(1, Box::new(info))
        } else {
            world.calls.push((to.clone(), call.method));
            world.answers.get(&to).cloned().unwrap_or(Answer::Fail(REFUSED))
        };
        drop(world);
        let guard = Running { peers: self.clone(), is_check, finished: false };
        async move {
            let mut guard = guard;
            let result = play(answer).await;
            guard.finished = true;
            result
        }
        .boxed_local()
    }
}

fn play(answer: Answer) -> LocalBoxFuture<'static, CallResult> {
    async move {
        match answer {
            Answer::Text(text) => Ok(JsonText::parse(&text).expect("JSON")),
            Answer::Fail(error) => Err(error),
            Answer::Hang => std::future::pending().await,
            Answer::Slow(ms, answer) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                play(*answer).await
            }
        }
    }
    .boxed_local()
}

/// Notices calls that are dropped before they have come to anything.
struct Running {
    peers: FakePeers,
    is_check: bool,
    finished: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut world = self.peers.world();
        if self.is_check {
            world.checks_at_once -= 1;
        } else if !self.finished {
            world.cancelled += 1;
        }
    }
}

impl PeerClient for FakePeers {
    fn call(&self, peer: &PeerUrl, call: Call) -> LocalBoxFuture<'static, CallResult> {
        self.answer_to(peer, call)
    }

    fn batch(&self, peer: &PeerUrl, calls: Vec<Call>) -> LocalBoxStream<'static, (usize, CallResult)> {
        self.world().batches.push(calls.len());
        let answers =
            calls.into_iter().enumerate().map(|(index, call)| self.answer_to(peer, call).map(move |r| (index, r)));
        answers.collect::<FuturesUnordered<_>>().boxed_local()
    }
}

/// A whole cluster over a `FakePeers`.
pub(crate) mod cluster {
    use super::*;
    use crate::actors::cluster::*;

    pub(crate) fn config(ports: &[u16]) -> ClusterConfig {
        ClusterConfig {
            static_nodes: ports.iter().map(|port| url(*port)).collect(),
            policy: BalancePolicy::LeastInflight,
            breaker: BreakerConfig { failure_threshold: 5, open_for: Duration::from_secs(30), backoff_multiplier: 2 },
            health: HealthConfig {
                interval: Some(Duration::from_secs(5)),
                timeout: Duration::from_secs(2),
                failures: 3,
            },
            retries: 2,
            lease: DEFAULT_LEASE,
            cluster_token: None,
            instance: "orchestrator".into(),
            metrics: crate::metrics::Metrics::new(),
        }
    }

    /// Runs `test` on a runtime whose clock moves only while everybody waits.
    pub(crate) fn with_paused_clock(test: impl std::future::Future<Output = ()>) {
        actix::System::new().block_on(async {
            tokio::time::pause();
            test.await;
        });
    }

    /// Waits until `condition` holds, at most for a minute of the test's own time.
    pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) -> Duration {
        let start = tokio::time::Instant::now();
        while !condition() {
            assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        start.elapsed()
    }
}
