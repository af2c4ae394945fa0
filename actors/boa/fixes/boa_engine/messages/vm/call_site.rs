//! Errors that name the expression at fault, worded as V8 words them.
//!
//! Nothing is recorded for them while a script is compiled: the source map says where an instruction's
//! expression stands, and the expression is read from the source text when the error is made. What can't
//! be read is called `(intermediate value)`.

use boa_ast::scope::{BindingLocator, BindingLocatorScope};

use crate::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsValue,
    environments::Environment,
    builtins::iterable::{IteratorHint, IteratorRecord},
    js_string,
    property::PropertyKey,
    symbol::JsSymbol,
    value::JsVariant,
    vm::opcode::IndexOperand,
};

/// An expression that is longer is not repeated in a message.
const LONGEST: usize = 200;

const UNKNOWN: &str = "(intermediate value)";

/// `TypeError: o.f is not a function`, for the call that runs.
#[cold]
pub(crate) fn not_callable(context: &Context) -> JsError {
    let callee = with_text(context, |text, at| match character(text[at]) {
        '(' | '?' => Some(callee_before(text, at)),
        _ => Reader { text, at }.chain(false),
    });
    type_error(format!("{} is not a function", callee.as_deref().unwrap_or(UNKNOWN)))
}

/// `TypeError: o.F is not a constructor`, for the `new` that runs.
#[cold]
pub(crate) fn not_a_constructor(context: &Context) -> JsError {
    let callee = with_text(context, |text, at| {
        let mut reader = Reader { text, at };
        if reader.word()? != "new" {
            return None;
        }
        reader.space();
        if reader.peek() != Some('(') {
            return reader.chain(false);
        }
        let start = reader.at + 1;
        reader.group()?;
        Some(parenthesised(&text[start..reader.at - 1]))
    });
    type_error(format!("{} is not a constructor", callee.as_deref().unwrap_or(UNKNOWN)))
}

/// `TypeError: Cannot read properties of undefined (reading 'x')`, for an access with a name.
#[cold]
pub(crate) fn cannot_read_name(object: &JsValue, index: IndexOperand, context: &Context) -> JsError {
    let name = context.vm.frame().code_block().ic[usize::from(index)].name.clone();
    cannot("read", "reading", object, Some(&name.into()))
}

/// `TypeError: Cannot set properties of undefined (setting 'x')`, for an access with a name.
#[cold]
pub(crate) fn cannot_set_name(object: &JsValue, index: IndexOperand, context: &Context) -> JsError {
    let name = context.vm.frame().code_block().ic[usize::from(index)].name.clone();
    cannot("set", "setting", object, Some(&name.into()))
}

/// The same for an access with a computed key.
#[cold]
pub(crate) fn cannot_read_value(object: &JsValue, key: &JsValue, context: &mut Context) -> JsError {
    cannot("read", "reading", object, primitive_key(key, context).as_ref())
}

/// The same for an assignment with a computed key.
#[cold]
pub(crate) fn cannot_set_value(object: &JsValue, key: &JsValue, context: &mut Context) -> JsError {
    cannot("set", "setting", object, primitive_key(key, context).as_ref())
}

/// `TypeError: Cannot destructure property 'a' of 'o.x' as it is undefined.`
#[cold]
pub(crate) fn cannot_destructure(value: &JsValue, context: &Context) -> JsError {
    if with_text(context, |text, at| (text[at] == u16::from(b'[')).then_some(())).is_some() {
        return not_iterable_here(value, context);
    }
    let what = value.display().to_string();
    let found = with_text(context, |text, at| {
        (text[at] == u16::from(b'{')).then(|| {
            let name = Reader { text, at: at + 1 }.first_property();
            let nested = matches!(before(text, at), Some(':' | '['));
            (name, nested, initializer(text, at))
        })
    });
    let (name, nested, source) = found.unwrap_or((None, false, None));
    let source = source.unwrap_or_else(|| if value.is_null() { "object null".into() } else { what.clone() });
    type_error(match name {
        Some(name) if nested => format!("Cannot read properties of {what} (reading '{name}')"),
        Some(name) => format!("Cannot destructure property '{name}' of '{source}' as it is {what}."),
        None => format!("Cannot destructure '{source}' as it is {what}."),
    })
}

