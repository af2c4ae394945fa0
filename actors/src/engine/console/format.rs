//! The arguments of a line to its text: format specifiers, bounds, and no control characters.

use boa_engine::value::JsVariant;
use boa_engine::{Context, JsValue};

use super::super::host::Host;
use super::super::json_writer;
use super::inspect;

/// The text of a line. A string in front may have specifiers, which take the arguments behind it.
pub(super) fn format(arguments: &[JsValue], limit: usize, context: &mut Context) -> String {
    let [first, rest @ ..] = arguments else { return String::new() };
    let Some(pattern) = first.as_string().filter(|_| !rest.is_empty()) else {
        return join(String::new(), arguments, limit, context);
    };
    let pattern = pattern.to_std_string_lossy();
    let mut rest = rest.iter();
    let mut text = String::new();
    let mut left = pattern.as_str();
    while let Some((before, after)) = left.split_once('%') {
        text.push_str(before);
        let specifier = after.chars().next();
        let known = matches!(specifier, Some('s' | 'd' | 'i' | 'f' | 'o' | 'O' | 'j' | 'c' | '%'));
        let argument = match specifier {
            Some('%') => {
                text.push('%');
                None
            }
            _ if known => rest.as_slice().first(),
            _ => None,
        };
        match (specifier, argument) {
            (Some('%'), _) => left = &after[1..],
            (Some(specifier), Some(argument)) => {
                rest.next();
                text.push_str(&by_specifier(specifier, argument, limit, context));
                left = &after[1..];
            }
            // What is no specifier, or has nothing to take, stands for itself.
            _ => {
                text.push('%');
                left = after;
            }
        }
        if text.len() > limit {
            return text;
        }
    }
    text.push_str(left);
    join(text, rest.as_slice(), limit, context)
}

/// Appends values with spaces between them.
pub(super) fn join(mut text: String, values: &[JsValue], limit: usize, context: &mut Context) -> String {
    for (position, value) in values.iter().enumerate() {
        if text.len() > limit {
            break;
        }
        if position > 0 || !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&inspect::shown(value, limit, context));
    }
    text
}

fn by_specifier(specifier: char, value: &JsValue, limit: usize, context: &mut Context) -> String {
    match specifier {
        's' => inspect::shown(value, limit, context),
        'd' | 'i' | 'f' => number(specifier, value),
        'j' => json(value, limit, context).unwrap_or_else(|| "[no JSON]".to_owned()),
        'c' => String::new(),
        _ => inspect::inspected(value, limit, context),
    }
}

/// Numbers without running code of the script: what is neither a number nor text is NaN.
fn number(specifier: char, value: &JsValue) -> String {
    let number = match value.variant() {
        JsVariant::BigInt(number) => return format!("{number}n"),
        JsVariant::Float64(number) => number,
        JsVariant::Integer32(number) => f64::from(number),
        JsVariant::String(text) if specifier == 'd' => text.to_number(),
        JsVariant::String(text) => leading_number(&text.to_std_string_lossy()),
        JsVariant::Boolean(value) if specifier == 'd' => f64::from(u8::from(value)),
        JsVariant::Null if specifier == 'd' => 0.0,
        _ => f64::NAN,
    };
    let number = if specifier == 'i' { number.trunc() } else { number };
    JsValue::from(number).display().to_string()
}

/// As `parseFloat` reads it: the number that the text begins with.
fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let digits = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+' | 'e' | 'E')).unwrap_or(text.len());
    (1..=digits).rev().find_map(|end| text[..end].parse().ok()).unwrap_or(f64::NAN)
}

fn json(value: &JsValue, limit: usize, context: &mut Context) -> Option<String> {
    let host = Host::of(context).ok()?;
    let text = json_writer::write(value, limit, &host.api().ok()?.intrinsics, context).ok()?;
    String::from_utf8(text).ok()
}

/// One line of at most `limit` bytes, with escapes in the place of control characters and of those that turn the
/// direction of writing.
pub(super) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::with_capacity(text.len().min(limit) + 8);
    for c in text.chars() {
        if line.len() >= limit {
            line.push('…');
            break;
        }
        let hides = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match c {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if c.is_control() || hides => line.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => line.push(c),
        }
    }
    line
}
