//! A small blocking JSON-RPC client over one keep-alive connection per thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{json, Value};

/// More than any answer that a test expects.
const LARGEST_BODY: u64 = 64 * 1024 * 1024;

/// Sends requests to one address. Clones share connections.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    headers: Vec<(String, String)>,
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// The error object of a reply.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct RpcFailure {
    pub(crate) code: i64,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) data: Value,
}

/// Ids that no two calls of this test run share.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Client {
    pub(crate) fn new(url: &str) -> Client {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .max_idle_connections_per_host(128)
            .max_idle_connections(128)
            .build()
            .new_agent();
        Client { agent, url: url.to_owned(), headers: Vec::new() }
    }

    /// Sends this header, too, with every request.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Client {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Posts `body` to `/`; `None` when the connection failed.
    pub(crate) fn try_post(&self, headers: &[(&str, &str)], body: &[u8]) -> Option<Reply> {
        let mut request = self.agent.post(format!("{}/", self.url));
        for (name, value) in headers.iter().copied().chain(self.own_headers()) {
            request = request.header(name, value);
        }
        reply(request.send(body))
    }

    pub(crate) fn post_with(&self, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.try_post(headers, body).expect("the server answers")
    }

    /// Posts a body of JSON.
    pub(crate) fn post(&self, body: &str) -> Reply {
        self.post_with(&[("content-type", "application/json")], body.as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.get_with(&[], path)
    }

    pub(crate) fn get_with(&self, headers: &[(&str, &str)], path: &str) -> Reply {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in headers.iter().copied().chain(self.own_headers()) {
            request = request.header(name, value);
        }
        reply(request.call()).expect("the server answers")
    }

    fn own_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// GETs a path that answers 200 with JSON.
    pub(crate) fn get_json(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    /// Calls `method`, with no params when `params` is null.
    pub(crate) fn call(&self, method: &str, params: Value) -> Result<Value, RpcFailure> {
        let id = next_id();
        let mut request = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            request["params"] = params;
        }
        let reply = self.post(&request.to_string()).json();
        assert_eq!(reply["id"], id, "{reply}");
        outcome(&reply)
    }

    /// Calls `method` and returns the text of the result, byte for byte as the server wrote it.
    pub(crate) fn call_text(&self, method: &str, params: &str) -> Result<String, RpcFailure> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow, default)]
            result: Option<&'a RawValue>,
        }
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":{},"params":{params}}}"#, json!(method));
        let reply = self.post(&body);
        if let Ok(failure) = serde_json::from_str::<Failure>(&reply.body) {
            return Err(failure.error);
        }
        let envelope: Envelope<'_> = serde_json::from_str(&reply.body).expect("a reply");
        Ok(envelope.result.map_or("null", RawValue::get).to_owned())
    }

    pub(crate) fn info(&self) -> Value {
        self.get_json("/_info")
    }

    pub(crate) fn metrics(&self) -> Value {
        self.get_json("/_metrics")
    }

    /// Calls that run or wait there now.
    pub(crate) fn pending(&self) -> u64 {
        let health = self.get_json("/health");
        health["pending_requests"].as_u64().expect("a number")
    }
}

#[derive(Deserialize)]
struct Failure {
    error: RpcFailure,
}

/// Result or error of a reply; it must have exactly one of them.
fn outcome(reply: &Value) -> Result<Value, RpcFailure> {
    assert_eq!(reply["jsonrpc"], "2.0", "{reply}");
    match (reply.get("result"), reply.get("error")) {
        (Some(result), None) => Ok(result.clone()),
        (None, Some(error)) => Err(serde_json::from_value(error.clone()).expect("an error object")),
        _ => panic!("a reply has either a result or an error: {reply}"),
    }
}

fn reply(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Reply> {
    let mut response = response.ok()?;
    let content_type = response.headers().get("content-type");
    let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(LARGEST_BODY).read_to_string();
    Some(Reply { status, content_type, headers, body: body.ok()? })
}

impl Reply {
    /// A header by its name in lower case; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The `id` as it was written.
    pub(crate) fn id_text(&self) -> String {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            id: &'a RawValue,
        }
        let envelope: Envelope<'_> = serde_json::from_str(&self.body).expect("a reply with an id");
        envelope.id.get().to_owned()
    }
}