/// The iterator of a value that the script itself iterates over: `TypeError: o.x is not iterable`.
pub(crate) fn iterator_of(value: &JsValue, context: &mut Context) -> JsResult<IteratorRecord> {
    let method = if value.is_null_or_undefined() {
        None
    } else {
        value.get_method(JsSymbol::iterator(), context)?
    };
    match method {
        Some(method) => value.get_iterator_from_method(&method, context),
        None => Err(not_iterable_here(value, context)),
    }
}

/// The async iterator of such a value.
pub(crate) fn async_iterator_of(value: &JsValue, context: &mut Context) -> JsResult<IteratorRecord> {
    if value.is_null_or_undefined() {
        return Err(not_iterable_here(value, context));
    }
    value.get_iterator(IteratorHint::Async, context)
}

#[cold]
fn not_iterable_here(value: &JsValue, context: &Context) -> JsError {
    let source = with_text(context, |text, at| {
        if text[at] == u16::from(b'[')
            && let Some(source) = initializer(text, at)
        {
            return Some(source);
        }
        Reader { text, at }.chain(true)
    });
    match source {
        Some(source) => type_error(format!("{source} is not iterable")),
        None => not_iterable(value),
    }
}

/// `TypeError: number 5 is not iterable …`, where a builtin iterates.
#[cold]
pub(crate) fn not_iterable(value: &JsValue) -> JsError {
    let text = match value.variant() {
        JsVariant::Undefined => "undefined".into(),
        JsVariant::Null => "object null".into(),
        JsVariant::Boolean(_) | JsVariant::Integer32(_) | JsVariant::Float64(_) => {
            format!("{} {}", value.type_of(), value.display())
        }
        _ => value.type_of().to_owned(),
    };
    type_error(format!("{text} is not iterable (cannot read property Symbol(Symbol.iterator))"))
}

/// A value as V8's messages show it.
pub(crate) fn shown(value: &JsValue) -> String {
    match value.variant() {
        JsVariant::String(text) => text.to_std_string_lossy(),
        JsVariant::Symbol(symbol) => symbol.descriptive_string().to_std_string_lossy(),
        JsVariant::BigInt(number) => number.to_string(),
        JsVariant::Object(object) if object.is_array() => "[object Array]".to_owned(),
        JsVariant::Object(object) if object.is_callable() => "#<Function>".to_owned(),
        JsVariant::Object(object) => format!("#<{}>", class_of(&object)),
        _ => value.display().to_string(),
    }
}

/// The name of the constructor, as far as it can be told without running code of the script.
fn class_of(object: &JsObject) -> String {
    let mut next = Some(object.clone());
    for _ in 0..8 {
        let Some(object) = next else { break };
        let object = object.borrow();
        let constructor = object.properties().get(&js_string!("constructor").into());
        if let Some(constructor) = constructor.as_ref().and_then(|found| found.value()?.as_object()) {
            let constructor = constructor.borrow();
            let name = constructor.properties().get(&js_string!("name").into());
            if let Some(name) = name.as_ref().and_then(|found| found.value()?.as_string()) {
                return name.to_std_string_lossy();
            }
        }
        next = object.prototype();
    }
    "Object".to_owned()
}

/// `TypeError: 5 is not a function`, for the callback that a builtin was given.
#[cold]
pub(crate) fn not_a_function(value: &JsValue) -> JsError {
    type_error(format!("{} is not a function", shown(value)))
}

/// Why a property can't be set.
#[cold]
pub(crate) fn cannot_assign(object: &JsObject, receiver: &JsValue, key: &PropertyKey, _context: &Context) -> String {
    let key_text = key_shown(key);
    if !receiver.is_object() {
        let what = format!("{} '{}'", receiver.type_of(), shown(receiver));
        return format!("Cannot create property '{key_text}' on {what}");
    }
    let mut next = Some(object.clone());
    while let Some(object) = next {
        let object = object.borrow();
        if let Some(found) = object.properties().get(key) {
            return if found.is_accessor_descriptor() {
                format!("Cannot set property {key_text} of {} which has only a getter", shown(receiver))
            } else {
                read_only(&key_text, receiver)
            };
        }
        next = object.prototype();
    }
    if object.borrow().extensible {
        read_only(&key_text, receiver)
    } else {
        format!("Cannot add property {key_text}, object is not extensible")
    }
}

