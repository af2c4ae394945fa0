//! `URL` (URL standard, section 6.1).

use std::cell::RefCell;

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::gc::GcRefCell;
use boa_engine::{Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, Trace};
use url::quirks;

use super::class::{instance, receiver, type_error, Members, Native, WebClass};
use super::convert::{required, usv_string};
use super::url_search_params::UrlSearchParams;

/// A URL, and the view of its query once a script has asked for it.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct Url {
    #[unsafe_ignore_trace]
    url: RefCell<url::Url>,
    params: GcRefCell<Option<JsObject>>,
}

impl Url {
    fn new(url: url::Url) -> Self {
        Url { url: RefCell::new(url), params: GcRefCell::default() }
    }

    /// Sets the query to what its view has come to.
    pub(super) fn set_query(&self, query: &str) {
        self.url.borrow_mut().set_query(Some(query).filter(|query| !query.is_empty()));
    }

    /// Tells the view that the query is another.
    fn refresh_params(&self) {
        let params = self.params.borrow().clone();
        let Some(params) = params else { return };
        if let Some(params) = params.downcast_ref::<UrlSearchParams>() {
            params.reset(self.url.borrow().query().unwrap_or_default());
        };
    }
}

fn parse(arguments: &[JsValue], context: &mut Context) -> JsResult<Result<url::Url, String>> {
    required(arguments, 1, "URL")?;
    let text = usv_string(arguments.get_or_undefined(0), context)?;
    let base = match arguments.get_or_undefined(1) {
        base if base.is_undefined() => None,
        base => Some(usv_string(base, context)?),
    };
    let parsed = match &base {
        None => url::Url::parse(&text),
        Some(base) => url::Url::parse(base).and_then(|base| base.join(&text)),
    };
    Ok(parsed.map_err(|error| match base {
        None => format!("Invalid URL: {text:?}: {error}"),
        Some(base) => format!("Invalid URL: {text:?} with the base {base:?}: {error}"),
    }))
}

/// A member that can be read and written: its name, how it is read, and how it is written.
type Member = (&'static str, Native, Native);

/// A getter by a function that reads a part of the URL.
macro_rules! getter {
    ($read:path) => {
        |this, _, _| {
            let object = receiver::<Url>(this)?;
            let object = object.borrow();
            let url = object.data().url.borrow();
            Ok(JsString::from($read(&url)).into())
        }
    };
}

/// A setter by a function that writes a part of the URL; what it refuses changes nothing.
macro_rules! setter {
    ($write:path) => {
        |this, arguments, context| {
            let object = receiver::<Url>(this)?;
            let value = usv_string(arguments.get_or_undefined(0), context)?;
            let object = object.borrow();
            let _ = $write(&mut object.data().url.borrow_mut(), &value);
            Ok(JsValue::undefined())
        }
    };
}

impl Class for Url {
    const NAME: &'static str = "URL";
    const LENGTH: usize = 1;

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        let members: [Member; 10] = [
            ("href", getter!(quirks::href), set_href),
            ("protocol", getter!(quirks::protocol), setter!(quirks::set_protocol)),
            ("username", getter!(quirks::username), setter!(quirks::set_username)),
            ("password", getter!(quirks::password), setter!(quirks::set_password)),
            ("host", getter!(quirks::host), setter!(quirks::set_host)),
            ("hostname", getter!(quirks::hostname), setter!(quirks::set_hostname)),
            ("port", getter!(quirks::port), setter!(quirks::set_port)),
            ("pathname", getter!(quirks::pathname), setter!(quirks::set_pathname)),
            ("search", getter!(quirks::search), set_search),
            ("hash", getter!(quirks::hash), setter!(quirks::set_hash)),
        ];
        for (name, get, set) in members {
            class.get_set(name, get, set);
        }
        class
            .get("origin", |this, _, _| {
                let object = receiver::<Url>(this)?;
                let origin = quirks::origin(&object.borrow().data().url.borrow());
                Ok(JsString::from(origin).into())
            })
            .get("searchParams", search_params)
            .call("toString", 0, to_string)
            .call("toJSON", 0, to_string)
            .call_static("canParse", 1, |_, arguments, context| Ok(parse(arguments, context)?.is_ok().into()))
            .call_static("parse", 1, |_, arguments, context| match parse(arguments, context)? {
                Ok(url) => Ok(instance(Url::new(url), context)?.into()),
                Err(_) => Ok(JsValue::null()),
            });
        Ok(())
    }

    fn data_constructor(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        parse(arguments, context)?.map(Url::new).map_err(type_error)
    }
}

impl WebClass for Url {}

fn to_string(this: &JsValue, _arguments: &[JsValue], _context: &mut Context) -> JsResult<JsValue> {
    let object = receiver::<Url>(this)?;
    let object = object.borrow();
    let url = object.data().url.borrow();
    Ok(JsString::from(url.as_str()).into())
}

fn set_href(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let object = receiver::<Url>(this)?;
    let href = usv_string(arguments.get_or_undefined(0), context)?;
    let url = url::Url::parse(&href).map_err(|error| type_error(format!("Invalid URL: {href:?}: {error}")))?;
    let object = object.borrow();
    *object.data().url.borrow_mut() = url;
    object.data().refresh_params();
    Ok(JsValue::undefined())
}

fn set_search(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let object = receiver::<Url>(this)?;
    let search = usv_string(arguments.get_or_undefined(0), context)?;
    let object = object.borrow();
    quirks::set_search(&mut object.data().url.borrow_mut(), &search);
    object.data().refresh_params();
    Ok(JsValue::undefined())
}

/// The view of the query: always the same object, and live in both directions.
fn search_params(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let object = receiver::<Url>(this)?;
    let object = object.borrow();
    let url = object.data();
    if let Some(params) = &*url.params.borrow() {
        return Ok(params.clone().into());
    }
    let query = url.url.borrow().query().unwrap_or_default().to_owned();
    let owner = receiver::<Url>(this)?.upcast();
    let params = instance(UrlSearchParams::of_url(&query, owner), context)?;
    *url.params.borrow_mut() = Some(params.clone());
    Ok(params.into())
}
