//! `setTimeout`, `setInterval` and their counterparts.
//!
//! A timer belongs to the invocation that set it and ends with it; one that a script sets while it loads lives as long
//! as the context. The executor asks when the next one is due and sleeps until then.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use boa_engine::object::builtins::JsFunction;
use boa_engine::{js_string, Context, JsArgs, JsNativeError, JsResult, JsValue, NativeFunction};

use super::host::{Host, Invocation, InvocationId};

/// Timers that may wait in one context at once.
const MAX_TIMERS: usize = 65_536;

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
        self.due_by_id.insert(id, due);
        self.waiting.insert((due, id), timer);
    }

    fn clear_one(&mut self, id: u32) {
        if let Some(due) = self.due_by_id.remove(&id) {
            self.waiting.remove(&(due, id));
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
        self.due_by_id.remove(&id);
        let due =
            Due { owner: timer.owner.clone(), function: timer.function.clone(), arguments: timer.arguments.clone() };
        if let Some(every) = timer.every {
            self.insert(id, now + every, timer);
        }
        Some(due)
    }

    /// Drops the timers of an invocation that has ended.
    pub fn end_of(&mut self, invocation: InvocationId) {
        let ids = &mut self.due_by_id;
        self.waiting.retain(|(_, id), timer| {
            let stays = timer.owner.as_ref().map(|owner| owner.id) != Some(invocation);
            if !stays {
                ids.remove(id);
            }
            stays
        });
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

    /// True when none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
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
    let id = start(delay, function, arguments.get(2..).unwrap_or_default().to_vec(), repeats, context)?;
    Ok(JsValue::from(id))
}

/// Sets a timer of the host's own, for the call that runs.
pub(super) fn set_native(
    delay: Duration,
    function: JsFunction,
    arguments: Vec<JsValue>,
    context: &mut Context,
) -> JsResult<()> {
    start(delay.min(MAX_DELAY), function, arguments, None, context).map(drop)
}

fn start(
    delay: Duration,
    function: JsFunction,
    arguments: Vec<JsValue>,
    every: Option<Duration>,
    context: &mut Context,
) -> JsResult<u32> {
    let host = Host::of(context)?;
    // What a script's own timer sets is the script's, too.
    let owner = host.current().filter(|owner| !owner.background);
    if owner.as_ref().is_some_and(|owner| owner.finished.get()) {
        // What a call that has ended leaves behind sets nothing in motion any more.
        return Ok(0);
    }
    let timer = Timer { owner, function, arguments, every };
    let id = host.timers.borrow_mut().set(delay.max(MIN_INTERVAL), timer, Instant::now());
    id.ok_or_else(|| JsNativeError::range().with_message(format!("more than {MAX_TIMERS} timers")).into())
}

fn clear(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let id = arguments.get_or_undefined(0).to_u32(context)?;
    Host::of(context)?.timers.borrow_mut().clear_one(id);
    Ok(JsValue::undefined())
}
