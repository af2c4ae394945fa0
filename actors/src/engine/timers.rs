//! `setTimeout`, `setInterval` and their counterparts.
//!
//! A timer runs on behalf of the invocation that set it, and fires when it is due even if that call is over by then, since
//! others may wait for what it does; an interval ends with its call. One that a script sets while it loads lives as long as
//! the context. The executor asks when the next one is due and sleeps until then.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsFunction;
use boa_engine::{js_string, Context, JsArgs, JsNativeError, JsResult, JsValue, NativeFunction};

use super::host::{Host, Invocation};
use super::{errors, leftovers};
use crate::protocol::CallError;

/// Timers that may wait in one context at once.
const MAX_TIMERS: usize = 65_536;

/// Timers of one context that may have outlived their calls. Beyond it they end with them.
const MAX_ORPHANS: usize = 1_000;

/// The longest delay: the standard keeps it in 31 bits, and takes what does not fit for 1 ms.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// The same, for the host's own timers, which wait so long at most.
const MAX_DELAY: Duration = Duration::from_millis(2_147_483_647);

/// Nested or repeated timers fire no more often than this, so that none can keep its executor for itself.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

#[derive(Debug)]
struct Timer {
    owner: Option<Rc<Invocation>>,
    function: JsFunction,
    arguments: Vec<JsValue>,
    every: Option<Duration>,
    /// The host has set it: it keeps no call alive.
    native: bool,
}

impl Timer {
    /// It waits from now on: its owner counts it.
    fn waits(&self) {
        self.count(|timers| timers + 1);
    }

    fn waits_no_more(&self) {
        self.count(|timers| timers.saturating_sub(1));
    }

    /// Its call is over.
    fn is_orphan(&self) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.finished.get())
    }

    fn count(&self, change: impl Fn(usize) -> usize) {
        let Some(owner) = &self.owner else { return };
        owner.timers.set(change(owner.timers.get()));
        if !self.native {
            owner.own_timers.set(change(owner.own_timers.get()));
        }
    }
}

/// What is due.
#[derive(Debug)]
pub struct Due {
    /// On whose behalf it runs; none for a script's own.
    pub owner: Option<Rc<Invocation>>,
    /// What to call.
    pub function: JsFunction,
    /// With what.
    pub arguments: Vec<JsValue>,
}

/// The timers of one context, by when they are due and then by the order in which they were set.
#[derive(Debug, Default)]
pub struct Timers {
    waiting: BTreeMap<(Instant, u32), Timer>,
    due_by_id: std::collections::HashMap<u32, Instant>,
    last_id: u32,
    /// How many have outlived their calls.
    orphans: usize,
}

impl Timers {
    fn set(&mut self, after: Duration, timer: Timer, now: Instant) -> Option<u32> {
        if self.waiting.len() >= MAX_TIMERS {
            return None;
        }
        loop {
            self.last_id = self.last_id.wrapping_add(1) & 0x7fff_ffff;
            if self.last_id != 0 && !self.due_by_id.contains_key(&self.last_id) {
                break;
            }
        }
        self.insert(self.last_id, now + after, timer);
        Some(self.last_id)
    }

    fn insert(&mut self, id: u32, due: Instant, timer: Timer) {
        timer.waits();
        self.due_by_id.insert(id, due);
        self.waiting.insert((due, id), timer);
    }

    /// Gives whose it was.
    fn clear_one(&mut self, id: u32) -> Option<Rc<Invocation>> {
        let due = self.due_by_id.remove(&id)?;
        let timer = self.waiting.remove(&(due, id))?;
        self.waits_no_more(&timer);
        timer.owner
    }

    fn waits_no_more(&mut self, timer: &Timer) {
        timer.waits_no_more();
        if timer.is_orphan() {
            self.orphans = self.orphans.saturating_sub(1);
        }
    }

