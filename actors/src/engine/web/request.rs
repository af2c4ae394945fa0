//! `Request` (Fetch standard, section 5.4), as far as a program without a page has a use for it.

use boa_engine::class::{Class, ClassBuilder};
use boa_engine::{js_string, Context, Finalize, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, Trace};
use bytes::Bytes;

use super::super::heap;
use super::abort::{any_of, AbortSignal};
use super::body::{add_body, Body, HasBody};
use super::class::{instance, instance_of, receiver, type_error, Members, WebClass};
use super::convert::{dictionary, required, usv_string};
use super::headers::{Guard, Headers};
use crate::protocol::{HttpRequest, Redirect};

/// Methods that are written in capitals, however a script writes them.
const NORMALISED: [&str; 6] = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];

/// Methods that no script may use.
const FORBIDDEN: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// A request.
#[derive(Debug, Trace, Finalize, JsData)]
pub(super) struct Request {
    method: String,
    #[unsafe_ignore_trace]
    url: url::Url,
    headers: JsObject,
    #[unsafe_ignore_trace]
    body: Body,
    #[unsafe_ignore_trace]
    redirect: Redirect,
    signal: JsObject,
}

impl HasBody for Request {
    fn body(&self) -> &Body {
        &self.body
    }
}

impl Class for Request {
    const NAME: &'static str = "Request";
    const LENGTH: usize = 1;

    fn init(class: &mut ClassBuilder<'_>) -> JsResult<()> {
        class
            .get("method", |this, _, _| {
                Ok(JsString::from(receiver::<Request>(this)?.borrow().data().method.as_str()).into())
            })
            .get("url", |this, _, _| Ok(JsString::from(receiver::<Request>(this)?.borrow().data().url.as_str()).into()))
            .get("headers", |this, _, _| Ok(receiver::<Request>(this)?.borrow().data().headers.clone().into()))
            .get("redirect", |this, _, _| {
                Ok(JsString::from(receiver::<Request>(this)?.borrow().data().redirect.name()).into())
            })
            .get("signal", |this, _, _| Ok(receiver::<Request>(this)?.borrow().data().signal.clone().into()))
            .call("clone", 0, clone);
        add_body::<Request>(class);
        Ok(())
    }

    fn data_constructor(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        Request::new(arguments, context)
    }
}

impl WebClass for Request {}

impl Request {
    /// What `new Request(input, init)` makes, and `fetch(input, init)` sends.
    pub(super) fn new(arguments: &[JsValue], context: &mut Context) -> JsResult<Self> {
        required(arguments, 1, "Request")?;
        let input = arguments.get_or_undefined(0);
        let init = Init(dictionary(arguments.get(1), "options of Request")?);
        let from = instance_of::<Request>(input);
        let from = from.as_ref().map(|request| request.borrow());
        let from = from.as_ref().map(|request| request.data());
        let url = match from {
            Some(from) => from.url.clone(),
            None => parse_url(&usv_string(input, context)?)?,
        };
        let method = match init.get(js_string!("method"), context)? {
            Some(method) => method_of(usv_string(&method, context)?)?,
            None => from.map_or_else(|| "GET".to_owned(), |from| from.method.clone()),
        };
        let redirect = match init.get(js_string!("redirect"), context)? {
            Some(redirect) => redirect_of(&usv_string(&redirect, context)?)?,
            None => from.map_or(Redirect::Follow, |from| from.redirect),
        };
        let signal = match init.get(js_string!("signal"), context)? {
            Some(signal) if signal.is_null() => None,
            Some(signal) => {
                let signal =
                    instance_of::<AbortSignal>(&signal).ok_or_else(|| type_error("signal is no AbortSignal"))?;
                Some(signal.upcast())
            }
            None => from.map(|from| from.signal.clone()),
        };
        let signal = any_of(signal.as_slice(), context)?;
        let headers = headers_of(from, &init, context)?;
        let body = body_of(from, &init, &method, &headers, context)?;
        Ok(Request { method, url, headers, body, redirect, signal })
    }

    /// Aborted when the request is to be called off.
    pub(super) fn signal(&self) -> JsObject {
        self.signal.clone()
    }

