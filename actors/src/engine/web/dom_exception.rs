//! `DOMException` (Web IDL, section 4.3): an Error with a name out of a list, and for old names a code.

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::context::intrinsics::StandardConstructor;
use boa_engine::property::PropertyDescriptor;
use boa_engine::{js_string, Context, Finalize, JsArgs, JsData, JsError, JsObject, JsResult, JsString, JsValue, Trace};

use super::class::{class, type_error, Members, WebClass};

/// Names that have a code, which is their place in this list, and the constant for it. The gaps are names that no
/// standard uses any more.
const NAMES: [(&str, &str); 25] = [
    ("IndexSizeError", "INDEX_SIZE_ERR"),
    ("", "DOMSTRING_SIZE_ERR"),
    ("HierarchyRequestError", "HIERARCHY_REQUEST_ERR"),
    ("WrongDocumentError", "WRONG_DOCUMENT_ERR"),
    ("InvalidCharacterError", "INVALID_CHARACTER_ERR"),
    ("", "NO_DATA_ALLOWED_ERR"),
    ("NoModificationAllowedError", "NO_MODIFICATION_ALLOWED_ERR"),
    ("NotFoundError", "NOT_FOUND_ERR"),
    ("NotSupportedError", "NOT_SUPPORTED_ERR"),
    ("InUseAttributeError", "INUSE_ATTRIBUTE_ERR"),
    ("InvalidStateError", "INVALID_STATE_ERR"),
    ("SyntaxError", "SYNTAX_ERR"),
    ("InvalidModificationError", "INVALID_MODIFICATION_ERR"),
    ("NamespaceError", "NAMESPACE_ERR"),
    ("InvalidAccessError", "INVALID_ACCESS_ERR"),
    ("", "VALIDATION_ERR"),
    ("TypeMismatchError", "TYPE_MISMATCH_ERR"),
    ("SecurityError", "SECURITY_ERR"),
    ("NetworkError", "NETWORK_ERR"),
    ("AbortError", "ABORT_ERR"),
    ("URLMismatchError", "URL_MISMATCH_ERR"),
    ("QuotaExceededError", "QUOTA_EXCEEDED_ERR"),
    ("TimeoutError", "TIMEOUT_ERR"),
    ("InvalidNodeTypeError", "INVALID_NODE_TYPE_ERR"),
    ("DataCloneError", "DATA_CLONE_ERR"),
];

/// Stands for the class. Its instances are Errors, so that they have a stack like any other.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct DomException;

/// A throw of a `DOMException`.
pub(super) fn throw(name: &str, message: &str, context: &mut Context) -> JsError {
    match make(name, message, context) {
        Ok(exception) => JsError::from_opaque(exception),
        Err(error) => error,
    }
}

/// A `DOMException`.
pub(super) fn make(name: &str, message: &str, context: &mut Context) -> JsResult<JsValue> {
    let constructor = class::<DomException>(context)?.constructor();
    let arguments = [JsString::from(message).into(), JsString::from(name).into()];
    Ok(constructor.construct(&arguments, None, context)?.into())
}

impl Class for DomException {
    const NAME: &'static str = "DOMException";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        for (code, (_, constant)) in (1..).zip(NAMES) {
            class.constant(constant, code);
        }
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<Self> {
        Ok(DomException)
    }

    fn construct(new_target: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsObject> {
        let new_target =
            new_target.as_object().ok_or_else(|| type_error("DOMException is a class: it is made by new"))?;
        let text = |index: usize, default: &'static str, context: &mut Context| match arguments.get_or_undefined(index)
        {
            value if value.is_undefined() => Ok(JsString::from(default)),
            value => value.to_string(context),
        };
        let message = text(0, "", context)?;
        let name = text(1, "Error", context)?;
        let error = context.intrinsics().constructors().error().constructor();
        let exception = error.construct(&[message.into()], Some(&new_target), context)?;
        let known = name.to_std_string_lossy();
        let code = NAMES.iter().zip(1_u16..).find(|((name, _), _)| !name.is_empty() && *name == known);
        let code = code.map_or(0, |(_, code)| code);
        let hidden = |value: JsValue| PropertyDescriptor::builder().value(value).configurable(true).build();
        exception.define_property_or_throw(js_string!("name"), hidden(name.into()), context)?;
        exception.define_property_or_throw(js_string!("code"), hidden(code.into()), context)?;
        Ok(exception)
    }
}

impl WebClass for DomException {
    fn parent(context: &mut Context) -> JsResult<Option<StandardConstructor>> {
        Ok(Some(context.intrinsics().constructors().error().clone()))
    }
}
