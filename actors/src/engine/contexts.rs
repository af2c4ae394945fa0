//! The engines of one executor: the one that takes calls, those that a call has to itself, and those that only finish
//! what is parked in them.
//!
//! An engine takes no further calls once its heap has outgrown its bound, or once the scripts have been loaded anew. It is dropped when the last of its calls has ended.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::fetches::OutgoingFetch;
use super::heap::{self, Account};
use super::host::{CallId, EngineId, InvocationId, OutgoingCall, Surroundings};
use super::program::{LoadError, Program};
use super::{Cancelled, Cut, Engine, ModuleState, Registered};
use crate::protocol::{Call, CallError, CallResult, FetchResult, MethodInfo};

/// Engines that one executor may have. A call that needs one more is refused, or the oldest is given up.
const MAX_ENGINES: usize = 1_000;

/// Retired engines in which nothing goes on but what answered calls have left behind. Beyond it, that is cut off in the
/// oldest: a context takes megabytes.
const MAX_LEFT_BEHIND: usize = 64;

/// Engines kept ready for calls that each have one to themselves.
const WARM: usize = 4;

/// A collection is forced when the heap has grown by this much, or by half: Boa raises its own threshold after a large
/// payload and never lowers it.
const COLLECT_AFTER: isize = 8 << 20;

/// So much freed at once goes back to the system; less is soon taken again.
const GIVE_BACK: isize = 16 << 20;

/// Counts the engines of this process: what is meant for one that is gone must not reach its successor.
static NEXT_ENGINE: AtomicU64 = AtomicU64::new(0);

/// What a call shares with those before it (PROTOCOL, section 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Module state lives as long as the executor.
    #[default]
    Shared,
    /// Module state is fresh for each call; globals and prototypes stay the executor's.
    Call,
    /// Each call has a whole context to itself.
    Context,
}

/// See the module.
#[derive(Debug)]
pub struct Contexts {
    program: Program,
    isolation: Isolation,
    surroundings: Surroundings,
    /// Engines that may take a call; the last is next.
    ready: Vec<Engine>,
    /// Engines in which calls wait, and that take no others.
    retired: HashMap<EngineId, Engine>,
    /// Where the calls that wait in a retired engine are.
    homes: HashMap<InvocationId, EngineId>,
    /// When retired engines have timers due.
    due: BTreeSet<(Instant, EngineId)>,
    due_of: HashMap<EngineId, Instant>,
    /// Retired engines that something happened in.
    touched: BTreeSet<EngineId>,
    /// Retired engines in which nothing goes on but what answered calls have left behind.
    left_behind: BTreeSet<EngineId>,
    given_up: Vec<(InvocationId, CallResult)>,
    /// Fetches whose engines are gone.
    orphaned: Vec<CallId>,
    heap_after_collection: isize,
}

impl Contexts {
    /// Loads the first engine.
    pub fn load(program: Program, isolation: Isolation, surroundings: Surroundings) -> Result<Self, LoadError> {
        let mut contexts = Contexts {
            program,
            isolation,
            surroundings,
            ready: Vec::new(),
            retired: HashMap::new(),
            homes: HashMap::new(),
            due: BTreeSet::new(),
            due_of: HashMap::new(),
            touched: BTreeSet::new(),
            left_behind: BTreeSet::new(),
            given_up: Vec::new(),
            orphaned: Vec::new(),
            heap_after_collection: Account::own().bytes(),
        };
        let engine = contexts.make()?;
        contexts.ready.push(engine);
        Ok(contexts)
    }

    /// A module can't be compiled as a factory: where calls are to be isolated, its state is fresh in a fresh context.
    fn isolation(&self) -> Isolation {
        match self.isolation {
            Isolation::Call if self.program.has_modules() => Isolation::Context,
            other => other,
        }
    }

    fn make(&mut self) -> Result<Engine, LoadError> {
        let modules = match self.isolation() {
            Isolation::Call => ModuleState::PerCall,
            Isolation::Shared | Isolation::Context => ModuleState::Shared,
        };
        let id = NEXT_ENGINE.fetch_add(1, Ordering::Relaxed);
        Engine::load(id, &self.program, modules, self.surroundings.clone())
    }

    /// What the scripts registered, by name.
    pub fn methods(&self) -> Vec<MethodInfo> {
        self.ready.last().map(Engine::methods).unwrap_or_default()
    }

