//! What the engine knows of one call while it runs.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::host::{CallId, InvocationId};
use super::leftovers::{Left, LAST_WORDS};
use super::streams::GRACE;
use crate::protocol::streams::{End, Progress, Reader, Writer};
use crate::protocol::{CallError, CallScope, Notes};

/// Far more than running time allows.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(3_600);

/// One run of a registered function. Plain data: it is referenced from inside the garbage-collected heap.
#[derive(Debug)]
pub struct Invocation {
    /// Its id.
    pub id: InvocationId,
    /// The method that runs.
    pub method: Arc<str>,
    /// The name that was asked for where it is the function of a subscription.
    pub event: Option<Arc<str>>,
    /// Its caller has given it params.
    pub had_params: bool,
    /// Deadline, depth and trace, which its own calls inherit.
    pub scope: CallScope,
    /// Its function has come to something and its caller knows, but not all that it began has ended: see `leftovers`.
    pub answered: Cell<bool>,
    /// It is over: nothing can be begun on its behalf any more.
    pub finished: Cell<bool>,
    /// Not a call: a timer that a script set while it loaded.
    pub background: bool,
    /// How long its JavaScript has run, up to the turn that runs now.
    pub ran_for: Cell<Duration>,
    /// Why it was stopped in the middle of a turn.
    pub stopped: RefCell<Option<CallError>>,
    /// How many of its calls are open.
    pub open_calls: Cell<usize>,
    /// How many of these are calls whose items it reads.
    pub open_streams: Cell<usize>,
    /// How many of its fetches are open.
    pub open_fetches: Cell<usize>,
    /// How many timers wait on its behalf.
    pub timers: Cell<usize>,
    /// How many of these a script has set, which keep it alive.
    pub own_timers: Cell<usize>,
    /// How many promises it waits for by `ctx.waitUntil`.
    pub awaited: Cell<usize>,
    /// Since it was answered: whether it has a place among the admitted, and whether it is to be looked at.
    pub(super) left: Left,
    /// Where the script last rejected a promise with something that is not an Error and so has no stack of its own.
    pub rejection_stack: RefCell<Option<String>>,
    /// Its generator, which the engine drives.
    pub producing: Cell<Option<CallId>>,
    /// Until when that generator may put things in order: nobody waits for the invocation any more.
    pub grace: Cell<Option<Instant>>,
    /// Its code hears by `ctx.signal` that nobody waits for it any more.
    pub hears_of_its_end: Cell<bool>,
    /// It has read a stream.
    pub reads: Cell<bool>,
    /// It has run `madrpc.map`.
    pub maps: Cell<bool>,
    /// Where its items go, until it yields some.
    pub items: RefCell<Option<End<Writer>>>,
    /// What its caller pushes, until it looks.
    pub input: RefCell<Option<End<Reader>>>,
    /// Where it tells how far it is, if anybody looks.
    pub progress: Option<Arc<Progress>>,
}

impl Invocation {
    /// One that has not begun.
    pub fn new(id: InvocationId, method: Arc<str>, scope: CallScope) -> Self {
        Invocation {
            id,
            method,
            event: None,
            had_params: true,
            scope,
            background: false,
            answered: Cell::new(false),
            finished: Cell::new(false),
            ran_for: Cell::default(),
            stopped: RefCell::default(),
            open_calls: Cell::new(0),
            open_streams: Cell::new(0),
            open_fetches: Cell::new(0),
            timers: Cell::new(0),
            own_timers: Cell::new(0),
            awaited: Cell::new(0),
            left: Left::default(),
            rejection_stack: RefCell::default(),
            producing: Cell::default(),
            grace: Cell::default(),
            hears_of_its_end: Cell::default(),
            reads: Cell::default(),
            maps: Cell::default(),
            items: RefCell::default(),
            input: RefCell::default(),
            progress: None,
        }
    }

    /// Takes it to its end, from where its catch and finally blocks have `LAST_WORDS` of running time left.
    pub fn finish(&self, cpu_limit: Option<Duration>) {
        self.finished.set(true);
        self.left.over.set(true);
        if let Some(cpu) = cpu_limit {
            self.ran_for.set(cpu.saturating_sub(LAST_WORDS));
        }
    }

    /// From now on, until `hears_of_its_end` is unset, what runs hears that nobody waits for it any more.
    pub fn begin_to_hear(&self, cpu_limit: Option<Duration>) {
        self.hears_of_its_end.set(true);
        if let Some(cpu) = cpu_limit.filter(|_| Instant::now() >= self.scope.deadline) {
            self.ran_for.set(self.ran_for.get().max(cpu.saturating_sub(LAST_WORDS)));
        }
    }

    /// Where its times are noted, until it has its outcome.
    pub fn notes(&self) -> Option<&Arc<Notes>> {
        self.scope.notes.as_ref().filter(|_| !self.answered.get())
    }

    /// It hears of its own cancellation, so that no turn of it is stopped because nobody waits for it.
    pub fn is_told(&self) -> bool {
        self.producing.get().is_some() || self.finished.get()
    }

    /// When it must have come to something; for a generator that was told to return, when it must have done so.
    pub fn ends_at(&self) -> Instant {
        self.grace.get().unwrap_or(self.scope.deadline)
    }

    /// When it must not run on. A generator that was stopped in the middle, or one step of which was left out, could not
    /// put anything in order; `Flows` tells it in time.
    pub fn stops_at(&self) -> Instant {
        // Its last words are bounded by running time alone, and so is what hears that its time is up.
        if self.finished.get() || self.hears_of_its_end.get() {
            return Instant::now() + LAST_WORDS_WAIT;
        }
        match self.producing.get() {
            Some(_) => self.grace.get().unwrap_or(self.scope.deadline + GRACE),
            None => self.scope.deadline,
        }
    }
}
