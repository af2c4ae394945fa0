//! `URLSearchParams` (URL standard, section 6.2).

use std::cell::RefCell;

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::object::builtins::JsArray;
use boa_engine::value::JsVariant;
use boa_engine::{Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsString, JsSymbol, JsValue, Trace};
use url::form_urlencoded;

use super::super::host::Host;
use super::class::{receiver, type_error, Members, WebClass};
use super::convert::{iterate, required, sequence, usv_string};
use super::pair_iterator::{add_iteration, Pairs};
use super::url::Url;

/// Pairs that one list may be made of.
const MAX_PAIRS: usize = 1 << 20;

/// Name and value.
type Pair = (String, String);

/// A list of pairs.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct UrlSearchParams {
    #[unsafe_ignore_trace]
    pairs: RefCell<Vec<Pair>>,
    /// The URL whose query this is.
    url: Option<JsObject>,
}

impl UrlSearchParams {
    /// The view of the query of `url`.
    pub(super) fn of_url(query: &str, url: JsObject) -> Self {
        UrlSearchParams { pairs: RefCell::new(parse(query)), url: Some(url) }
    }

    /// Reads another query.
    pub(super) fn reset(&self, query: &str) {
        *self.pairs.borrow_mut() = parse(query);
    }

    fn serialize(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs.borrow().iter()).finish()
    }

    /// Changes the list, and with it the URL.
    fn change(&self, change: impl FnOnce(&mut Vec<Pair>)) {
        change(&mut self.pairs.borrow_mut());
        if let Some(url) = self.url.as_ref().and_then(|url| url.downcast_ref::<Url>()) {
            url.set_query(&self.serialize());
        }
    }
}

fn parse(query: &str) -> Vec<Pair> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

impl Pairs for UrlSearchParams {
    fn at(pairs: &JsObject, position: usize) -> Option<Pair> {
        pairs.downcast_ref::<UrlSearchParams>()?.pairs.borrow().get(position).cloned()
    }
}

impl Class for UrlSearchParams {
    const NAME: &'static str = "URLSearchParams";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .get("size", |this, _, _| {
                Ok(receiver::<UrlSearchParams>(this)?.borrow().data().pairs.borrow().len().into())
            })
            .call("append", 2, append)
            .call("delete", 1, delete)
            .call("get", 1, get)
            .call("getAll", 1, get_all)
            .call("has", 1, has)
            .call("set", 2, set)
            .call("sort", 0, sort)
            .call("toString", 0, |this, _, _| {
                Ok(JsString::from(receiver::<UrlSearchParams>(this)?.borrow().data().serialize()).into())
            });
        add_iteration::<UrlSearchParams>(class);
        Ok(())
    }

    fn data_constructor(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        Ok(UrlSearchParams { pairs: RefCell::new(initial(arguments.get_or_undefined(0), context)?), url: None })
    }
}

impl WebClass for UrlSearchParams {}

/// What the constructor was given: pairs, an object as a record, or text.
fn initial(value: &JsValue, context: &mut Context) -> JsResult<Vec<Pair>> {
    let object = match value.variant() {
        JsVariant::Undefined => return Ok(Vec::new()),
        JsVariant::Object(object) => object,
        _ => {
            let text = usv_string(value, context)?;
            return Ok(parse(text.strip_prefix('?').unwrap_or(&text)));
        }
    };
    let method = object.get(JsSymbol::iterator(), context)?;
    if method.is_null_or_undefined() {
        return record(&object, context);
    }
    let members = iterate(value, &method, MAX_PAIRS, "the argument of URLSearchParams", context)?;
    members.iter().map(|member| pair(member, context)).collect()
}

fn pair(member: &JsValue, context: &mut Context) -> JsResult<Pair> {
    let texts = sequence(member, MAX_PAIRS, "a pair", context)?;
    let [name, value] = texts.as_slice() else {
        return Err(type_error("a pair has a name and a value"));
    };
    Ok((usv_string(name, context)?, usv_string(value, context)?))
}