    /// When the next one is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|(due, _)| *due)
    }

    /// Takes the first one that is due at `now`; an interval is set again.
    pub fn take_due(&mut self, now: Instant) -> Option<Due> {
        let entry = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((_, id), timer) = entry.remove_entry();
        self.waits_no_more(&timer);
        self.due_by_id.remove(&id);
        let due =
            Due { owner: timer.owner.clone(), function: timer.function.clone(), arguments: timer.arguments.clone() };
        if let Some(every) = timer.every {
            self.insert(id, now + every, timer);
        }
        Some(due)
    }

    /// An invocation is over: drops its intervals and the host's own timers. What it has set besides fires when it is due.
    pub fn end_of(&mut self, invocation: &Invocation) {
        if invocation.timers.get() == 0 {
            return;
        }
        let (ids, orphans) = (&mut self.due_by_id, &mut self.orphans);
        let mut dropped = 0;
        self.waiting.retain(|(_, id), timer| {
            if timer.owner.as_ref().map(|owner| owner.id) != Some(invocation.id) {
                return true;
            }
            let stays = timer.every.is_none() && !timer.native && *orphans < MAX_ORPHANS;
            match stays {
                true => *orphans += 1,
                false => {
                    timer.waits_no_more();
                    ids.remove(id);
                    dropped += usize::from(!timer.native && timer.every.is_none());
                }
            }
            stays
        });
        if dropped > 0 {
            let (method, id) = (&invocation.method, &invocation.scope);
            log::warn!(target: "script", "{method}: more than {MAX_ORPHANS} timers outlive their calls; {dropped} are dropped call={id}");
        }
    }

    /// Drops the intervals of an invocation that is answered: they would go on until its deadline.
    pub fn end_intervals_of(&mut self, invocation: &Invocation) {
        if invocation.own_timers.get() == 0 {
            return;
        }
        let ids = &mut self.due_by_id;
        self.waiting.retain(|(_, id), timer| {
            let of = timer.owner.as_ref().is_some_and(|owner| owner.id == invocation.id);
            let ends = of && timer.every.is_some() && !timer.native;
            if ends {
                timer.waits_no_more();
                ids.remove(id);
            }
            !ends
        });
    }

    /// Drops that many timers that an invocation has set, of those that are due last.
    pub fn drop_latest_of(&mut self, invocation: &Invocation, count: usize) {
        let of = |timer: &Timer| !timer.native && timer.owner.as_ref().is_some_and(|owner| owner.id == invocation.id);
        let latest: Vec<u32> =
            self.waiting.iter().rev().filter(|(_, timer)| of(timer)).map(|((_, id), _)| *id).take(count).collect();
        for id in latest {
            self.clear_one(id);
        }
    }

    /// Drops the timers that scripts set while they loaded.
    pub fn end_of_scripts(&mut self) {
        let ids = &mut self.due_by_id;
        self.waiting.retain(|(_, id), timer| {
            let stays = timer.owner.is_some();
            if !stays {
                ids.remove(id);
            }
            stays
        });
    }

    /// How many wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Drops all.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.due_by_id.clear();
    }
}

/// Puts the timer functions into the global object.
pub(super) fn install(context: &mut Context) -> JsResult<()> {
    context.register_global_callable(js_string!("setTimeout"), 1, NativeFunction::from_fn_ptr(set_timeout))?;
    context.register_global_callable(js_string!("setInterval"), 1, NativeFunction::from_fn_ptr(set_interval))?;
    context.register_global_callable(js_string!("clearTimeout"), 1, NativeFunction::from_fn_ptr(clear))?;
    context.register_global_callable(js_string!("clearInterval"), 1, NativeFunction::from_fn_ptr(clear))
}

fn set_timeout(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    set(arguments, false, context)
}

fn set_interval(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    set(arguments, true, context)
}

fn set(arguments: &[JsValue], repeats: bool, context: &mut Context) -> JsResult<JsValue> {
    let function = arguments
        .get_or_undefined(0)
        .as_function()
        .ok_or_else(|| JsNativeError::typ().with_message("a timer needs a function"))?;
    let delay_ms = match arguments.get_or_undefined(1) {
        delay if delay.is_undefined() => 0.0,
        delay => delay.to_number(context)?,
    };
    let delay = if (0.0..=MAX_DELAY_MS).contains(&delay_ms) {
        Duration::from_secs_f64(delay_ms / 1000.0)
    } else {
        Duration::ZERO
    };
    let repeats = repeats.then_some(delay.max(MIN_INTERVAL));
    let arguments = arguments.get(2..).unwrap_or_default().to_vec();
    let timer = Timer { owner: None, function, arguments, every: repeats, native: false };
    let id = start(delay, timer, context)?;
    Ok(JsValue::from(id))
}

/// Sets a timer of the host's own, for the call that runs.
pub(super) fn set_native(
    delay: Duration,
    function: JsFunction,
    arguments: Vec<JsValue>,
    context: &mut Context,
) -> JsResult<()> {
    let timer = Timer { owner: None, function, arguments, every: None, native: true };
    start(delay.min(MAX_DELAY), timer, context).map(drop)
}

/// Sets a timer for the call that runs.
fn start(delay: Duration, timer: Timer, context: &mut Context) -> JsResult<u32> {
    let host = Host::of(context)?;
    // What a script's own timer sets is the script's, too.
    let owner = host.current().filter(|owner| !owner.background);
    if owner.as_ref().is_some_and(|owner| owner.finished.get()) {
        // One that never fired would leave whoever waits for it waiting for ever.
        return Err(errors::to_rpc_error(&CallError::Cancelled, &host, context)?);
    }
    if owner.as_ref().is_some_and(|owner| !leftovers::has_room(owner)) {
        return Err(JsNativeError::range().with_message("the call was answered and leaves too much behind").into());
    }
    let timer = Timer { owner, ..timer };
    let id = host.timers.borrow_mut().set(delay.max(MIN_INTERVAL), timer, Instant::now());
    id.ok_or_else(|| JsNativeError::range().with_message(format!("more than {MAX_TIMERS} timers")).into())
}

fn clear(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let id = arguments.get_or_undefined(0).to_u32(context)?;
    let host = Host::of(context)?;
    let owner = host.timers.borrow_mut().clear_one(id);
    owner.inspect(|owner| host.has_changed(owner));
    Ok(JsValue::undefined())
}
