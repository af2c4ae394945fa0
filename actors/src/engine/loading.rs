//! Making an engine: a context with its globals, and the scripts run in it.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::builtins::promise::PromiseState;
#[cfg(test)]
use boa_engine::NativeFunction;
use boa_engine::{js_string, Context, JsError, JsNativeError, JsResult, JsValue, Source};

use super::host::{EngineId, Failure, Host, Surroundings};
use super::jobs::{Hooks, Queue};
use super::leftovers::Leftovers;
use super::modules::{self, Loader};
use super::program::{LoadError, Program, Script};
use super::{api, errors, heap, timers, web, Engine, ModuleState, RECURSION_LIMIT, STACK_LIMIT};
use crate::protocol::CallError;

/// How long a module may wait while it loads.
const LOAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What stands before and after a script that is compiled as a factory. On the script's own first line, so that the
/// numbers of its lines stay.
const FACTORY: (&str, &str) = ("(function (madrpc) {'use strict';", "\n})");

impl Engine {
    /// Makes a context and runs the scripts in it.
    pub fn load(
        id: EngineId,
        program: &Program,
        modules: ModuleState,
        surroundings: Surroundings,
    ) -> Result<Engine, LoadError> {
        heap::counted(|| {
            let host = Host::new(id, surroundings);
            let loader = Loader::new(program.clone());
            let mut context = Context::builder()
                .host_hooks(Rc::new(Hooks(host.clone())))
                .module_loader(loader.clone())
                .job_executor(Rc::new(Queue(host.clone())))
                .can_block(false)
                .build()
                .map_err(|error| LoadError(error.to_string()))?;
            prepare(&host, &mut context).map_err(|error| LoadError(error.to_string()))?;
            let (parked, leftovers, factories) = (HashMap::new(), Leftovers::default(), Vec::new());
            let mut engine = Engine { context, host, parked, leftovers, factories, loader, worn: false };
            for script in program.scripts() {
                engine.run_script(script, modules)?;
            }
            engine.loaded();
            Ok(engine)
        })
    }

    fn loaded(&mut self) {
        self.host.loading.set(false);
        if !self.factories.is_empty() {
            // They belong to a run of the scripts that served no call.
            self.host.timers.borrow_mut().clear();
        }
        if let Some(watch) = &self.host.surroundings.watch {
            watch.loaded();
        }
    }

    fn run_script(&mut self, script: &Script, modules: ModuleState) -> Result<(), LoadError> {
        let outcome = match modules {
            _ if script.is_module() => self.run_module(script),
            ModuleState::Shared => self.load_turn(|engine| engine.run_plain(script)),
            ModuleState::PerCall => self.load_turn(|engine| engine.run_as_factory(script)),
        };
        let outcome = outcome.and_then(|()| self.run_jobs_of_load());
        outcome.map_err(|failure| match failure {
            Failure::Thrown(error) => errors::load_error(&error, script),
            Failure::Ended(reason) => {
                LoadError(format!("{}: it was stopped while it loaded: {reason}", script.path.display()))
            }
        })
    }

    /// A turn of no call's. What it does is still nobody's: timers that it sets are the script's.
    fn load_turn<T>(&mut self, body: impl FnOnce(&mut Self) -> JsResult<T>) -> Result<T, Failure> {
        let host = self.host.clone();
        let loading = host.loading();
        let result = host.on_behalf_of(Some(loading.clone()), || body(self));
        let stopped = loading.stopped.take();
        match stopped {
            Some(reason) => Err(Failure::Ended(reason)),
            None => Ok(result?),
        }
    }

    fn parse(&mut self, source: &str, script: &Script) -> JsResult<boa_engine::Script> {
        boa_engine::Script::parse(Source::from_bytes(source).with_path(&script.path), None, &mut self.context)
    }

    fn run_plain(&mut self, script: &Script) -> JsResult<()> {
        self.parse(&script.source, script)?.evaluate(&mut self.context).map(drop)
    }

    fn run_as_factory(&mut self, script: &Script) -> JsResult<()> {
        // By itself first: what closes the factory early is no script.
        self.parse(&script.source, script)?;
        let factory = self.parse(&format!("{}{}{}", FACTORY.0, script.source, FACTORY.1), script)?;
        let factory = factory.evaluate(&mut self.context)?;
        let no_function = || JsError::from(JsNativeError::typ().with_message("the script is no factory"));
        let factory = factory.as_function().ok_or_else(no_function)?;
        let madrpc = self.madrpc()?;
        factory.call(&JsValue::undefined(), &[madrpc], &mut self.context)?;
        self.factories.push(factory);
        Ok(())
    }

    /// Runs a module until it and what it imports have been evaluated, top-level `await`s included.
    fn run_module(&mut self, script: &Script) -> Result<(), Failure> {
        // What it imports is looked for beside the file itself, not beside a link to it.
        let real = script.path.is_symlink().then(|| script.path.canonicalize().ok()).flatten();
        let path = real.as_ref().unwrap_or(&script.path);
        let module = self.load_turn(|engine| modules::parse(&script.source, path, &mut engine.context))?;
        self.loader.insert(&script.path, module.clone());
        let evaluated = self.load_turn(|engine| Ok(module.load_link_evaluate(&mut engine.context)))?;
        let deadline = Instant::now() + LOAD_TIMEOUT;
        loop {
            self.run_jobs_of_load()?;
            match evaluated.state() {
                PromiseState::Fulfilled(_) => return Ok(()),
                PromiseState::Rejected(reason) => return Err(JsError::from_opaque(reason).into()),
                PromiseState::Pending => {}
            }
            // It awaits a timer of its own, or something that will never come.
            let Some(due) = self.next_due().filter(|due| *due < deadline) else {
                let never = JsNativeError::error().with_message("its top-level await does not end");
                return Err(JsError::from(never).into());
            };
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            self.fire_timers(Instant::now());
        }
    }

    /// Promise jobs of a script that loads; without end they are as much an error as a loop without end.
    fn run_jobs_of_load(&mut self) -> Result<(), Failure> {
        let cpu = self.host.surroundings.cpu_limit;
        let began = Instant::now();
        while self.load_turn(|engine| Ok(engine.run_jobs()))? {
            if let Some(cpu) = cpu.filter(|cpu| began.elapsed() >= *cpu) {
                return Err(Failure::Ended(CallError::ran_too_long(cpu)));
            }
        }
        Ok(())
    }

    pub(super) fn madrpc(&mut self) -> JsResult<JsValue> {
        self.context.global_object().get(js_string!("madrpc"), &mut self.context)
    }
}

/// Sets limits and globals of a new context.
fn prepare(host: &Rc<Host>, context: &mut Context) -> JsResult<()> {
    let limits = context.runtime_limits_mut();
    limits.set_recursion_limit(RECURSION_LIMIT);
    limits.set_stack_size_limit(STACK_LIMIT);
    boa_engine::interrupt::set_memory_guard(heap::may_take);
    context.insert_data(host.clone());
    api::install(host, context)?;
    timers::install(context)?;
    #[cfg(test)]
    context.register_global_callable(js_string!("panicForTests"), 0, NativeFunction::from_fn_ptr(panic_for_tests))?;
    web::install(context)
}

/// What no script should be able to do.
#[cfg(test)]
fn panic_for_tests(_this: &JsValue, _arguments: &[JsValue], _context: &mut Context) -> JsResult<JsValue> {
    panic!("a test has asked for it")
}