    /// All that the scripts registered.
    pub fn registered(&self) -> Registered {
        let subscriptions = self.ready.last().map(Engine::subscriptions).unwrap_or_default();
        Registered { methods: self.methods(), subscriptions }
    }

    /// Runs other scripts from now on; calls that wait finish in the old ones. After an error all is as before.
    pub fn renew(&mut self, program: Program) -> Result<(), LoadError> {
        let before = std::mem::replace(&mut self.program, program);
        match self.make() {
            Ok(engine) => {
                for old in std::mem::replace(&mut self.ready, vec![engine]) {
                    self.retire(old);
                }
                Ok(())
            }
            Err(error) => {
                self.program = before;
                Err(error)
            }
        }
    }

    /// See `Engine::invoke`.
    pub fn invoke(&mut self, id: InvocationId, call: Call, now: Instant) -> Option<CallResult> {
        let prepared = match self.isolation() {
            Isolation::Context => self.take_ready(),
            Isolation::Shared | Isolation::Call => return self.invoke_shared(id, call, now),
        };
        let mut engine = match prepared {
            Ok(engine) => engine,
            Err(error) => return Some(Err(error)),
        };
        let unused = !engine.knows(&call.method);
        let result = engine.invoke(id, call, now);
        if unused {
            self.ready.push(engine);
            return result;
        }
        if result.is_none() {
            self.homes.insert(id, engine.host.engine());
        }
        self.retire(engine);
        result
    }

    fn invoke_shared(&mut self, id: InvocationId, call: Call, now: Instant) -> Option<CallResult> {
        if self.ready.last().is_none_or(Engine::is_worn) {
            self.replace();
        }
        match self.ready.last_mut() {
            Some(engine) => engine.invoke(id, call, now),
            None => Some(Err(CallError::internal("this executor has no engine"))),
        }
    }

    /// Puts a new engine in the place of one that is worn; when none can be made, the worn one goes on.
    fn replace(&mut self) {
        let engine = match self.make() {
            Ok(engine) => engine,
            Err(error) => return log::error!("a worn context can't be replaced: {error}"),
        };
        let before = std::mem::replace(&mut self.ready, vec![engine]);
        let (busy, idle): (Vec<_>, Vec<_>) =
            before.into_iter().partition(|engine| engine.parked() > 0 || engine.has_jobs());
        for old in busy {
            self.retire(old);
        }
        // What it held is of no use to anybody, and would be counted against the call that begins now.
        heap::counted(|| drop(idle));
        self.collect();
    }

    fn take_ready(&mut self) -> Result<Engine, CallError> {
        if self.retired.len() >= MAX_ENGINES {
            return Err(CallError::Overloaded);
        }
        match self.ready.pop() {
            Some(engine) => Ok(engine),
            None => self.make().map_err(|error| CallError::internal(error.to_string())),
        }
    }

    /// Keeps an engine for as long as something of it waits.
    fn retire(&mut self, engine: Engine) {
        let id = engine.host.engine();
        // The scripts' own timers go on in the engine that takes its place.
        engine.host.timers.borrow_mut().end_of_scripts();
        for invocation in engine.ids() {
            self.homes.insert(invocation, id);
        }
        if self.retired.len() >= MAX_ENGINES {
            self.give_up_oldest();
        }
        self.touched.insert(id);
        self.retired.insert(id, engine);
    }

    fn give_up_oldest(&mut self) {
        let Some(oldest) = self.retired.keys().min().copied() else { return };
        let Some(engine) = self.drop_retired(oldest) else { return };
        log::warn!("more than {MAX_ENGINES} contexts: the {} calls of the oldest are given up", engine.parked());
        for invocation in engine.ids() {
            self.homes.remove(&invocation);
            self.given_up.push((invocation, Err(CallError::internal("its context was given up"))));
        }
    }

    fn drop_retired(&mut self, id: EngineId) -> Option<Engine> {
        self.schedule(id, None);
        self.left_behind.remove(&id);
        let mut engine = self.retired.remove(&id)?;
        self.orphaned.extend(engine.call_off_fetches());
        Some(engine)
    }

