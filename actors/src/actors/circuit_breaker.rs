//! The actor CircuitBreaker: one per node. Hears how calls end, and tells the registry what it lets through.

use std::sync::atomic::Ordering;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message, Recipient, SpawnHandle};

use super::clock;
use crate::policy::breaker::{Breaker, BreakerConfig, CircuitState, Outcome};
use crate::policy::node::{BreakerFlags, NodeId};

/// News that wait for a breaker; what comes on top is dropped, since so many failures have made their point.
const MAILBOX: usize = 256;

/// A call ended.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Settle(pub(super) Outcome);

/// The node came back, or is another process: begin anew.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Reset;

/// For the registry: what the breaker of a node lets through from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub(super) struct CircuitChanged {
    pub(super) id: NodeId,
    pub(super) state: CircuitState,
}

/// Stops when the last `NodeEntry` that leads here is gone.
pub(super) struct CircuitBreaker {
    id: NodeId,
    config: BreakerConfig,
    breaker: Breaker,
    flags: Arc<BreakerFlags>,
    registry: Recipient<CircuitChanged>,
    timer: Option<SpawnHandle>,
}

impl CircuitBreaker {
    pub(super) fn new(
        id: NodeId,
        config: BreakerConfig,
        flags: Arc<BreakerFlags>,
        registry: Recipient<CircuitChanged>,
    ) -> Self {
        CircuitBreaker { id, config, breaker: Breaker::new(config), flags, registry, timer: None }
    }

    /// Lets everybody know what follows from the state as it is now.
    fn publish(&mut self, changed: bool, ctx: &mut Context<Self>) {
        let state = self.breaker.state();
        let failures = self.breaker.consecutive_failures();
        self.flags.consecutive_failures.store(failures, Ordering::Relaxed);
        // A node without a stain is left in peace: its successes are not reported.
        let attention = state != CircuitState::Closed || failures > 0;
        self.flags.attention.store(attention, Ordering::Relaxed);
        if !changed {
            return;
        }
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        if let Some(until) = self.breaker.opens_until() {
            let wait = until.saturating_duration_since(clock::now());
            self.timer = Some(ctx.run_later(wait, |breaker, ctx| {
                let changed = breaker.breaker.tick(clock::now());
                breaker.publish(changed, ctx);
            }));
        }
        if state == CircuitState::HalfOpen {
            self.flags.free_probe();
        }
        self.registry.do_send(CircuitChanged { id: self.id, state });
    }
}

impl Actor for CircuitBreaker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Settle> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, Settle(outcome): Settle, ctx: &mut Self::Context) {
        let changed = self.breaker.hear(outcome, clock::now());
        self.publish(changed, ctx);
    }
}

impl Handler<Reset> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, _: Reset, ctx: &mut Self::Context) {
        let changed = self.breaker.state() != CircuitState::Closed;
        self.breaker = Breaker::new(self.config);
        self.flags.free_probe();
        self.publish(changed, ctx);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;

    /// Stands for the registry, and passes on what it is told.
    struct Listener(mpsc::UnboundedSender<CircuitState>);

    impl Actor for Listener {
        type Context = Context<Self>;
    }

    impl Handler<CircuitChanged> for Listener {
        type Result = ();
        fn handle(&mut self, changed: CircuitChanged, _: &mut Self::Context) {
            self.0.send(changed.state).expect("the test listens");
        }
    }

    fn outcome(success: bool, probe: bool) -> Settle {
        Settle(Outcome { success, probe })
    }

    #[test]
    fn opens_waits_probes_and_closes() {
        actix::System::new().block_on(async {
            tokio::time::pause();
            let (told, mut states) = mpsc::unbounded_channel();
            let registry = Listener(told).start();
            let flags = Arc::new(BreakerFlags::default());
            let config =
                BreakerConfig { failure_threshold: 2, open_for: Duration::from_secs(30), backoff_multiplier: 2 };
            let breaker = CircuitBreaker::new(NodeId(1), config, flags.clone(), registry.recipient()).start();
            let flag = |flag: &std::sync::atomic::AtomicBool| flag.load(Ordering::Relaxed);

            breaker.send(outcome(false, false)).await.expect("alive");
            assert!(flag(&flags.attention));
            breaker.send(outcome(true, false)).await.expect("alive");
            assert!(!flag(&flags.attention), "the stain is gone");

            let opened = clock::now();
            for _ in 0..2 {
                breaker.send(outcome(false, false)).await.expect("alive");
            }
            assert_eq!(states.recv().await, Some(CircuitState::Open));
            assert_eq!(flags.consecutive_failures.load(Ordering::Relaxed), 2);
            assert_eq!(states.recv().await, Some(CircuitState::HalfOpen));
            assert_eq!((clock::now() - opened).as_secs(), 30);
            assert!(flags.take_probe().is_some() && flags.take_probe().is_none());

            breaker.send(outcome(false, true)).await.expect("alive");
            assert_eq!(states.recv().await, Some(CircuitState::Open));
            assert_eq!(states.recv().await, Some(CircuitState::HalfOpen));
            assert_eq!((clock::now() - opened).as_secs(), 90);
            assert!(flags.take_probe().is_some(), "there is a next probe");
            breaker.send(outcome(true, true)).await.expect("alive");
            assert_eq!(states.recv().await, Some(CircuitState::Closed));
            assert!(!flag(&flags.attention));
        });
    }

    #[test]
    fn a_node_that_came_back_starts_anew() {
        actix::System::new().block_on(async {
            let (told, mut states) = mpsc::unbounded_channel();
            let registry = Listener(told).start();
            let config =
                BreakerConfig { failure_threshold: 1, open_for: Duration::from_secs(3600), backoff_multiplier: 2 };
            let breaker = CircuitBreaker::new(NodeId(1), config, Arc::default(), registry.recipient()).start();
            breaker.send(outcome(false, false)).await.expect("alive");
            breaker.send(Reset).await.expect("alive");
            assert_eq!(states.recv().await, Some(CircuitState::Open));
            assert_eq!(states.recv().await, Some(CircuitState::Closed));
        });
    }
}
