//! One JSON-RPC call as a client makes it, and how its outcome is shown.

use std::time::{Duration, Instant};

use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::header::{HeaderName, HeaderValue, ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use awc::http::StatusCode;
use awc::{ClientRequest, ClientResponse};
use futures_util::StreamExt;
use madrpc_actors::protocol::{CallError, JsonText, Reply, Secret};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use super::json_layout;
use crate::transport::{Body, Line, Lines, OneShot, NDJSON};

/// Longest reply that is read: 64 MiB.
const MAX_REPLY: usize = 64 * 1024 * 1024;
/// How often a call is sent at most.
const MAX_TRIES: u32 = 3;
/// Wait before the second try; doubled after each.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// A call that can be sent more than once.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) url: Url,
    pub(super) body: Vec<u8>,
    /// The body has no id, and nothing comes back.
    pub(super) notify: bool,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// A call that the server may have received may be sent again.
    pub(super) repeatable: bool,
}

/// What came back.
#[derive(Debug)]
pub(super) enum Outcome {
    Result(JsonText),
    /// The error object of the reply.
    Error(JsonText),
    /// A notification was taken.
    Nothing,
}

/// Why nothing that counts came back.
#[derive(Debug)]
enum Failure {
    /// Nothing left this process.
    Unsent(String),
    /// The server may have received the call.
    Lost(String),
    /// To try again would not help, or there is no time for it.
    Final(String),
}

/// What may come before the reply.
#[derive(Clone, Copy, Debug)]
pub(super) enum Came<'a> {
    /// Of a stream.
    Item(&'a JsonText),
    /// So many are done, of so many if that is known.
    Progress(u64, Option<u64>),
}

/// What may come before the reply, if it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// Items one by one; otherwise an array of them.
    pub(super) items: bool,
    /// How far the call is.
    pub(super) progress: bool,
}

/// The request object. `notify` leaves out the id.
pub(super) fn body(method: &str, params: Option<&JsonText>, notify: bool) -> Vec<u8> {
    #[derive(Serialize)]
    struct Envelope<'a> {
        jsonrpc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u32>,
        method: &'a str,
    }
    let envelope = Envelope { jsonrpc: "2.0", id: (!notify).then_some(1), method };
    let mut body = serde_json::to_vec(&envelope).expect("strings and numbers can be written to memory");
    if let Some(params) = params {
        body.pop();
        body.extend_from_slice(b",\"params\":");
        body.extend_from_slice(params.as_bytes());
        body.push(b'}');
    }
    body
}

/// As `body`, and asks for what is `wanted` before the reply.
pub(super) fn asking_body(method: &str, params: Option<&JsonText>, wanted: Wanted) -> Vec<u8> {
    let mut body = body(method, params, false);
    body.pop();
    let meta = format!(r#","meta":{{"stream":{},"progress":{}}}}}"#, wanted.items, wanted.progress);
    body.extend_from_slice(meta.as_bytes());
    body
}

/// The header that presents a key.
pub(super) fn credential(key: &Secret) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).ok()?;
    value.set_sensitive(true);
    Some((AUTHORIZATION, value))
}

impl Request {
    /// Sends the call, again after a failure where that is safe, and waits for the reply, `timeout` in all. The error
    /// is for people.
    pub(super) async fn deliver(&self, client: &OneShot, timeout: Duration) -> Result<Outcome, String> {
        self.persist(timeout, async |left| self.send(client, left).await).await
    }