fn read_only(key: &str, receiver: &JsValue) -> String {
    format!("Cannot assign to read only property '{key}' of object '{}'", shown(receiver))
}

/// Why a property can't be defined.
#[cold]
pub(crate) fn cannot_define(object: &JsObject, key: &PropertyKey, _context: &Context) -> String {
    let key_text = key_shown(key);
    let object = object.borrow();
    if object.properties().get(key).is_none() && !object.extensible {
        format!("Cannot define property {key_text}, object is not extensible")
    } else {
        format!("Cannot redefine property: {key_text}")
    }
}

/// Why a property can't be deleted.
#[cold]
pub(crate) fn cannot_delete(object: &JsObject, key: &PropertyKey) -> String {
    format!("Cannot delete property '{}' of {}", key_shown(key), shown(&object.clone().into()))
}

fn key_shown(key: &PropertyKey) -> String {
    match key {
        PropertyKey::String(name) => name.to_std_string_lossy(),
        PropertyKey::Symbol(symbol) => symbol.descriptive_string().to_std_string_lossy(),
        PropertyKey::Index(index) => index.get().to_string(),
    }
}

/// `ReferenceError: x is not defined`, or `Cannot access 'x' before initialization`.
#[cold]
pub(crate) fn unbound(locator: &BindingLocator, context: &Context) -> JsError {
    let name = locator.name().to_std_string_lossy();
    let declared = match locator.scope() {
        BindingLocatorScope::GlobalObject => false,
        BindingLocatorScope::GlobalDeclarative => true,
        BindingLocatorScope::Stack(index) => matches!(context.environment_expect(index), Environment::Declarative(_)),
    };
    JsNativeError::reference()
        .with_message(if declared {
            format!("Cannot access '{name}' before initialization")
        } else {
            format!("{name} is not defined")
        })
        .into()
}

fn type_error(message: String) -> JsError {
    JsNativeError::typ().with_message(message).into()
}

fn cannot(verb: &str, doing: &str, object: &JsValue, key: Option<&PropertyKey>) -> JsError {
    let what = object.display();
    type_error(match key {
        Some(PropertyKey::Symbol(symbol)) if verb == "read" && *symbol == JsSymbol::iterator() => {
            format!("{what} is not iterable (cannot read property Symbol(Symbol.iterator))")
        }
        Some(key) => format!("Cannot {verb} properties of {what} ({doing} '{}')", key_shown(key)),
        None => format!("Cannot {verb} properties of {what}"),
    })
}

/// A key whose conversion to a property key runs no code of the script.
fn primitive_key(key: &JsValue, context: &mut Context) -> Option<PropertyKey> {
    if key.is_object() { None } else { key.to_property_key(context).ok() }
}

/// Calls `read` with the source text and the place of the instruction that runs.
fn with_text<T>(context: &Context, read: impl FnOnce(&[u16], usize) -> Option<T>) -> Option<T> {
    let frame = context.vm.frame();
    let source = &frame.code_block().source_info;
    let position = source.map().find(frame.pc.saturating_sub(1))?;
    let source = source.text_spanned();
    let at = source.offset_of(position)?;
    read(source.whole()?, at)
}

fn character(unit: u16) -> char {
    char::from_u32(unit.into()).unwrap_or('x') // A half of a pair can only be part of a name.
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '\u{200c}' | '\u{200d}')
}

fn text_of(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

/// The end of what stands before `end`, without white space and comments of the form `/* */`.
fn trim_back(text: &[u16], mut end: usize) -> usize {
    loop {
        while end > 0 && character(text[end - 1]).is_whitespace() {
            end -= 1;
        }
        if end >= 4 && text[..end].ends_with(&[u16::from(b'*'), u16::from(b'/')]) {
            let mut start = end - 2;
            while start >= 2 && text[start - 2..start] != [u16::from(b'/'), u16::from(b'*')] {
                start -= 1;
            }
            if start < 2 {
                return end;
            }
            end = start - 2;
        } else {
            return end;
        }
    }
}

/// The last character before `at` that is no white space.
fn before(text: &[u16], at: usize) -> Option<char> {
    let end = trim_back(text, at);
    (end > 0).then(|| character(text[end - 1]))
}

fn word_before(text: &[u16], end: usize) -> usize {
    let mut start = end;
    while start > 0 && is_name(character(text[start - 1])) {
        start -= 1;
    }
    start
}

/// Where the bracket that `close` ends begins. Strings are passed over; what else may stand between is not told apart.
fn opening(text: &[u16], close: usize) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, close);
    loop {
        match character(text[at]) {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            '"' | '\'' | '`' => at = quote_before(text, at)?,
            _ => {}
        }
        at = at.checked_sub(1)?;
    }
}

