//! How a pool changes to other scripts.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{PoolCore, Versioned};
use crate::actors::executor_inbox::Work;
use crate::actors::watchdog::Watched;
use crate::engine::{use_stack, Contexts, LoadError, Program, Registered, Surroundings, Watch, STACK_BYTES};

/// Beyond the limit of running time, for scripts that load: a module may wait.
const LOAD_GRACE: Duration = Duration::from_secs(15);

/// The number of the thread that scripts are tried out on.
const TRIAL: usize = usize::MAX;

const LOAD_FAILED: &str = "the engine failed while it loaded the scripts";

/// What is said of scripts that can't be stopped while they load.
pub(super) const LOAD_HANGS: &str = "the scripts do not finish loading";

impl PoolCore {
    /// Loads scripts beside those that run, on a thread of its own, and drops them again.
    pub(super) async fn try_out(self: &Arc<Self>, program: Program) -> Result<Registered, LoadError> {
        let watch = Arc::new(Watch::default());
        let watched = Watched { number: TRIAL, watch: watch.clone(), thread: None };
        match &mut *self.lock_trial() {
            Some(_) => return Err(LoadError("other scripts are still being loaded".into())),
            none => *none = Some(watched),
        }
        let (outcome, tried) = oneshot::channel();
        let core = self.clone();
        let body = move || {
            use_stack();
            let surroundings = Surroundings { watch: Some(watch), ..core.surroundings() };
            let load = || Contexts::load(program, core.isolation(), surroundings).map(|tried| tried.registered());
            let loaded = catch_unwind(AssertUnwindSafe(load));
            *core.lock_trial() = None;
            let _gone = outcome.send(loaded.unwrap_or_else(|_| Err(LoadError(LOAD_FAILED.into()))));
        };
        let thread = std::thread::Builder::new().name("js-trial".into()).stack_size(STACK_BYTES).spawn(body);
        if let Err(error) = thread {
            *self.lock_trial() = None;
            return Err(LoadError(format!("no thread to load the scripts on: {error}")));
        }
        match actix_rt::time::timeout(self.load_patience(), tried).await {
            Ok(tried) => tried.unwrap_or_else(|_| Err(LoadError(LOAD_FAILED.into()))),
            // Its thread can't be stopped; as long as it runs, nothing else is tried.
            Err(_) => Err(LoadError(LOAD_HANGS.into())),
        }
    }

    /// Most loops of a script that loads are stopped at the limit; this is for those that can't be.
    pub(super) fn load_patience(&self) -> Duration {
        self.config.limits.cpu.unwrap_or(Duration::from_secs(10)) + LOAD_GRACE
    }

    /// From here on every call that begins runs in the new scripts. New methods are known only after that.
    pub(super) fn publish(&self, program: Program, registered: Registered) {
        let roster = self.lock_roster();
        let version = self.version() + 1;
        self.program.store(Arc::new(Versioned { version, program }));
        self.version.store(version, Ordering::Release);
        self.serve(registered);
        for executor in &roster.everyone {
            executor.send(Work::Renew);
        }
    }
}
