//! Which executor a call goes to, and whether it should wait there.

use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{CancelGuard, PoolCore, LOOKING, LOOK_AGAIN, NEAR};
use crate::actors::executor_inbox::{ExecutorInbox, Invoke, Work};
use crate::actors::reply_to::ReplyTo;
use crate::engine::{InvocationId, Registered};
use crate::policy::admission::Permit;
use crate::policy::queueing::{self, Occupancy};
use crate::protocol::{Call, CallError, CallScope, MethodInfo};

impl PoolCore {
    /// What the scripts have registered from now on.
    pub(super) fn serve(&self, Registered { methods, subscriptions }: Registered) {
        self.serve_methods(methods);
        self.serve_subscriptions(subscriptions);
    }

    fn serve_methods(&self, methods: Vec<MethodInfo>) {
        let costs = methods.iter().map(|method| (method.name.clone(), Arc::default())).collect();
        self.costs.store(Arc::new(costs));
        self.methods.store(Arc::new(methods));
    }

    pub(super) fn begin(self: &Arc<Self>, call: Call, reply: ReplyTo, permit: Option<Permit>) -> CancelGuard {
        if call.scope.idempotency_key.is_some() {
            self.once(call, reply, permit);
            return CancelGuard::default();
        }
        self.start(call, reply, permit)
    }

    /// For a call with an idempotency key, from any thread.
    pub(super) fn once(self: &Arc<Self>, call: Call, reply: ReplyTo, permit: Option<Permit>) {
        let pool = self.clone();
        self.idempotency.once(call, permit, reply, move |mut call, reply| {
            call.scope.idempotency_key = None;
            let deadline = call.scope.deadline;
            let (own_reply, result) = oneshot::channel();
            let mut guard = pool.start(call, ReplyTo::One(own_reply), None);
            // Nobody else's leaving ends it, but its time does.
            actix_rt::spawn(async move {
                let result = tokio::time::timeout_at(deadline.into(), result).await;
                if result.is_ok() {
                    guard.disarm();
                }
                let lost = |_| Err(CallError::internal("the executor dropped the call"));
                reply.send(result.map_or(Err(CallError::Timeout), |result| result.unwrap_or_else(lost)));
            });
        });
    }

    /// Has one executor run a call, always the same for one `number`.
    pub(super) fn start_at(
        self: &Arc<Self>,
        number: u64,
        call: Call,
        reply: ReplyTo,
        permit: Option<Permit>,
    ) -> CancelGuard {
        let executor = self.own_executor(number);
        let cost = self.cost_of(&call);
        let id = self.next_invocation.fetch_add(1, Ordering::Relaxed);
        let mut invoke = invocation(id, call, reply, permit, cost);
        invoke.stays = true;
        executor.send_soon(Work::Invoke(Box::new(invoke)));
        self.rouser.rouse();
        CancelGuard { runs: Some((self.clone(), executor, id)), settled: false }
    }

    /// One of those that the pool began with, which it keeps.
    fn own_executor(&self, number: u64) -> Arc<ExecutorInbox> {
        let roster = self.lock_roster();
        let place = usize::try_from(number % self.config.executors as u64).unwrap_or_default();
        roster.everyone[place].clone()
    }

    fn start(self: &Arc<Self>, call: Call, reply: ReplyTo, permit: Option<Permit>) -> CancelGuard {
        let executor = self.choose(NEAR);
        let cost = self.cost_of(&call);
        if executor.load() > 0 {
            if let Err(refused) = self.has_room(&call.scope, cost.mean_ns(), &executor) {
                drop(permit);
                reply.send(Err(refused));
                return CancelGuard::default();
            }
        }
        let id = self.next_invocation.fetch_add(1, Ordering::Relaxed);
        executor.send_soon(Work::Invoke(Box::new(invocation(id, call, reply, permit, cost))));
        if executor.load_with_turn() > 1 {
            self.look_again_soon();
        }
        // After it counts as load: the watchdog must not look before that and lie down again.
        self.rouser.rouse();
        CancelGuard { runs: Some((self.clone(), executor, id)), settled: false }
    }

    /// What calls of its method take; of a method that is not registered, nothing is known.
    pub(super) fn cost_of(&self, call: &Call) -> Arc<Occupancy> {
        self.costs.load().get(call.method.as_str()).cloned().unwrap_or_default()
    }

    /// Whether a call should wait at all. The `chosen` executor is one that calls are taken from when another is idle, so
    /// the one with the least to do decides.
    fn has_room(&self, scope: &CallScope, own_ns: u64, chosen: &ExecutorInbox) -> Result<(), CallError> {
        let left = scope.deadline.saturating_duration_since(Instant::now());
        let behind = |executor: &ExecutorInbox| {
            let (ahead, wait) = executor.waiting();
            queueing::may_wait(scope.depth, left, ahead, wait, Duration::from_nanos(own_ns))
        };
        behind(chosen).or_else(|refused| {
            let has_room = self.active.load().iter().any(|other| other.load() == 0 || behind(other).is_ok());
            has_room.then_some(()).ok_or(refused)
        })
    }

