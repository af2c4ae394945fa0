//! The first line of defence: JavaScript that is run so that it can be stopped.
//!
//! Boa has no interrupt. It can run a *script* with a budget, though, and gives control back whenever that is spent.
//! So a function is called from a script of one line, which is compiled once; between two budgets the engine looks
//! whether the call may go on. It works for the function, for the functions that it calls and for an async function up
//! to its first `await`. It does not reach into native code that calls back (`sort`, getters), nor past an `await`.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Poll, Waker};

use boa_engine::object::builtins::JsFunction;
use boa_engine::object::{JsObject, ObjectInitializer};
use boa_engine::property::Attribute;
use boa_engine::{js_string, Context, JsResult, JsString, JsValue, Script, Source};

use super::host::Failure;
use crate::protocol::CallError;

/// Spent in about a millisecond.
const BUDGET: u32 = 100_000;

/// The name under which the launching scripts find what to call. A script that uses it harms itself alone.
const SLOT: &str = "__madrpc";

/// The file that stack traces name for them.
pub(super) const PATH: &str = "madrpc:launch";

/// The launching scripts of one context.
#[derive(Debug)]
pub(super) struct Launcher {
    slot: JsObject,
    with_two: Script,
    with_many: Script,
    function: JsString,
    first: JsString,
    second: JsString,
}

impl Launcher {
    pub(super) fn new(context: &mut Context) -> JsResult<Self> {
        let slot = ObjectInitializer::new(context)
            .property(js_string!("f"), JsValue::undefined(), Attribute::WRITABLE)
            .property(js_string!("a"), JsValue::undefined(), Attribute::WRITABLE)
            .property(js_string!("b"), JsValue::undefined(), Attribute::WRITABLE)
            .build();
        context.register_global_property(JsString::from(SLOT), slot.clone(), Attribute::empty())?;
        let parse = |source: String, context: &mut Context| {
            Script::parse(Source::from_bytes(&source).with_path(Path::new(PATH)), None, context)
        };
        // Called through a comma, so that `this` is what it is for any plain call.
        Ok(Launcher {
            slot,
            with_two: parse(format!("(0, {SLOT}.f)({SLOT}.a, {SLOT}.b)"), context)?,
            with_many: parse(format!("(0, {SLOT}.f)(...{SLOT}.a)"), context)?,
            function: js_string!("f"),
            first: js_string!("a"),
            second: js_string!("b"),
        })
    }

    /// Calls `function` with two arguments. An `Err(Failure::Ended)` means that it was stopped in the middle: its frames
    /// stay in the context, which is of no further use for new calls.
    pub(super) fn call(
        &self,
        function: &JsFunction,
        [first, second]: [JsValue; 2],
        context: &mut Context,
        overrun: impl FnMut() -> Option<CallError>,
    ) -> Result<JsValue, Failure> {
        self.fill(function, first, context)?;
        self.slot.set(self.second.clone(), second, true, context)?;
        run(&self.with_two, context, overrun)
    }

    /// Calls `function` with the elements of an array.
    pub(super) fn apply(
        &self,
        function: &JsFunction,
        arguments: JsValue,
        context: &mut Context,
        overrun: impl FnMut() -> Option<CallError>,
    ) -> Result<JsValue, Failure> {
        self.fill(function, arguments, context)?;
        run(&self.with_many, context, overrun)
    }

    /// Lets go of the last call's arguments.
    pub(super) fn forget(&self, context: &mut Context) -> JsResult<()> {
        self.slot.set(self.first.clone(), JsValue::undefined(), true, context)?;
        self.slot.set(self.second.clone(), JsValue::undefined(), true, context)?;
        Ok(())
    }

    fn fill(&self, function: &JsFunction, first: JsValue, context: &mut Context) -> JsResult<()> {
        self.slot.set(self.function.clone(), function.clone(), true, context)?;
        self.slot.set(self.first.clone(), first, true, context)?;
        Ok(())
    }
}

/// Runs a script until it ends or `overrun` says why it must.
pub(super) fn run(
    script: &Script,
    context: &mut Context,
    mut overrun: impl FnMut() -> Option<CallError>,
) -> Result<JsValue, Failure> {
    let mut running = pin!(script.evaluate_async_with_budget(context, BUDGET));
    let mut task = std::task::Context::from_waker(Waker::noop());
    loop {
        match running.as_mut().poll(&mut task) {
            Poll::Ready(result) => return result.map_err(Failure::Thrown),
            Poll::Pending => {
                if let Some(reason) = overrun() {
                    return Err(Failure::Ended(reason));
                }
            }
        }
    }
}
