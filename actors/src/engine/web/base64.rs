//! `atob` and `btoa` (HTML, section 8.3), with the forgiving decoding of the Infra standard.

use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue};

use super::convert::required;
use super::dom_exception;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `btoa(text)`: every character is a byte.
pub(super) fn btoa(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    required(arguments, 1, "btoa")?;
    let text = arguments.get_or_undefined(0).to_string(context)?;
    let bytes: Result<Vec<u8>, _> = text.iter().map(u8::try_from).collect();
    match bytes {
        Ok(bytes) => Ok(JsString::from(encode(&bytes)).into()),
        Err(_) => Err(dom_exception::throw(
            "InvalidCharacterError",
            "the text has characters beyond U+00FF, which are no bytes",
            context,
        )),
    }
}

/// `atob(text)`: every byte is a character.
pub(super) fn atob(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    required(arguments, 1, "atob")?;
    let text = arguments.get_or_undefined(0).to_string(context)?;
    let units: Vec<u16> = text.iter().collect();
    match decode(&units) {
        Some(bytes) => {
            let units: Vec<u16> = bytes.into_iter().map(u16::from).collect();
            Ok(JsString::from(units.as_slice()).into())
        }
        None => Err(dom_exception::throw("InvalidCharacterError", "the text is not base64", context)),
    }
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let sextet = (bits >> (18 - 6 * position)) & 63;
            text.push(if position <= group.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

/// Bytes of base64 text that may have white space in it and may lack its padding.
fn decode(units: &[u16]) -> Option<Vec<u8>> {
    const WHITE: [u16; 5] = [9, 10, 12, 13, 32];
    let mut text: Vec<u16> = units.iter().copied().filter(|unit| !WHITE.contains(unit)).collect();
    if text.len().is_multiple_of(4) {
        for _ in 0..2 {
            text.pop_if(|unit| *unit == u16::from(b'='));
        }
    }
    if text.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut bits: u32 = 0;
        for unit in group {
            bits = bits << 6 | sextet(*unit)?;
        }
        // What is left over of the last byte is dropped, whatever it is.
        bits <<= 6 * (4 - group.len());
        let [_, whole @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(&whole[..group.len() - 1]);
    }
    Some(bytes)
}

fn sextet(unit: u16) -> Option<u32> {
    let byte = u8::try_from(unit).ok()?;
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