    /// The request as it leaves this thread. Its body is taken.
    pub(super) fn outgoing(self, max_body: usize) -> JsResult<HttpRequest> {
        let body = match self.body.is_present() {
            true => Some(self.body.take()?),
            false => None,
        };
        if body.as_ref().is_some_and(|body| body.len() > max_body) {
            return Err(type_error(format!("the body of the request is longer than {max_body} bytes")));
        }
        Ok(heap::uncounted(|| HttpRequest {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.downcast_ref::<Headers>().map(|headers| headers.list()).unwrap_or_default(),
            body: body.as_deref().map(Bytes::copy_from_slice),
            redirect: self.redirect,
        }))
    }
}

/// The options. A member that is undefined is not there.
struct Init(Option<JsObject>);

impl Init {
    fn get(&self, name: JsString, context: &mut Context) -> JsResult<Option<JsValue>> {
        match &self.0 {
            Some(init) => Ok(Some(init.get(name, context)?).filter(|value| !value.is_undefined())),
            None => Ok(None),
        }
    }
}

fn parse_url(text: &str) -> JsResult<url::Url> {
    let url = url::Url::parse(text).map_err(|error| type_error(format!("Invalid URL: {text:?}: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(type_error("the URL of a request has no credentials"));
    }
    Ok(url)
}

fn method_of(method: String) -> JsResult<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let capitals = method.to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(token) || FORBIDDEN.contains(&capitals.as_str()) {
        return Err(type_error(format!("{method:?} is no method of a request")));
    }
    Ok(if NORMALISED.contains(&capitals.as_str()) { capitals } else { method })
}

fn redirect_of(name: &str) -> JsResult<Redirect> {
    let all = [Redirect::Follow, Redirect::Error, Redirect::Manual];
    all.into_iter()
        .find(|redirect| redirect.name() == name)
        .ok_or_else(|| type_error("redirect is follow, error or manual"))
}

fn headers_of(from: Option<&Request>, init: &Init, context: &mut Context) -> JsResult<JsObject> {
    let given = init.get(js_string!("headers"), context)?;
    let inherited = match (&given, from) {
        (None, Some(from)) => from.headers.downcast_ref::<Headers>().map(|headers| headers.list()),
        _ => None,
    };
    let headers = Headers::object(inherited.unwrap_or_default(), Guard::Request, context)?;
    if let (Some(given), Some(list)) = (given, headers.downcast_ref::<Headers>()) {
        list.fill(&given, context)?;
    }
    Ok(headers)
}

fn body_of(
    from: Option<&Request>,
    init: &Init,
    method: &str,
    headers: &JsObject,
    context: &mut Context,
) -> JsResult<Body> {
    let given = init.get(js_string!("body"), context)?.filter(|body| !body.is_null());
    let inherits = from.is_some_and(|from| from.body.is_present());
    if (given.is_some() || inherits) && matches!(method, "GET" | "HEAD") {
        return Err(type_error(format!("a {method} request has no body")));
    }
    match (given, from) {
        (Some(given), _) => {
            let (body, content_type) = Body::extract(&given, context)?;
            if let (Some(content_type), Some(list)) = (content_type, headers.downcast_ref::<Headers>()) {
                list.set_default("content-type", content_type);
            }
            Ok(body)
        }
        // The body moves: the request that it came from can't be sent any more.
        (None, Some(from)) if inherits => Ok(Body::of(from.body.take()?)),
        _ => Ok(Body::absent()),
    }
}

fn clone(this: &JsValue, _arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let request = receiver::<Request>(this)?;
    let request = request.borrow();
    let request = request.data();
    let body = request.body.share()?;
    let list = request.headers.downcast_ref::<Headers>().map(|headers| headers.list()).unwrap_or_default();
    let headers = Headers::object(list, Guard::Request, context)?;
    let signal = any_of(std::slice::from_ref(&request.signal), context)?;
    let (method, url) = (request.method.clone(), request.url.clone());
    let copy = Request { method, url, headers, body, redirect: request.redirect, signal };
    Ok(instance(copy, context)?.into())
}
