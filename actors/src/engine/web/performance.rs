//! `performance.now` and `timeOrigin` (High Resolution Time, section 7).

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{js_string, Context, Finalize, JsData, JsResult, JsValue, Trace};

use super::class::{illegal_constructor, instance, receiver, Members, WebClass};
use super::Web;

/// The class of `performance`.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct Performance;

/// The global `performance`.
pub(super) fn make(context: &mut Context) -> JsResult<JsValue> {
    Ok(instance(Performance, context)?.into())
}

/// Milliseconds since the context was made. They never go back.
pub(super) fn now_ms(context: &Context) -> JsResult<f64> {
    Ok(Web::of(context)?.started.elapsed().as_secs_f64() * 1000.0)
}

impl Class for Performance {
    const NAME: &'static str = "Performance";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class.get("timeOrigin", time_origin).call("now", 0, now).call("toJSON", 0, to_json);
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<Self> {
        illegal_constructor()
    }
}

impl WebClass for Performance {}

fn now(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    receiver::<Performance>(this)?;
    now_ms(context).map(JsValue::from)
}

fn time_origin(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    receiver::<Performance>(this)?;
    Ok(JsValue::from(Web::of(context)?.time_origin.as_secs_f64() * 1000.0))
}

fn to_json(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let origin = time_origin(this, arguments, context)?;
    Ok(ObjectInitializer::new(context).property(js_string!("timeOrigin"), origin, Attribute::all()).build().into())
}