    /// As `deliver`, and hands what comes before the reply to `take`, until that wants no more. Once there was an item the call
    /// is not sent again.
    pub(super) async fn stream(
        &self,
        client: &OneShot,
        timeout: Duration,
        mut take: impl FnMut(Came<'_>) -> bool,
    ) -> Result<Outcome, String> {
        self.persist(timeout, async |left| self.receive(client, left, &mut take).await).await
    }

    async fn persist(
        &self,
        timeout: Duration,
        mut attempt: impl AsyncFnMut(Duration) -> Result<Outcome, Failure>,
    ) -> Result<Outcome, String> {
        let deadline = Instant::now() + timeout;
        let mut tries = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let late = || Failure::Final(format!("no reply within {timeout:?}"));
            let outcome = tokio::time::timeout(left, attempt(left)).await;
            let failure = match outcome.unwrap_or_else(|_| Err(late())) {
                Ok(outcome) => return Ok(outcome),
                Err(failure) => failure,
            };
            let pause = backoff(tries, fastrand::f64());
            let again = tries < MAX_TRIES && failure.is_safe(self.repeatable) && Instant::now() + pause < deadline;
            if !again {
                let tries = if tries > 1 { format!(" ({tries} tries)") } else { String::new() };
                return Err(format!("{}: {}{tries}", self.url, failure.text()));
            }
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    fn prepare(&self, client: &OneShot, left: Duration) -> Result<ClientRequest, Failure> {
        let mut request = client
            .post(&self.url)
            .map_err(|error| Failure::Final(error.to_string()))?
            .timeout(left)
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header(("madrpc-timeout-ms", left.as_millis().max(1).to_string()));
        for (name, value) in &self.headers {
            request = request.insert_header((name.clone(), value.clone()));
        }
        Ok(request)
    }

    async fn receive(
        &self,
        client: &OneShot,
        left: Duration,
        take: &mut impl FnMut(Came<'_>) -> bool,
    ) -> Result<Outcome, Failure> {
        let request = self.prepare(client, left)?.insert_header((ACCEPT, NDJSON));
        let response = request.send_body(self.body.clone()).await.map_err(failure)?;
        if response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes() != NDJSON.as_bytes()) {
            return self.whole(response).await;
        }
        let mut begun = false;
        let mut lines = Lines::new(Body::of(response), MAX_REPLY);
        while let Some(line) = lines.next().await {
            let line = line.map_err(|error| Failure::cut(begun, &format!("in the stream: {error}")))?;
            match Line::read(&line) {
                Some(Line::Item(item)) => {
                    begun = true;
                    if !take(Came::Item(&item)) {
                        return Ok(Outcome::Nothing);
                    }
                }
                Some(Line::Progress(done, total)) => {
                    take(Came::Progress(done, total));
                }
                Some(Line::End(_)) => return outcome(StatusCode::OK, &line, false),
                None => return Err(Failure::Final(format!("no line of a stream: {}", shown(&line)))),
            }
        }
        Err(Failure::cut(begun, "before the stream was complete"))
    }

    async fn send(&self, client: &OneShot, left: Duration) -> Result<Outcome, Failure> {
        let request = self.prepare(client, left)?;
        let response = request.send_body(self.body.clone()).await.map_err(failure)?;
        self.whole(response).await
    }

    async fn whole(&self, response: ClientResponse) -> Result<Outcome, Failure> {
        let status = response.status();
        match Body::of(response).whole(MAX_REPLY).await {
            Ok(body) => outcome(status, &body, self.notify),
            Err(PayloadError::Overflow) => Err(Failure::Final("the reply is longer than 64MiB".into())),
            Err(PayloadError::EncodingCorrupted) => {
                Err(Failure::Final(format!("HTTP {}, and its body can't be decoded", status.as_u16())))
            }
            Err(error) => Err(Failure::Lost(format!("the connection was lost in the reply: {error}"))),
        }
    }
}

fn failure(error: SendRequestError) -> Failure {
    match error {
        // awc says this of a server that hangs up instead of answering, when the request has long been sent.
        SendRequestError::Connect(ConnectError::Disconnected) => Failure::Lost("the connection was lost".into()),
        SendRequestError::Connect(error) => Failure::Unsent(format!("can't connect: {error}")),
        SendRequestError::Url(error) => Failure::Final(error.to_string()),
        SendRequestError::Timeout => Failure::Final("no reply in time".into()),
        error => Failure::Lost(format!("the connection was lost: {error}")),
    }
}

fn outcome(status: StatusCode, body: &bytes::Bytes, notify: bool) -> Result<Outcome, Failure> {
    match Reply::read(body).map(|reply| reply.result) {
        // Whatever a server may answer to a notification, nobody asked for it.
        Some(Ok(_)) if notify => Ok(Outcome::Nothing),
        Some(Ok(result)) => Ok(Outcome::Result(result)),
        Some(Err(CallError::Remote(remote))) => Ok(Outcome::Error(remote.object)),
        _ if notify && status.is_success() => Ok(Outcome::Nothing),
        _ => {
            let text = format!("HTTP {}, and no JSON-RPC reply: {}", status.as_u16(), shown(body));
            Err(Failure::Final(text))
        }
    }
}

/// The beginning of what a server has sent, for people.
fn shown(bytes: &[u8]) -> std::slice::EscapeAscii<'_> {
    bytes[..bytes.len().min(200)].escape_ascii()
}

impl Failure {
    /// The connection has ended too early.
    fn cut(begun: bool, when: &str) -> Self {
        let text = format!("the connection was lost {when}");
        if begun {
            Failure::Final(text)
        } else {
            Failure::Lost(text)
        }
    }

    fn is_safe(&self, repeatable: bool) -> bool {
        match self {
            Failure::Unsent(_) => true,
            Failure::Lost(_) => repeatable,
            Failure::Final(_) => false,
        }
    }

