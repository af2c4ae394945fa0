//! How promise jobs are queued, and how each finds its way back to the invocation that caused it.
//!
//! A reaction remembers who was current when it was made (`HostMakeJobCallback`) and runs on behalf of the same
//! (`HostCallJobCallback`): an async-local that holds across every `await`.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use boa_engine::builtins::promise::OperationType;
use boa_engine::context::HostHooks;
use boa_engine::job::{Job, JobCallback, JobExecutor, NativeAsyncJob};
use boa_engine::object::{builtins::JsFunction, JsObject};
use boa_engine::realm::Realm;
use boa_engine::{Context, Finalize, JsData, JsNativeError, JsResult, JsString, JsValue, Trace};

use super::host::{Failure, Host, Invocation};
use super::{errors, guard};

/// Promise jobs run this long before the executor looks at what else there is.
const SLICE: Duration = Duration::from_millis(5);

/// Jobs between two looks at the clock.
const LOOK_EVERY: u32 = 64;

/// The invocation that a reaction belongs to.
#[derive(Debug, Trace, Finalize, JsData)]
struct Owner(#[unsafe_ignore_trace] Option<Rc<Invocation>>);

/// Our answers to what the standard leaves to the host.
#[derive(Debug)]
pub(super) struct Hooks(pub Rc<Host>);

impl HostHooks for Hooks {
    fn make_job_callback(&self, callback: JsFunction, _context: &mut Context) -> JobCallback {
        JobCallback::new(callback, Owner(self.0.current()))
    }

    fn call_job_callback(
        &self,
        job: &JobCallback,
        this: &JsValue,
        args: &[JsValue],
        context: &mut Context,
    ) -> JsResult<JsValue> {
        let owner = job.host_defined().downcast_ref::<Owner>().and_then(|owner| owner.0.clone());
        if let Some(owner) = &owner {
            match self.0.spent(owner) {
                None => {}
                // It has had its last words.
                Some(_) if owner.finished.get() => return Ok(JsValue::undefined()),
                // A continuation that is left out would leave whoever waits behind it, of whatever call, waiting for ever.
                Some(reason) => {
                    self.0.settled.borrow_mut().push((owner.clone(), Err(Failure::Ended(reason))));
                    owner.finish(self.0.surroundings.cpu_limit);
                }
            }
        }
        let Some(owner) = owner else {
            return job.callback().call(this, args, context);
        };
        let result = self.0.turn(&owner, || job.callback().call(this, args, context));
        // An engine limit can't be caught and settles no promise: without this its invocation would wait for ever.
        if let Err(error) = &result {
            if error.as_engine().is_some() {
                self.0.settled.borrow_mut().push((owner, Err(Failure::Thrown(error.clone()))));
            }
        }
        result
    }

    fn promise_rejection_tracker(
        &self,
        promise: &JsObject<boa_engine::builtins::promise::Promise>,
        operation: OperationType,
        context: &mut Context,
    ) {
        if !matches!(operation, OperationType::Reject) {
            return self.0.rejections.handled(promise);
        }
        let Some(invocation) = self.0.current() else { return };
        self.0.rejections.add(promise, &invocation);
        let reason = boa_engine::object::builtins::JsPromise::from(promise.clone()).state();
        if reason.as_rejected().is_some_and(|reason| !errors::is_error(reason)) {
            *invocation.rejection_stack.borrow_mut() = errors::stack_here(context);
        }
    }

    fn ensure_can_compile_strings(
        &self,
        _realm: Realm,
        _parameters: &[JsString],
        _body: &JsString,
        _direct: bool,
        _context: &mut Context,
    ) -> JsResult<()> {
        Err(JsNativeError::eval().with_message("code is not made from strings here").into())
    }

    fn max_buffer_size(&self, _context: &mut Context) -> u64 {
        64 << 20
    }
}

/// Queues jobs and runs them in order. One that fails stops none after it (Boa's own executor clears the queue).
#[derive(Debug)]
pub(super) struct Queue(pub Rc<Host>);

impl JobExecutor for Queue {
    fn enqueue_job(self: Rc<Self>, job: Job, _context: &mut Context) {
        self.0.jobs.borrow_mut().push_back(job);
    }

    /// Runs for one slice at most: promise chains without end must not keep the executor from its other calls.
    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        let began = Instant::now();
        for count in 1_u32.. {
            if count.is_multiple_of(LOOK_EVERY) && began.elapsed() >= SLICE {
                break;
            }
            let job = self.0.jobs.borrow_mut().pop_front();
            let Some(job) = job else { return Ok(()) };
            let run = || match job {
                Job::PromiseJob(job) => job.call(context),
                Job::GenericJob(job) => job.call(context),
                Job::AsyncJob(job) => run_at_once(job, context),
                // Only host functions make the other kinds, and ours make none.
                _ => Ok(JsValue::undefined()),
            };
            if let Some(Err(error)) = guard::or_give_up(&self.0, None, run) {
                log::debug!(target: "script", "a promise job failed: {error}");
            }
        }
        Ok(())
    }
}

/// The one kind of future that a context gets is a module being loaded, which is done when it is first asked.
fn run_at_once(job: NativeAsyncJob, context: &mut Context) -> JsResult<JsValue> {
    let context = RefCell::new(context);
    let mut task = std::task::Context::from_waker(Waker::noop());
    let polled = pin!(job.call(&context)).poll(&mut task);
    match polled {
        Poll::Ready(result) => result,
        Poll::Pending => Err(JsNativeError::error().with_message("a host job waits, and none may").into()),
    }
}