fn quote_before(text: &[u16], close: usize) -> Option<usize> {
    let mut at = close;
    loop {
        at = at.checked_sub(1)?;
        if text[at] == text[close] && (at == 0 || text[at - 1] != u16::from(b'\\')) {
            return Some(at);
        }
    }
}

/// Words after which an expression begins, so that they are no part of one.
fn begins_expression(word: &str) -> bool {
    matches!(
        word,
        "return" | "typeof" | "await" | "yield" | "void" | "delete" | "in" | "of" | "case" | "throw" | "else" | "do"
            | "instanceof" | "new" | "if" | "while" | "for" | "switch" | "catch" | "with"
    )
}

/// The expression that ends before `end`, which is called there.
fn callee_before(text: &[u16], end: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut end = trim_back(text, end);
    let mut length = 0;
    let head = loop {
        if end == 0 || length > LONGEST {
            break UNKNOWN.to_owned();
        }
        match character(text[end - 1]) {
            close @ (')' | ']') => {
                let Some(open) = opening(text, end - 1) else { break UNKNOWN.to_owned() };
                let start = trim_back(text, open);
                let optional = text[..start].ends_with(&[u16::from(b'?'), u16::from(b'.')]);
                let word = text_of(&text[word_before(text, start)..start]);
                let follows = optional
                    || (start > 0
                        && !begins_expression(&word)
                        && (is_name(character(text[start - 1])) || matches!(character(text[start - 1]), ')' | ']')));
                let inner = text_of(&text[open + 1..end - 1]);
                let inner = inner.trim();
                if !follows {
                    break match close {
                        ')' => parenthesised(&text[open + 1..end - 1]),
                        _ => UNKNOWN.to_owned(),
                    };
                }
                parts.push(match (close, optional) {
                    (')', _) => "(...)".to_owned(),
                    (_, true) => format!("?.[{}]", key_text(inner)),
                    (_, false) => match literal(inner) {
                        Some(name) => format!(".{name}"),
                        None => format!("[{}]", key_text(inner)),
                    },
                });
                end = if optional { trim_back(text, start - 2) } else { start };
            }
            c if is_name(c) => {
                let start = word_before(text, end);
                let word = text_of(&text[start..end]);
                let dot = trim_back(text, start);
                if dot > 0 && text[dot - 1] == u16::from(b'.') {
                    let optional = dot > 1 && text[dot - 2] == u16::from(b'?');
                    parts.push(format!("{}.{word}", if optional { "?" } else { "" }));
                    end = trim_back(text, dot - 1 - usize::from(optional));
                } else {
                    break if word == "super" || begins_expression(&word) { UNKNOWN.to_owned() } else { word };
                }
            }
            '"' | '\'' => {
                let Some(open) = quote_before(text, end - 1) else { break UNKNOWN.to_owned() };
                break format!("\"{}\"", text_of(&text[open + 1..end - 1]));
            }
            '.' if text[..end].ends_with(&[u16::from(b'?'), u16::from(b'.')]) => end = trim_back(text, end - 2),
            _ => break UNKNOWN.to_owned(),
        }
        length += parts.last().map_or(0, String::len);
    };
    parts.push(head);
    parts.reverse();
    let callee = parts.concat();
    if callee.len() > LONGEST { UNKNOWN.to_owned() } else { callee }
}

/// An expression in parentheses: a chain stands for itself.
fn parenthesised(inner: &[u16]) -> String {
    let mut reader = Reader { text: inner, at: 0 };
    let chain = reader.chain(false);
    reader.space();
    match chain {
        Some(chain) if reader.at == inner.len() => chain,
        _ => UNKNOWN.to_owned(),
    }
}

/// The text of a string literal without escapes, as which a computed key stands.
fn literal(key: &str) -> Option<&str> {
    let quote = key.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let inner = key.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote) && !inner.contains(['\\', '$'])).then_some(inner)
}

