//! `crypto.getRandomValues` and `crypto.randomUUID` (Web Cryptography API, section 10), from the system's randomness.

use boa_engine::builtins::typed_array::TypedArrayKind;
use boa_engine::class::{Class, ClassBuilder};
use boa_engine::object::builtins::JsTypedArray;
use boa_engine::{Context, Finalize, JsArgs, JsData, JsResult, JsString, JsValue, Trace};

use super::buffer;
use super::class::{illegal_constructor, instance, receiver, type_error, Members, WebClass};
use super::dom_exception;

/// Bytes that one call may ask for, by the standard.
const MAX_BYTES: usize = 65_536;

/// The class of `crypto`.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct Crypto;

/// The global `crypto`.
pub(super) fn make(context: &mut Context) -> JsResult<JsValue> {
    Ok(instance(Crypto, context)?.into())
}

impl Class for Crypto {
    const NAME: &'static str = "Crypto";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class.call("getRandomValues", 1, get_random_values).call("randomUUID", 0, random_uuid);
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<Self> {
        illegal_constructor()
    }
}

impl WebClass for Crypto {}

fn get_random_values(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    receiver::<Crypto>(this)?;
    let value = arguments.get_or_undefined(0);
    let object = value.as_object().ok_or_else(|| type_error("getRandomValues takes a typed array"))?;
    let Some(window) = buffer::window(&object, context)? else {
        return Err(type_error("getRandomValues takes a typed array"));
    };
    let kind = JsTypedArray::from_object(object).ok().and_then(|array| array.kind());
    if matches!(kind, None | Some(TypedArrayKind::Float32 | TypedArrayKind::Float64)) {
        return Err(dom_exception::throw("TypeMismatchError", "the array holds no integers", context));
    }
    if window.length > MAX_BYTES {
        let message = format!("{} bytes are more than the {MAX_BYTES} of one call", window.length);
        return Err(dom_exception::throw("QuotaExceededError", &message, context));
    }
    let mut bytes = vec![0; window.length];
    fill(&mut bytes, context)?;
    buffer::write(&window, &bytes)?;
    Ok(value.clone())
}

fn random_uuid(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    receiver::<Crypto>(this)?;
    let mut bytes = [0; 16];
    fill(&mut bytes, context)?;
    Ok(JsString::from(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()).into())
}

fn fill(bytes: &mut [u8], context: &mut Context) -> JsResult<()> {
    getrandom::fill(bytes).map_err(|error| {
        log::error!("the system gives no random bytes: {error}");
        dom_exception::throw("OperationError", "the system gives no random bytes", context)
    })
}
