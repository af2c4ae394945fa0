//! `Response` (Fetch standard, section 5.5).

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::{
    js_string, Context, Finalize, JsArgs, JsData, JsNativeError, JsObject, JsResult, JsString, JsValue, Trace,
};

use super::super::host::Host;
use super::super::json_writer;
use super::body::{add_body, Body, HasBody};
use super::class::{instance, receiver, type_error, Members, WebClass};
use super::convert::{dictionary, required, usv_string};
use super::headers::{Guard, Headers};
use crate::protocol::HttpResponse;

/// Statuses that have no body.
const WITHOUT_BODY: [u16; 5] = [101, 103, 204, 205, 304];

/// Statuses of `Response.redirect`.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// A response.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct Response {
    #[unsafe_ignore_trace]
    body: Body,
    headers: JsObject,
    status: u16,
    status_text: String,
    /// As the standard calls it: `default`, `basic` or `error`.
    #[unsafe_ignore_trace]
    kind: &'static str,
    /// Where it came from; empty for one that a script made.
    url: String,
    redirected: bool,
}

impl HasBody for Response {
    fn body(&self) -> &Body {
        &self.body
    }
}

impl Class for Response {
    const NAME: &'static str = "Response";

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .get("type", |this, _, _| Ok(JsString::from(receiver::<Response>(this)?.borrow().data().kind).into()))
            .get(
                "url",
                |this, _, _| Ok(JsString::from(receiver::<Response>(this)?.borrow().data().url.as_str()).into()),
            )
            .get("redirected", |this, _, _| Ok(receiver::<Response>(this)?.borrow().data().redirected.into()))
            .get("status", |this, _, _| Ok(receiver::<Response>(this)?.borrow().data().status.into()))
            .get("ok", |this, _, _| Ok((200..300).contains(&receiver::<Response>(this)?.borrow().data().status).into()))
            .get("statusText", |this, _, _| {
                Ok(JsString::from(receiver::<Response>(this)?.borrow().data().status_text.as_str()).into())
            })
            .get("headers", |this, _, _| Ok(receiver::<Response>(this)?.borrow().data().headers.clone().into()))
            .call("clone", 0, clone)
            .call_static("error", 0, error)
            .call_static("json", 1, json)
            .call_static("redirect", 1, redirect);
        add_body::<Response>(class);
        Ok(())
    }

    fn data_constructor(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        let init = dictionary(arguments.get(1), "options of Response")?;
        let (body, content_type) = Body::extract(arguments.get_or_undefined(0), context)?;
        made(body, content_type, init.as_ref(), context)
    }
}

impl WebClass for Response {}

impl Response {
    /// What came over the network.
    pub(super) fn received(response: &HttpResponse, context: &mut Context) -> JsResult<Self> {
        let mut url = response.url.clone();
        url.set_fragment(None);
        Ok(Response {
            body: response.body.as_ref().map_or_else(Body::absent, |body| Body::of(&body[..])),
            headers: Headers::object(response.headers.clone(), Guard::Immutable, context)?,
            status: response.status,
            status_text: response.status_text.clone(),
            kind: "basic",
            url: url.into(),
            redirected: response.redirected,
        })
    }
}

/// A response that a script makes.
fn made(body: Body, content_type: Option<&str>, init: Option<&JsObject>, context: &mut Context) -> JsResult<Response> {
    let member = |name: JsString, context: &mut Context| match init {
        Some(init) => init.get(name, context),
        None => Ok(JsValue::undefined()),
    };
    let status = match member(js_string!("status"), context)? {
        value if value.is_undefined() => 200,
        value => status(&value, context)?,
    };
    let status_text = match member(js_string!("statusText"), context)? {
        value if value.is_undefined() => String::new(),
        value => reason_phrase(usv_string(&value, context)?)?,
    };
    let headers = Headers::object(Vec::new(), Guard::None, context)?;
    let given = member(js_string!("headers"), context)?;
    if let Some(list) = headers.downcast_ref::<Headers>() {
        if !given.is_undefined() {
            list.fill(&given, context)?;
        }
        if let Some(content_type) = content_type {
            list.set_default("content-type", content_type);
        }
    }
    if body.is_present() && WITHOUT_BODY.contains(&status) {
        return Err(type_error(format!("a response of status {status} has no body")));
    }
    Ok(Response { body, headers, status, status_text, kind: "default", url: String::new(), redirected: false })
}

fn status(value: &JsValue, context: &mut Context) -> JsResult<u16> {
    // As Web IDL's unsigned short, which wraps around.
    let status = value.to_uint16(context)?;
    match status {
        200..=599 => Ok(status),
        _ => Err(JsNativeError::range().with_message(format!("status {status} is not between 200 and 599")).into()),
    }
}

/// RFC 9112, section 4.
fn reason_phrase(text: String) -> JsResult<String> {
    match text.chars().all(|c| c == '\t' || matches!(u32::from(c), 0x20..=0x7e | 0x80..=0xff)) {
        true => Ok(text),
        false => Err(type_error("statusText has characters that can't be in a status line")),
    }
}

fn clone(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let response = receiver::<Response>(this)?;
    let response = response.borrow();
    let response = response.data();
    let body = response.body.share()?;
    let list = response.headers.downcast_ref::<Headers>().map(|headers| (headers.list(), headers.guard()));
    let (list, guard) = list.unwrap_or((Vec::new(), Guard::None));
    let headers = Headers::object(list, guard, context)?;
    let copy = Response {
        body,
        headers,
        status: response.status,
        status_text: response.status_text.clone(),
        kind: response.kind,
        url: response.url.clone(),
        redirected: response.redirected,
    };
    Ok(instance(copy, context)?.into())
}

fn error(_this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let headers = Headers::object(Vec::new(), Guard::Immutable, context)?;
    let error = Response {
        body: Body::absent(),
        headers,
        status: 0,
        status_text: String::new(),
        kind: "error",
        url: String::new(),
        redirected: false,
    };
    Ok(instance(error, context)?.into())
}

fn json(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    required(arguments, 1, "Response.json")?;
    let host = Host::of(context)?;
    let value = arguments.get_or_undefined(0);
    let text = match json_writer::write(value, host.surroundings.max_body, &host.api()?.intrinsics, context) {
        Ok(text) if !value.is_undefined() => text,
        Err(json_writer::WriteError::Thrown(error)) => return Err(error),
        _ => return Err(type_error("the value has no JSON")),
    };
    let init = dictionary(arguments.get(1), "options of Response.json")?;
    let response = made(Body::of(text), Some("application/json"), init.as_ref(), context)?;
    Ok(instance(response, context)?.into())
}

fn redirect(_this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    required(arguments, 1, "Response.redirect")?;
    let text = usv_string(arguments.get_or_undefined(0), context)?;
    let url = url::Url::parse(&text).map_err(|error| type_error(format!("Invalid URL: {text:?}: {error}")))?;
    let status = match arguments.get_or_undefined(1) {
        value if value.is_undefined() => 302,
        value => value.to_uint16(context)?,
    };
    if !REDIRECTS.contains(&status) {
        return Err(JsNativeError::range().with_message(format!("status {status} is no redirect")).into());
    }
    let location = vec![("location".to_owned(), url.to_string())];
    let headers = Headers::object(location, Guard::Immutable, context)?;
    let response = Response {
        body: Body::absent(),
        headers,
        status,
        status_text: String::new(),
        kind: "default",
        url: String::new(),
        redirected: false,
    };
    Ok(instance(response, context)?.into())
}