    /// Notes when a retired engine has its next timer due.
    fn schedule(&mut self, id: EngineId, next: Option<Instant>) {
        let before = match next {
            Some(next) => self.due_of.insert(id, next),
            None => self.due_of.remove(&id),
        };
        if before == next {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, id));
        }
        if let Some(next) = next {
            self.due.insert((next, id));
        }
    }

    fn engine(&mut self, id: EngineId) -> Option<&mut Engine> {
        if let Some(retired) = self.retired.get_mut(&id) {
            self.touched.insert(id);
            return Some(retired);
        }
        self.ready.iter_mut().find(|engine| engine.host.engine() == id)
    }

    /// Settles calls that scripts made, and runs what follows.
    pub fn settle(&mut self, results: Vec<(CallId, CallResult)>) {
        let mut engines = BTreeSet::new();
        for (call, result) in results {
            if let Some(engine) = self.engine(call.engine) {
                engine.settle(call, result);
                engines.insert(call.engine);
            }
        }
        for id in engines {
            if let Some(engine) = self.engine(id) {
                engine.run_jobs();
            }
        }
    }

    /// See `Engine::flow`. Runs what follows.
    pub fn flow(&mut self, id: CallId) {
        if let Some(engine) = self.engine(id.engine) {
            engine.flow(id);
            engine.run_jobs();
        }
    }

    /// See `Engine::look_for_readers`.
    pub fn look_for_readers(&mut self) {
        self.ready.iter_mut().chain(self.retired.values_mut()).for_each(Engine::look_for_readers);
        self.touched.extend(self.retired.keys());
    }

    /// Settles a fetch, and runs what follows.
    pub fn settle_fetch(&mut self, id: CallId, result: &FetchResult) {
        if let Some(engine) = self.engine(id.engine) {
            engine.settle_fetch(id, result);
            engine.run_jobs();
        }
    }

    /// See `Engine::cancel`.
    pub fn cancel(&mut self, id: InvocationId) -> Option<Cancelled> {
        match self.homes.get(&id).copied() {
            Some(home) => {
                let cancelled = self.engine(home).and_then(|engine| engine.cancel(id));
                if cancelled != Some(Cancelled::WindsDown) {
                    self.homes.remove(&id);
                }
                cancelled
            }
            None => self.ready.iter_mut().find_map(|engine| engine.cancel(id)),
        }
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Instant> {
        let retired = self.due.first().map(|(due, _)| *due);
        self.ready.iter().filter_map(Engine::next_due).chain(retired).min()
    }

    /// Fires the timers that are due.
    pub fn fire_timers(&mut self, now: Instant) {
        for engine in &mut self.ready {
            engine.fire_timers(now);
        }
        let due: Vec<_> = self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| *id).collect();
        for id in due {
            if let Some(engine) = self.engine(id) {
                engine.fire_timers(now);
            }
        }
    }

    /// True while promise jobs wait to run.
    pub fn has_jobs(&self) -> bool {
        self.ready.iter().any(Engine::has_jobs)
            || self.touched.iter().any(|id| self.retired.get(id).is_some_and(Engine::has_jobs))
    }

    /// Runs promise jobs for a while.
    pub fn run_jobs(&mut self) {
        for engine in &mut self.ready {
            engine.run_jobs();
        }
        for id in &self.touched {
            if let Some(engine) = self.retired.get_mut(id) {
                engine.run_jobs();
            }
        }
    }

    /// Hands over what came of the calls since the last time, and drops the engines that are done.
    pub fn take_events(&mut self) -> Events {
        let mut events = Events { finished: std::mem::take(&mut self.given_up), ..Events::default() };
        for engine in &mut self.ready {
            events.take_from(engine);
        }
        for id in std::mem::take(&mut self.touched) {
            self.take_from_retired(id, &mut events);
        }
        while self.left_behind.len() > MAX_LEFT_BEHIND {
            let Some(oldest) = self.left_behind.pop_first() else { break };
            if let Some(engine) = self.retired.get_mut(&oldest) {
                log::warn!("answered calls leave more than {MAX_LEFT_BEHIND} contexts behind; the oldest is given up");
                engine.cut_all_leftovers(Cut::LeftTooMuch);
                self.take_from_retired(oldest, &mut events);
            }
        }
        events.unwanted_fetches.append(&mut self.orphaned);
        if !self.homes.is_empty() {
            for (invocation, _) in &events.finished {
                self.homes.remove(invocation);
            }
        }
        events
    }

    /// Cuts off what an answered call has left behind, since there is no place for it among the admitted.
    pub fn cut_leftovers(&mut self, id: InvocationId) {
        let engines = self.ready.iter_mut().chain(self.homes.get(&id).and_then(|home| self.retired.get_mut(home)));
        engines.for_each(|engine| engine.cut_leftovers(id, Cut::Overloaded));
        self.touched.extend(self.homes.get(&id));
        self.run_jobs();
    }

    fn take_from_retired(&mut self, id: EngineId, events: &mut Events) {
        let Some(engine) = self.retired.get_mut(&id) else { return };
        events.take_from(engine);
        let (next, jobs) = (engine.next_due(), engine.has_jobs());
        if engine.parked() == 0 && !jobs {
            heap::counted(|| drop(self.drop_retired(id)));
            return;
        }
        match engine.has_leftovers_alone() {
            true => self.left_behind.insert(id),
            false => self.left_behind.remove(&id),
        };
        self.schedule(id, next);
        if jobs {
            self.touched.insert(id);
        }
    }

    /// Between calls: frees memory, and has the next engine made when the heap has outgrown its bound.
    pub fn tidy(&mut self) {
        let held = Account::own().bytes();
        let step = COLLECT_AFTER.max(self.heap_after_collection / 2);
        if held - self.heap_after_collection < step {
            // What was freed since then makes room for garbage that is to be collected, too.
            self.heap_after_collection = self.heap_after_collection.min(held);
            return;
        }
        self.collect();
        if let Some(engine) = self.ready.last_mut() {
            engine.wear();
        }
    }

    /// Called when there has been nothing to do for a while: no garbage is kept, and no memory that is free.
    pub fn rest(&mut self) {
        self.collect();
        if let Some(engine) = self.ready.last_mut() {
            engine.shrink();
        }
        if self.isolation() != Isolation::Context && self.ready.last().is_some_and(Engine::is_worn) {
            self.replace();
        }
        heap::give_back();
        let (waiting, held) = (self.retired.len(), self.heap_after_collection);
        log::debug!("at rest with {held} bytes, and {waiting} contexts in which calls wait");
    }

    fn collect(&mut self) {
        let before = Account::own().bytes();
        heap::counted(boa_gc::force_collect);
        self.heap_after_collection = Account::own().bytes();
        if let Some(watch) = &self.surroundings.watch {
            watch.rebase();
        }
        if before - self.heap_after_collection >= GIVE_BACK {
            heap::give_back();
        }
    }

    /// With nothing else to do: makes an engine for a call to come. True when there is more of this to do.
    pub fn prepare(&mut self) -> bool {
        if self.isolation() != Isolation::Context || self.ready.len() >= WARM {
            return false;
        }
        match self.make() {
            Ok(engine) => self.ready.push(engine),
            Err(error) => {
                log::error!("a context can't be made ready: {error}");
                return false;
            }
        }
        self.ready.len() < WARM
    }
}

