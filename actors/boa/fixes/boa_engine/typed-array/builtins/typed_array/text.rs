//! Bytes as base64 and hexadecimal text: the methods of `Uint8Array`.
//!
//! See <https://tc39.es/proposal-arraybuffer-base64/spec/>.

use std::sync::atomic::Ordering;

use super::{TypedArray, TypedArrayKind};
use crate::{
    Context, JsArgs, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
    builtins::OrdinaryObject,
    object::{FunctionObjectBuilder, builtins::JsUint8Array},
    property::PropertyDescriptor,
};

const ALPHABETS: [&[u8; 64]; 2] = [
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
];

/// What becomes of characters at the end that are no whole group of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastChunk {
    Loose,
    Strict,
    StopBeforePartial,
}

/// Bytes that were read, and how far; `failed` if what follows is no text of its kind.
#[derive(Debug)]
struct Decoded {
    read: usize,
    bytes: Vec<u8>,
    failed: bool,
}

/// Gives `Uint8Array` its methods.
pub(crate) fn define(context: &mut Context) -> JsResult<()> {
    let constructor = context.intrinsics().constructors().typed_uint8_array().clone();
    let methods: [(_, _, fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>, usize); 6] = [
        (constructor.constructor(), "fromBase64", from_base64, 1),
        (constructor.constructor(), "fromHex", from_hex, 1),
        (constructor.prototype(), "toBase64", to_base64, 0),
        (constructor.prototype(), "toHex", to_hex, 0),
        (constructor.prototype(), "setFromBase64", set_from_base64, 1),
        (constructor.prototype(), "setFromHex", set_from_hex, 1),
    ];
    for (object, name, function, length) in methods {
        let function = FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(function))
            .name(js_string!(name))
            .length(length)
            .build();
        let method = PropertyDescriptor::builder().value(function).writable(true).enumerable(false).configurable(true);
        object.define_property_or_throw(js_string!(name), method, context)?;
    }
    Ok(())
}

fn type_error(message: &'static str) -> crate::JsError {
    JsNativeError::typ().with_message(message).into()
}

fn uint8_array(this: &JsValue) -> JsResult<JsObject<TypedArray>> {
    let array = this.as_object().and_then(|object| object.downcast::<TypedArray>().ok());
    array
        .filter(|array| array.borrow().data().kind() == TypedArrayKind::Uint8)
        .ok_or_else(|| type_error("the receiver is not a Uint8Array"))
}

fn bytes_of(array: &JsObject<TypedArray>) -> JsResult<Vec<u8>> {
    let array = array.borrow();
    let array = array.data();
    let buffer = array.viewed_array_buffer().as_buffer();
    let bytes = buffer.bytes(Ordering::SeqCst).filter(|bytes| !array.is_out_of_bounds(bytes.len()));
    let bytes = bytes.ok_or_else(|| type_error("the Uint8Array is detached or out of bounds"))?;
    let start = array.byte_offset() as usize;
    let length = array.array_length(bytes.len()) as usize;
    Ok(bytes.subslice(start..start + length).to_vec())
}

fn option(options: &JsValue, name: &str, context: &mut Context) -> JsResult<JsValue> {
    match options.as_object() {
        Some(options) => options.get(js_string!(name), context),
        None if options.is_undefined() => Ok(JsValue::undefined()),
        None => Err(type_error("the options are not an object")),
    }
}

/// The index in `ALPHABETS`.
fn alphabet(options: &JsValue, context: &mut Context) -> JsResult<usize> {
    let name = option(options, "alphabet", context)?;
    if name.is_undefined() {
        return Ok(0);
    }
    match name.as_string().map(|name| name.to_std_string_lossy()).as_deref() {
        Some("base64") => Ok(0),
        Some("base64url") => Ok(1),
        _ => Err(type_error("expected alphabet to be either \"base64\" or \"base64url\"")),
    }
}

fn last_chunk(options: &JsValue, context: &mut Context) -> JsResult<LastChunk> {
    let name = option(options, "lastChunkHandling", context)?;
    if name.is_undefined() {
        return Ok(LastChunk::Loose);
    }
    match name.as_string().map(|name| name.to_std_string_lossy()).as_deref() {
        Some("loose") => Ok(LastChunk::Loose),
        Some("strict") => Ok(LastChunk::Strict),
        Some("stop-before-partial") => Ok(LastChunk::StopBeforePartial),
        _ => Err(type_error("expected lastChunkHandling to be \"loose\", \"strict\", or \"stop-before-partial\"")),
    }
}

fn text(value: &JsValue) -> JsResult<Vec<u16>> {
    let text = value.as_string().ok_or_else(|| type_error("the argument is not a string"))?;
    Ok(text.iter().collect())
}

fn to_base64(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let array = uint8_array(this)?;
    let options = args.get_or_undefined(0);
    let alphabet = ALPHABETS[alphabet(options, context)?];
    let pad = !option(options, "omitPadding", context)?.to_boolean();
    let bytes = bytes_of(&array)?;
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            if place <= group.len() {
                text.push(char::from(alphabet[(bits >> (18 - 6 * place) & 63) as usize]));
            } else if pad {
                text.push('=');
            }
        }
    }
    Ok(js_string!(text).into())
}

fn to_hex(this: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let bytes = bytes_of(&uint8_array(this)?)?;
    let digits = b"0123456789abcdef";
    let text: String = bytes
        .iter()
        .flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]])
        .map(char::from)
        .collect();
    Ok(js_string!(text).into())
}

