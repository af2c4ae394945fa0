//! What the scripts of a pool ask of others: calls and fetches.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{dispatch, Child, Children, PoolCore};
use crate::actors::call_deadlines::Bounded;
use crate::actors::executor_inbox::{ExecutorInbox, Work};
use crate::actors::reply_to::ReplyTo;
use crate::engine::{CallId, InvocationId, OutgoingCall, OutgoingFetch};
use crate::protocol::method::is_reserved;
use crate::protocol::{CallError, CallScope, FetchError};
use crate::traces::OpenSpan;

impl PoolCore {
    /// Sends out the calls that scripts on `from` made.
    ///
    /// While this node drains it does for its own scripts what it can: it has left the cluster, and may have been the
    /// only node that could.
    ///
    /// Gives the calls that `from` has to give up in time, since nobody else does.
    pub(in crate::actors) fn send_out(
        self: &Arc<Self>,
        from: &Arc<ExecutorInbox>,
        calls: Vec<OutgoingCall>,
    ) -> Vec<Bounded> {
        let calls = self.publish_some(from, calls);
        if calls.is_empty() {
            return Vec::new();
        }
        let Some(outbound) = self.outbound.get() else { return self.run_here(from, calls) };
        if !self.drains() {
            outbound.send(from.clone(), calls);
            return Vec::new();
        }
        let costs = self.costs.load();
        let is_ours = |call: &OutgoingCall| call.call.scope.tags.is_empty() && costs.contains_key(&call.call.method);
        let (here, away): (Vec<_>, Vec<_>) = calls.into_iter().partition(is_ours);
        let bounded = self.run_here(from, here);
        if !away.is_empty() {
            outbound.send(from.clone(), away);
        }
        bounded
    }

    fn run_here(self: &Arc<Self>, from: &Arc<ExecutorInbox>, calls: Vec<OutgoingCall>) -> Vec<Bounded> {
        let mut all_bounded = Vec::new();
        for OutgoingCall { id, mut parent, mut call, mut bounded, .. } in calls {
            let reserved = is_reserved(&call.method);
            let tracer = self.tracer.get().filter(|_| !reserved);
            let span = tracer.and_then(|tracer| OpenSpan::new(tracer, &call.scope, &call.method));
            let reply = ReplyTo::Script { executor: from.clone(), call: id, span };
            if reserved {
                // By such names an engine knows what is no method, such as its subscriptions.
                reply.send(Err(CallError::MethodNotFound.of_call(&call.method, &call.scope)));
                continue;
            }
            if let Some(timeout) = self.timeout_of(&call.method) {
                let inherited = call.scope.deadline;
                call.scope.bound_by_method(timeout, Instant::now());
                bounded |= call.scope.deadline < inherited;
            }
            if call.scope.idempotency_key.is_some() {
                self.once(call, reply, None);
                continue;
            }
            let invocation = self.next_invocation.fetch_add(1, Ordering::Relaxed);
            let mut permit = None;
            if call.notification {
                // It ends with nobody but itself, and a process that drains waits for it.
                parent = invocation;
                match self.admit_leftovers() {
                    Ok(admitted) => permit = admitted,
                    Err(refused) => {
                        reply.send(Err(refused));
                        continue;
                    }
                }
            }
            if bounded {
                let CallScope { deadline: due, allowed, .. } = call.scope;
                all_bounded.push(Bounded { call: id, parent, due, allowed });
            }
            let cost = self.cost_of(&call);
            let invoke = dispatch::invocation(invocation, call, reply, permit, cost);
            let executor = self.redirect(Box::new(invoke));
            self.lock_children().entry(parent).or_default().push(Child { call: id, executor, invocation });
        }
        all_bounded
    }

    /// How long a method may take that says so itself.
    fn timeout_of(&self, method: &str) -> Option<Duration> {
        let methods = self.methods.load();
        let place = methods.binary_search_by(|info| info.name.as_str().cmp(method)).ok()?;
        methods[place].timeout_ms.map(Duration::from_millis)
    }

    /// These invocations ended while calls of theirs were open.
    pub(in crate::actors) fn abandon(&self, parents: Vec<InvocationId>) {
        if let Some(outbound) = self.outbound.get() {
            outbound.abandon(&parents);
            if !self.drains() {
                return;
            }
        }
        for parent in parents {
            let children = self.lock_children().remove(&parent).unwrap_or_default();
            for Child { executor, invocation, .. } in children {
                self.cancel(&executor, invocation);
            }
        }
    }

    /// Nobody waits for these calls any more, although those who made them go on.
    pub(in crate::actors) fn call_off(&self, ids: Vec<CallId>) {
        let ids: HashSet<CallId> = ids.into_iter().collect();
        let mut gone = Vec::new();
        self.lock_children().retain(|_, children| {
            gone.extend(children.extract_if(.., |child| ids.contains(&child.call)));
            !children.is_empty()
        });
        for Child { executor, invocation, .. } in gone {
            self.cancel(&executor, invocation);
        }
        if let Some(outbound) = self.outbound.get() {
            outbound.call_off(&ids);
        }
    }

    /// This invocation ended with nothing open.
    pub(in crate::actors) fn forget_children(&self, parent: InvocationId) {
        if self.outbound.get().is_none() || self.drains() {
            self.lock_children().remove(&parent);
        }
    }

    pub(super) fn lock_children(&self) -> MutexGuard<'_, Children> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the fetches that scripts on `from` began.
    pub(in crate::actors) fn fetch(&self, from: &Arc<ExecutorInbox>, fetches: Vec<OutgoingFetch>) {
        if let Some(fetching) = self.fetching.get() {
            return fetching.send(from, fetches);
        }
        for fetch in fetches {
            let refused = Err(FetchError("this node has no way out".into()));
            from.send(Work::Fetched(fetch.id, Box::new(refused)));
        }
    }

    /// Nobody waits for these fetches any more.
    pub(in crate::actors) fn call_off_fetches(&self, ids: Vec<CallId>) {
        if let Some(fetching) = self.fetching.get() {
            fetching.call_off(ids);
        }
    }

    /// Nobody waits for any fetch of this executor any more.
    pub(in crate::actors) fn call_off_all_fetches(&self, executor: &ExecutorInbox) {
        if let Some(fetching) = self.fetching.get() {
            fetching.call_off_all(executor.number);
        }
    }
}