/// `record<USVString, USVString>`: the own enumerable properties. Of names that become the same the last one counts.
fn record(object: &JsObject, context: &mut Context) -> JsResult<Vec<Pair>> {
    let mut pairs: Vec<Pair> = Vec::new();
    let host = Host::of(context)?;
    for key in host.api()?.intrinsics.own_enumerable_keys(object, context)? {
        let name = key.to_std_string_lossy();
        let value = usv_string(&object.get(key, context)?, context)?;
        match pairs.iter_mut().find(|(known, _)| *known == name) {
            Some(pair) => pair.1 = value,
            None => pairs.push((name, value)),
        }
    }
    Ok(pairs)
}

/// The arguments of a method as text: `count` that it needs, and one more that it may have.
fn texts(arguments: &[JsValue], count: usize, what: &str, context: &mut Context) -> JsResult<(String, Option<String>)> {
    required(arguments, count, what)?;
    let first = usv_string(arguments.get_or_undefined(0), context)?;
    let second = match arguments.get_or_undefined(1) {
        value if value.is_undefined() && count < 2 => None,
        value => Some(usv_string(value, context)?),
    };
    Ok((first, second))
}

fn append(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let params = receiver::<UrlSearchParams>(this)?;
    let (name, value) = texts(arguments, 2, "append", context)?;
    params.borrow().data().change(|pairs| pairs.push((name, value.unwrap_or_default())));
    Ok(JsValue::undefined())
}

fn delete(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let params = receiver::<UrlSearchParams>(this)?;
    let (name, value) = texts(arguments, 1, "delete", context)?;
    let goes = |pair: &Pair| pair.0 == name && value.as_ref().is_none_or(|value| pair.1 == *value);
    params.borrow().data().change(|pairs| pairs.retain(|pair| !goes(pair)));
    Ok(JsValue::undefined())
}

fn get(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let params = receiver::<UrlSearchParams>(this)?;
    let (name, _) = texts(arguments, 1, "get", context)?;
    let params = params.borrow();
    let pairs = params.data().pairs.borrow();
    let found = pairs.iter().find(|pair| pair.0 == name);
    Ok(found.map_or(JsValue::null(), |pair| JsString::from(pair.1.as_str()).into()))
}

fn get_all(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let params = receiver::<UrlSearchParams>(this)?;
    let (name, _) = texts(arguments, 1, "getAll", context)?;
    let params = params.borrow();
    let pairs = params.data().pairs.borrow();
    let values = pairs.iter().filter(|pair| pair.0 == name);
    let values: Vec<JsValue> = values.map(|pair| JsString::from(pair.1.as_str()).into()).collect();
    Ok(JsArray::from_iter(values, context).into())
}

fn has(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let params = receiver::<UrlSearchParams>(this)?;
    let (name, value) = texts(arguments, 1, "has", context)?;
    let params = params.borrow();
    let pairs = params.data().pairs.borrow();
    let found = pairs.iter().any(|pair| pair.0 == name && value.as_ref().is_none_or(|value| pair.1 == *value));
    Ok(found.into())
}

/// Sets the first pair of the name and drops the others.
fn set(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let params = receiver::<UrlSearchParams>(this)?;
    let (name, value) = texts(arguments, 2, "set", context)?;
    let value = value.unwrap_or_default();
    params.borrow().data().change(|pairs| match pairs.iter().position(|pair| pair.0 == name) {
        Some(first) => {
            pairs[first].1 = value;
            let mut position = 0;
            pairs.retain(|pair| {
                position += 1;
                position <= first + 1 || pair.0 != name
            });
        }
        None => pairs.push((name, value)),
    });
    Ok(JsValue::undefined())
}

/// Sorts by name in UTF-16, as JavaScript compares text; pairs of one name keep their order.
fn sort(this: &JsValue, _arguments: &[JsValue], _context: &mut Context) -> JsResult<JsValue> {
    let params = receiver::<UrlSearchParams>(this)?;
    params.borrow().data().change(|pairs| pairs.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16())));
    Ok(JsValue::undefined())
}