/// What came of the calls in an executor's engines.
#[derive(Debug, Default)]
pub struct Events {
    /// Parked invocations that have settled, with their outcomes.
    pub finished: Vec<(InvocationId, CallResult)>,
    /// The calls that scripts have made.
    pub outgoing: Vec<OutgoingCall>,
    /// The fetches that scripts have begun.
    pub fetches: Vec<OutgoingFetch>,
    /// Fetches of earlier events that nobody waits for any more.
    pub unwanted_fetches: Vec<CallId>,
    /// Invocations that ended while calls of theirs were open.
    pub abandoned: Vec<InvocationId>,
    /// Invocations that have come to this and are not finished yet: their generators put things in order, or what they
    /// began goes on.
    pub winding: Vec<(InvocationId, CallResult)>,
    /// Invocations that need a place among the admitted from now on, after they were answered, or none any more.
    pub places: Vec<(InvocationId, bool)>,
    /// Calls of earlier events that nobody waits for any more.
    pub called_off: Vec<CallId>,
}

impl Events {
    fn take_from(&mut self, engine: &mut Engine) {
        self.finished.append(&mut engine.take_finished());
        self.outgoing.append(&mut engine.take_outgoing());
        self.fetches.append(&mut engine.take_fetches());
        self.unwanted_fetches.append(&mut engine.take_unwanted_fetches());
        self.winding.append(&mut engine.take_winding());
        self.places.append(&mut engine.take_places());
        self.abandoned.append(&mut engine.take_abandoned());
        self.called_off.append(&mut engine.take_called_off());
    }
}

#[cfg(test)]
mod tests;