fn key_text(key: &str) -> String {
    if key.len() > 60 || key.contains('\n') {
        "...".to_owned()
    } else if key.chars().all(|c| is_name(c) || c == '.') {
        key.to_owned()
    } else {
        format!("({key})")
    }
}

/// The initializer of the pattern that begins at `open`.
fn initializer(text: &[u16], open: usize) -> Option<String> {
    let mut reader = Reader { text, at: open };
    reader.group()?;
    reader.space();
    if reader.peek() != Some('=') || matches!(reader.peek_at(1), Some('=' | '>')) {
        return None;
    }
    reader.at += 1;
    Some(reader.chain(true).unwrap_or_else(|| UNKNOWN.into()))
}

/// Reads source text forwards.
struct Reader<'a> {
    text: &'a [u16],
    at: usize,
}

impl Reader<'_> {
    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).map(|&unit| character(unit))
    }

    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn word(&mut self) -> Option<String> {
        let start = self.at;
        while self.peek().is_some_and(is_name) {
            self.at += 1;
        }
        (start < self.at).then(|| text_of(&self.text[start..self.at]))
    }

    /// Passes over what stands between a bracket and the one that closes it.
    fn group(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                '"' | '\'' | '`' => self.string()?,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Goes to the end of a string literal.
    fn string(&mut self) -> Option<()> {
        let quote = self.peek()?;
        loop {
            self.at += 1;
            match self.peek()? {
                '\\' => self.at += 1,
                c if c == quote => return Some(()),
                _ => {}
            }
        }
    }

    /// The name of the first property of an object pattern.
    fn first_property(&mut self) -> Option<String> {
        self.space();
        match self.peek()? {
            '"' | '\'' => {
                let start = self.at + 1;
                self.string()?;
                Some(text_of(&self.text[start..self.at]))
            }
            _ => self.word(),
        }
    }

    /// Names, literals and calls joined by points and brackets. A `whole` one must be all of its expression.
    fn chain(&mut self, whole: bool) -> Option<String> {
        self.space();
        let mut chain = match self.peek()? {
            '{' if self.peek_at(1) == Some('}') => {
                self.at += 2;
                "{}".to_owned()
            }
            _ => self.word()?,
        };
        if matches!(&*chain, "function" | "class" | "async") || begins_expression(&chain) {
            return None;
        }
        while chain.len() <= LONGEST {
            let end = self.at;
            self.space();
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    chain = format!("{chain}.{}", self.word()?);
                }
                Some('?') if self.peek_at(1) == Some('.') && self.peek_at(2).is_some_and(is_name) => {
                    self.at += 2;
                    chain = format!("{chain}?.{}", self.word()?);
                }
                Some('[') => {
                    let start = self.at + 1;
                    self.group()?;
                    let inner = text_of(&self.text[start..self.at - 1]);
                    let inner = inner.trim();
                    match literal(inner) {
                        Some(name) => chain = format!("{chain}.{name}"),
                        None => chain = format!("{chain}[{}]", key_text(inner)),
                    }
                }
                Some('(') if whole => {
                    self.group()?;
                    chain.push_str("(...)");
                }
                next => {
                    let line_ended = self.text[end..self.at].contains(&u16::from(b'\n'));
                    let ended = match next {
                        None | Some(',' | ';' | ')' | ']' | '}') => true,
                        _ => line_ended,
                    };
                    return (ended || !whole).then_some(chain);
                }
            }
        }
        None
    }
}

/// Where each line of a text begins.
pub(crate) fn lines_of(text: &[u16]) -> Box<[u32]> {
    let mut lines = vec![0];
    for (at, &unit) in text.iter().enumerate() {
        let ends = match unit {
            0xA | 0x2028 | 0x2029 => true,
            0xD => text.get(at + 1) != Some(&0xA),
            _ => false,
        };
        if ends {
            lines.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
        }
    }
    lines.into()
}

/// The unit that a column, which counts code points from 1, stands for.
pub(crate) fn column_in(text: &[u16], line: usize, column: u32) -> Option<usize> {
    let mut at = line;
    for _ in 1..column {
        let pair = (0xD800..0xDC00).contains(text.get(at)?);
        at += 1 + usize::from(pair);
    }
    (at < text.len()).then_some(at)
}
