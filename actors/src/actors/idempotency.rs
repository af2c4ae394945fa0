//! Idempotency: calls with a key run once, and repeats get what the first came to.
//!
//! Calls without a key never come here.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use actix::dev::SendError;
use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use super::clock;
use super::reply_to::ReplyTo;
use crate::policy::admission::Permit;
use crate::policy::idempotency::{self, Bounds, Claim, Fingerprint, Outcomes};
use crate::protocol::{Call, CallError, CallResult, IdempotencyKey};

/// Messages that wait. Each call among them holds a permit, so that admission is the bound that counts.
const MAILBOX: usize = 1 << 16;

/// A handle to the actor; clones share it.
#[derive(Clone)]
pub struct Idempotency {
    actor: Addr<IdempotencyActor>,
    /// By chance, so that nobody can make two calls that look the same.
    hashers: [RandomState; 2],
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency").finish_non_exhaustive()
    }
}

/// Begins a call; its outcome goes to the reply.
type Run = Box<dyn Fn(Call, ReplyTo) + Send>;

impl Idempotency {
    /// Starts on the current arbiter.
    pub fn start() -> Self {
        let actor = IdempotencyActor { outcomes: Outcomes::new(Bounds::default()) }.start();
        Idempotency { actor, hashers: Default::default() }
    }

    /// Sees to it that `reply` gets what the call with this key came to, whether it is run for that or was before. A call
    /// that is run is not cancelled when its caller leaves: who has lost the connection asks again. `permit` is held
    /// until then. May be called on any thread; `run` is called on the actor's.
    pub fn once(
        &self,
        call: Call,
        permit: Option<Permit>,
        reply: ReplyTo,
        run: impl Fn(Call, ReplyTo) + Send + 'static,
    ) {
        let Some(key) = call.scope.idempotency_key.clone() else { return run(call, reply) };
        let fingerprint = self.fingerprint(&call);
        let once = Once { key, fingerprint, waiter: Waiter { reply, permit, call, run: Box::new(run) } };
        if let Err(error) = self.actor.try_send(once) {
            let (once, why) = match error {
                SendError::Full(once) => (once, CallError::Overloaded),
                SendError::Closed(once) => (once, CallError::internal("nobody keeps the idempotency keys")),
            };
            once.waiter.answer(Err(why));
        }
    }

    fn fingerprint(&self, call: &Call) -> Fingerprint {
        let what = (&call.method, call.params.as_ref().map(|params| params.as_str()));
        [self.hashers[0].hash_one(what), self.hashers[1].hash_one(what)]
    }
}

/// Who waits for an outcome, with its place among the admitted, and how to run the call for it.
struct Waiter {
    reply: ReplyTo,
    permit: Option<Permit>,
    call: Call,
    run: Run,
}

impl Waiter {
    fn answer(self, result: CallResult) {
        drop(self.permit);
        self.reply.send(result);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Once {
    key: IdempotencyKey,
    fingerprint: Fingerprint,
    waiter: Waiter,
}

/// A call that was run has ended.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Settle {
    key: IdempotencyKey,
    fingerprint: Fingerprint,
    number: u64,
    result: CallResult,
}

/// The time of somebody who waits is up.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct GiveUp {
    key: IdempotencyKey,
    number: u64,
}

struct IdempotencyActor {
    outcomes: Outcomes<Waiter>,
}

impl Actor for IdempotencyActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Once> for IdempotencyActor {
    type Result = ();

    fn handle(&mut self, once: Once, context: &mut Self::Context) {
        self.claim(once, context);
    }
}

impl IdempotencyActor {
    fn claim(&mut self, Once { key, fingerprint, waiter }: Once, context: &Context<Self>) {
        let (call, deadline) = (waiter.call.clone(), waiter.call.scope.deadline);
        let (reply, result) = oneshot::channel();
        let begin = |run: &Run| run(call, ReplyTo::One(reply));
        match self.outcomes.claim(key.clone(), fingerprint, deadline, waiter, clock::now()) {
            Claim::Answer(waiter, result) => waiter.answer(result),
            Claim::Wait(number) => wake_at(deadline, GiveUp { key, number }, context.address()),
            Claim::Run(number) => {
                self.outcomes.first_waiter(&key, |waiter| begin(&waiter.run));
                let actor = context.address();
                actix_rt::spawn(async move {
                    let lost = |_| Err(CallError::internal("a call with an idempotency key was dropped"));
                    let result = result.await.unwrap_or_else(lost);
                    // One for each call that runs.
                    actor.do_send(Settle { key, fingerprint, number, result });
                });
            }
        }
    }
}

/// Tells at `deadline` that somebody can't wait any longer.
fn wake_at(deadline: Instant, whom: GiveUp, actor: Addr<IdempotencyActor>) {
    actix_rt::spawn(async move {
        sleep_until(deadline.into()).await;
        // One for each call that waits.
        actor.do_send(whom);
    });
}

impl Handler<Settle> for IdempotencyActor {
    type Result = ();

    fn handle(&mut self, Settle { key, fingerprint, number, result }: Settle, context: &mut Self::Context) {
        let (now, kept) = (clock::now(), idempotency::is_functions_own(&result));
        for (position, waiter) in self.outcomes.settle(&key, number, &result, now).into_iter().enumerate() {
            // What the infrastructure did to the first is its own: who waited with it has a try of its own.
            if position == 0 || kept || waiter.call.scope.deadline <= now {
                waiter.answer(result.clone());
            } else {
                self.claim(Once { key: key.clone(), fingerprint, waiter }, context);
            }
        }
    }
}

impl Handler<GiveUp> for IdempotencyActor {
    type Result = ();

    fn handle(&mut self, GiveUp { key, number }: GiveUp, _: &mut Self::Context) {
        for waiter in self.outcomes.overdue(&key, number, clock::now()) {
            waiter.answer(Err(CallError::Timeout));
        }
    }
}