    fn text(&self) -> &str {
        match self {
            Failure::Unsent(text) | Failure::Lost(text) | Failure::Final(text) => text,
        }
    }
}

/// The wait after `tries` tries: doubling, between half of it and all of it. `random` is in 0..1.
fn backoff(tries: u32, random: f64) -> Duration {
    FIRST_BACKOFF.saturating_mul(2u32.saturating_pow(tries - 1)).mul_f64(0.5 + random / 2.0)
}

/// An error object for people: code, message, data, and the stack of the script as lines.
pub(super) fn error_text(object: &JsonText) -> String {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(borrow)]
        code: &'a RawValue,
        #[serde(default)]
        message: String,
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Data {
        stack: String,
    }
    let Ok(error) = serde_json::from_str::<Shape<'_>>(object.as_str()) else {
        return format!("error {}", object.as_str());
    };
    let mut text = format!("error {}: {}", error.code, error.message);
    if let Some(data) = error.data {
        text += "\ndata: ";
        text += &String::from_utf8_lossy(&json_layout::pretty(data.get().as_bytes()));
        if let Ok(Data { stack }) = serde_json::from_str(data.get()) {
            text += "\nstack:";
            for line in stack.lines().map(str::trim).filter(|line| !line.is_empty()) {
                text += "\n    ";
                text += line;
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_body_is_a_request_object() {
        let params = JsonText::parse("[1.0]").expect("JSON");
        assert_eq!(body("a\"b", Some(&params), false), br#"{"jsonrpc":"2.0","id":1,"method":"a\"b","params":[1.0]}"#);
        assert_eq!(body("m", None, true), br#"{"jsonrpc":"2.0","method":"m"}"#);
        let wanted = Wanted { items: false, progress: true };
        let expected = br#"{"jsonrpc":"2.0","id":1,"method":"m","meta":{"stream":false,"progress":true}}"#;
        assert_eq!(asking_body("m", None, wanted), expected);
    }

    #[test]
    fn replies_are_told_from_other_bodies() {
        let read_as = |notify: bool, status: u16, body: &'static str| {
            let status = StatusCode::from_u16(status).expect("a status");
            outcome(status, &Bytes::from_static(body.as_bytes()), notify)
        };
        let read = |status, body| read_as(false, status, body);
        assert!(matches!(read(200, r#"{"id":1,"result": 1.0}"#), Ok(Outcome::Result(text)) if text.as_str() == "1.0"));
        assert!(matches!(read(413, r#"{"id":null,"error":{"code":-32006}}"#), Ok(Outcome::Error(_))));
        assert!(matches!(read(200, ""), Err(Failure::Final(_))));
        assert!(matches!(read_as(true, 200, ""), Ok(Outcome::Nothing)));
        assert!(matches!(read_as(true, 200, r#"{"id":1,"result":1}"#), Ok(Outcome::Nothing)));
        assert!(matches!(read_as(true, 503, ""), Err(Failure::Final(_))));
        match read(404, "<h1>\u{1}") {
            Err(Failure::Final(text)) => assert_eq!(text, "HTTP 404, and no JSON-RPC reply: <h1>\\x01"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(read(503, ""), Err(Failure::Final(_))));
    }

    #[test]
    fn only_what_is_safe_is_sent_again() {
        assert!(Failure::Unsent(String::new()).is_safe(false));
        assert!(!Failure::Lost(String::new()).is_safe(false) && Failure::Lost(String::new()).is_safe(true));
        assert!(!Failure::Final(String::new()).is_safe(true));
    }

    #[test]
    fn waits_double_with_jitter() {
        assert_eq!(backoff(1, 0.0), Duration::from_millis(50));
        assert_eq!(backoff(1, 1.0), Duration::from_millis(100));
        assert_eq!(backoff(3, 1.0), Duration::from_millis(400));
    }

    #[test]
    fn an_error_is_shown_with_its_stack() {
        let object = r#"{"code":-32000,"message":"no\nway","data":{"name":"Error","stack":"at f (a.js:1:2)\n at g"}}"#;
        let text = error_text(&JsonText::parse(object).expect("JSON"));
        assert!(text.starts_with("error -32000: no\nway\ndata: {\n  \"name\": \"Error\","), "{text}");
        assert!(text.ends_with("stack:\n    at f (a.js:1:2)\n    at g"), "{text}");
        let bare = JsonText::parse(r#"{"code":-32601,"message":"Method not found"}"#).expect("JSON");
        assert_eq!(error_text(&bare), "error -32601: Method not found");
    }
}
