//! `TextEncoder` and `TextDecoder` (Encoding standard, section 7), by its reference implementation.

use std::cell::RefCell;

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::object::ObjectInitializer;
use boa_engine::property::Attribute;
use boa_engine::{js_string, Context, Finalize, JsArgs, JsData, JsNativeError, JsResult, JsString, JsValue, Trace};
use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8};

use super::buffer;
use super::class::{receiver, type_error, Members, WebClass};
use super::convert::{dictionary, flag, required, usv_string};

/// Text to UTF-8.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct TextEncoder;

impl Class for TextEncoder {
    const NAME: &'static str = "TextEncoder";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class.get("encoding", |this, _, _| receiver::<TextEncoder>(this).map(|_| js_string!("utf-8").into()));
        class.call("encode", 0, encode).call("encodeInto", 2, encode_into);
        Ok(())
    }

    fn data_constructor(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<Self> {
        Ok(TextEncoder)
    }
}

impl WebClass for TextEncoder {}

fn encode(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    receiver::<TextEncoder>(this)?;
    let text = match arguments.get_or_undefined(0) {
        value if value.is_undefined() => String::new(),
        value => usv_string(value, context)?,
    };
    buffer::uint8_array(text.as_bytes(), context)
}

/// Writes whole characters only. `read` counts in UTF-16, as JavaScript does.
fn encode_into(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    receiver::<TextEncoder>(this)?;
    required(arguments, 2, "encodeInto")?;
    let text = usv_string(arguments.get_or_undefined(0), context)?;
    let target = arguments.get_or_undefined(1).as_object();
    let target = target.filter(|object| object.is::<boa_engine::builtins::typed_array::TypedArray>());
    let target = target.ok_or_else(|| type_error("encodeInto writes to a Uint8Array"))?;
    let kind = boa_engine::object::builtins::JsTypedArray::from_object(target.clone())?.kind();
    if kind != Some(boa_engine::builtins::typed_array::TypedArrayKind::Uint8) {
        return Err(type_error("encodeInto writes to a Uint8Array"));
    }
    let Some(window) = buffer::window(&target, context)? else {
        return Err(type_error("encodeInto writes to a Uint8Array"));
    };
    let fitting = &text[..text.floor_char_boundary(window.length)];
    buffer::write(&window, fitting.as_bytes())?;
    let read = fitting.encode_utf16().count();
    Ok(ObjectInitializer::new(context)
        .property(js_string!("read"), read, Attribute::all())
        .property(js_string!("written"), fitting.len(), Attribute::all())
        .build()
        .into())
}

/// Bytes to text.
#[derive(Trace, Finalize, JsData)]
pub(super) struct TextDecoder {
    #[unsafe_ignore_trace]
    encoding: &'static Encoding,
    fatal: bool,
    ignore_bom: bool,
    /// The state of a stream that has not ended.
    #[unsafe_ignore_trace]
    stream: RefCell<Option<Decoder>>,
}

impl std::fmt::Debug for TextDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextDecoder").field("encoding", &self.encoding.name()).finish_non_exhaustive()
    }
}

impl Class for TextDecoder {
    const NAME: &'static str = "TextDecoder";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .get("encoding", |this, _, _| {
                let decoder = receiver::<TextDecoder>(this)?;
                let name = decoder.borrow().data().encoding.name().to_ascii_lowercase();
                Ok(JsString::from(name).into())
            })
            .get("fatal", |this, _, _| Ok(receiver::<TextDecoder>(this)?.borrow().data().fatal.into()))
            .get("ignoreBOM", |this, _, _| Ok(receiver::<TextDecoder>(this)?.borrow().data().ignore_bom.into()))
            .call("decode", 0, decode);
        Ok(())
    }

    fn data_constructor(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        let encoding = match arguments.get_or_undefined(0) {
            label if label.is_undefined() => UTF_8,
            label => {
                let label = usv_string(label, context)?;
                let encoding = Encoding::for_label_no_replacement(label.as_bytes());
                encoding.ok_or_else(|| {
                    JsNativeError::range().with_message(format!("there is no encoding called {label:?}"))
                })?
            }
        };
        let options = dictionary(arguments.get(1), "options of TextDecoder")?;
        Ok(TextDecoder {
            encoding,
            fatal: flag(options.as_ref(), "fatal", context)?,
            ignore_bom: flag(options.as_ref(), "ignoreBOM", context)?,
            stream: RefCell::default(),
        })
    }
}

impl WebClass for TextDecoder {}

fn decode(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let decoder = receiver::<TextDecoder>(this)?;
    let bytes = match arguments.get_or_undefined(0) {
        value if value.is_undefined() => Vec::new(),
        value => {
            buffer::bytes_of(value, context)?.ok_or_else(|| type_error("decode takes a buffer or a view of one"))?
        }
    };
    let options = dictionary(arguments.get(1), "options of decode")?;
    let goes_on = flag(options.as_ref(), "stream", context)?;
    let decoder = decoder.borrow();
    let decoder = decoder.data();
    let mut state = decoder.stream.borrow_mut().take().unwrap_or_else(|| match decoder.ignore_bom {
        true => decoder.encoding.new_decoder_without_bom_handling(),
        false => decoder.encoding.new_decoder_with_bom_removal(),
    });
    match decode_all(&mut state, &bytes, !goes_on, decoder.fatal) {
        Some(text) => {
            if goes_on {
                *decoder.stream.borrow_mut() = Some(state);
            }
            Ok(JsString::from(text.as_slice()).into())
        }
        None => Err(type_error(format!("the bytes are not {}", decoder.encoding.name()))),
    }
}

/// The text of `bytes`; none when they are malformed and that is fatal.
fn decode_all(decoder: &mut Decoder, bytes: &[u8], last: bool, fatal: bool) -> Option<Vec<u16>> {
    let mut text = vec![0; decoder.max_utf16_buffer_length(bytes.len())?];
    let written = if fatal {
        let (result, _, written) = decoder.decode_to_utf16_without_replacement(bytes, &mut text, last);
        if result != DecoderResult::InputEmpty {
            return None;
        }
        written
    } else {
        let (result, _, written, _) = decoder.decode_to_utf16(bytes, &mut text, last);
        debug_assert_eq!(result, CoderResult::InputEmpty, "the buffer has room for the worst case");
        written
    };
    text.truncate(written);
    Some(text)
}