    /// Gives a call to an executor at once, from any thread.
    pub(in crate::actors) fn redirect(&self, invoke: Box<Invoke>) -> Arc<ExecutorInbox> {
        let executor = self.choose(1);
        executor.send(Work::Invoke(invoke));
        // It may have begun a turn of its own meanwhile.
        if executor.load_with_turn() > 1 {
            self.relieve(&executor);
        }
        executor
    }

    /// Moves the calls that have not begun on `busy` to other executors, if one is idle. False when none is.
    fn relieve(&self, busy: &ExecutorInbox) -> bool {
        let idle = |executor: &Arc<ExecutorInbox>| executor.load() == 0 && executor.number != busy.number;
        if !self.active.load().iter().any(idle) {
            return false;
        }
        let waiting = busy.take_invokes();
        if !waiting.is_empty() {
            busy.mark_held_up();
        }
        for invoke in waiting {
            self.choose(1).send(Work::Invoke(invoke));
        }
        true
    }

    /// The first executor that has less than `near` to do, which is the warmest; otherwise the one with the least.
    fn choose(&self, near: usize) -> Arc<ExecutorInbox> {
        let active = self.active.load();
        let mut chosen = &active[0];
        for executor in active.iter() {
            if chosen.expected_wait() < near {
                break;
            }
            if executor.expected_wait() < chosen.expected_wait() {
                chosen = executor;
            }
        }
        chosen.clone()
    }

    /// A call was put behind others although an executor may be idle. Most calls are over before another thread would
    /// have woken up; this finds those that wait behind one that is not.
    fn look_again_soon(self: &Arc<Self>) {
        if self.config.executors == 1 || LOOKING.replace(true) {
            return;
        }
        let (core, looking) = (self.clone(), Looking);
        actix_rt::spawn(async move {
            actix_rt::time::sleep(LOOK_AGAIN).await;
            drop(looking);
            core.spread();
        });
    }

    /// For an executor that has run dry: takes over a call that has waited behind another executor's turn for longer than
    /// calls may. Nobody was idle when `spread` looked for it.
    pub(in crate::actors) fn relieve_others(&self, idle: &ExecutorInbox) {
        let active = self.active.load();
        let held_up = |executor: &&Arc<ExecutorInbox>| executor.load() > 1 && executor.waiting().0 > 0;
        // A stand-in that rests takes no calls: there would run more of them at once than there are executors.
        if !active.iter().any(|held| held_up(&held)) || !active.iter().any(|other| other.number == idle.number) {
            return;
        }
        let Some(since) = Instant::now().checked_sub(LOOK_AGAIN) else { return };
        for executor in active.iter().filter(held_up) {
            if let Some(invoke) = executor.take_invoke_from_before(since) {
                executor.mark_held_up();
                return idle.send(Work::Invoke(invoke));
            }
        }
    }

    /// Cancels a call that was given to the `first` executor, and that another may have taken over before it began.
    pub(super) fn cancel(&self, first: &ExecutorInbox, id: InvocationId) {
        if first.calls.has(id) || !self.cancel_elsewhere(first, id) {
            first.send(Work::Cancel(id));
        }
    }

    /// Cancels a call at the executor that has taken it over from the `first` and begun it; false when there is none.
    pub(in crate::actors) fn cancel_elsewhere(&self, first: &ExecutorInbox, id: InvocationId) -> bool {
        let roster = self.lock_roster();
        let mut others = roster.everyone.iter().filter(|executor| executor.number != first.number);
        let owner = others.find(|executor| executor.calls.has(id));
        owner.inspect(|executor| executor.send(Work::Cancel(id))).is_some()
    }

    /// Moves calls that have not begun to executors that are idle.
    fn spread(&self) {
        let active = self.active.load();
        for executor in active.iter().filter(|executor| executor.load() > 1) {
            if !self.relieve(executor) {
                return;
            }
        }
    }
}

/// This thread is going to look again, until it is dropped: a runtime that ends drops what waits in it.
struct Looking;

impl Drop for Looking {
    fn drop(&mut self) {
        LOOKING.set(false);
    }
}

pub(super) fn invocation(
    id: InvocationId,
    call: Call,
    reply: ReplyTo,
    permit: Option<Permit>,
    cost: Arc<Occupancy>,
) -> Invoke {
    let estimate_ns = cost.mean_ns();
    Invoke { id, call, reply, permit, cost, estimate_ns, came: Instant::now(), stays: false }
}