fn array_of(decoded: Decoded, context: &mut Context) -> JsResult<JsValue> {
    if decoded.failed {
        return Err(JsNativeError::syntax().with_message("the text is not well-formed").into());
    }
    Ok(JsUint8Array::from_iter(decoded.bytes, context)?.into())
}

fn from_base64(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = text(args.get_or_undefined(0))?;
    let options = args.get_or_undefined(1);
    let alphabet = alphabet(options, context)?;
    let last = last_chunk(options, context)?;
    array_of(decode_base64(&text, alphabet, last, usize::MAX), context)
}

fn from_hex(_: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = text(args.get_or_undefined(0))?;
    array_of(decode_hex(&text, usize::MAX), context)
}

fn set_from_base64(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let array = uint8_array(this)?;
    let text = text(args.get_or_undefined(0))?;
    let options = args.get_or_undefined(1);
    let alphabet = alphabet(options, context)?;
    let last = last_chunk(options, context)?;
    let room = bytes_of(&array)?.len();
    set(&array, decode_base64(&text, alphabet, last, room), context)
}

fn set_from_hex(this: &JsValue, args: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let array = uint8_array(this)?;
    let text = text(args.get_or_undefined(0))?;
    let room = bytes_of(&array)?.len();
    set(&array, decode_hex(&text, room), context)
}

/// Writes what was read before anything failed, as the specification has it.
fn set(array: &JsObject<TypedArray>, decoded: Decoded, context: &mut Context) -> JsResult<JsValue> {
    let object = array.clone().upcast();
    for (index, byte) in decoded.bytes.iter().enumerate() {
        object.set(index as u64, *byte, true, context)?;
    }
    if decoded.failed {
        return Err(JsNativeError::syntax().with_message("the text is not well-formed").into());
    }
    let prototype = context.intrinsics().constructors().object().prototype();
    let result = JsObject::from_proto_and_data_with_shared_shape(context.root_shape(), prototype, OrdinaryObject).upcast();
    result.create_data_property_or_throw(js_string!("read"), decoded.read as u64, context)?;
    result.create_data_property_or_throw(js_string!("written"), decoded.bytes.len() as u64, context)?;
    Ok(result.into())
}

fn decode_hex(text: &[u16], room: usize) -> Decoded {
    let digit = |unit: u16| char::from_u32(unit.into()).and_then(|c| c.to_digit(16));
    let mut decoded = Decoded { read: 0, bytes: Vec::new(), failed: text.len() % 2 != 0 };
    if decoded.failed {
        return decoded;
    }
    for pair in text.chunks(2) {
        if decoded.bytes.len() == room {
            break;
        }
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
            decoded.failed = true;
            break;
        };
        decoded.bytes.push((high << 4 | low) as u8);
        decoded.read += 2;
    }
    decoded
}

fn decode_base64(text: &[u16], alphabet: usize, last: LastChunk, room: usize) -> Decoded {
    let mut decoded = Decoded { read: 0, bytes: Vec::new(), failed: false };
    if room == 0 {
        return decoded;
    }
    let skip_space = |mut at: usize| {
        while matches!(text.get(at), Some(0x9 | 0xA | 0xC | 0xD | 0x20)) {
            at += 1;
        }
        at
    };
    let failed = |mut decoded: Decoded| {
        decoded.failed = true;
        decoded
    };
    let equals = u16::from(b'=');
    let (mut chunk, mut count, mut at) = (0_u32, 0_usize, 0_usize);
    // The bytes of a last group of 2 or 3 characters; none if bits are left over that must not be.
    let rest = |chunk: u32, count: usize, strict: bool| {
        let (bits, bytes) = if count == 2 { (chunk << 12, 1) } else { (chunk << 6, 2) };
        let all = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        (!strict || all[bytes] == 0).then(|| all[..bytes].to_vec())
    };
    loop {
        at = skip_space(at);
        let Some(&unit) = text.get(at) else {
            if count > 0 {
                match last {
                    LastChunk::StopBeforePartial => return decoded,
                    LastChunk::Strict => return failed(decoded),
                    LastChunk::Loose if count == 1 => return failed(decoded),
                    LastChunk::Loose => decoded.bytes.extend(rest(chunk, count, false).unwrap_or_default()),
                }
            }
            decoded.read = text.len();
            return decoded;
        };
        at += 1;
        if unit == equals {
            if count < 2 {
                return failed(decoded);
            }
            at = skip_space(at);
            if count == 2 {
                match text.get(at) {
                    None if last == LastChunk::StopBeforePartial => return decoded,
                    None => return failed(decoded),
                    Some(&unit) if unit == equals => at = skip_space(at + 1),
                    Some(_) => {}
                }
            }
            if at < text.len() {
                return failed(decoded);
            }
            let Some(bytes) = rest(chunk, count, last == LastChunk::Strict) else { return failed(decoded) };
            decoded.bytes.extend(bytes);
            decoded.read = text.len();
            return decoded;
        }
        let Some(value) = ALPHABETS[alphabet].iter().position(|&letter| u16::from(letter) == unit) else {
            return failed(decoded);
        };
        let left = room - decoded.bytes.len();
        if (left == 1 && count == 2) || (left == 2 && count == 3) {
            return decoded;
        }
        chunk = chunk << 6 | value as u32;
        count += 1;
        if count == 4 {
            decoded.bytes.extend([(chunk >> 16) as u8, (chunk >> 8) as u8, chunk as u8]);
            (chunk, count) = (0, 0);
            decoded.read = at;
            if decoded.bytes.len() == room {
                return decoded;
            }
        }
    }
}
