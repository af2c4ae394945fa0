//! The answer to a call over HTTP whose items are wanted as they come (PROTOCOL, section 6): lines of JSON, or
//! server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::task::Poll;

use actix_web::http::header::{HeaderValue, CACHE_CONTROL};
use actix_web::HttpResponse;
use bytes::Bytes;
use futures_util::stream;
use madrpc_actors::protocol::{CallResult, JsonText};

use super::answer::{self, WriteReply};
use super::flow::{Flow, Step};

/// How the items are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `application/x-ndjson`
    Lines,
    /// `text/event-stream`
    Events,
}

impl Format {
    pub(super) const LINES: &'static str = "application/x-ndjson";
    const EVENTS: &'static str = "text/event-stream";

    /// What `Accept` asks for; of several the one that is named first.
    pub(super) fn accepted(accept: Option<&HeaderValue>) -> Option<Self> {
        let accept = accept?.to_str().ok()?;
        // RFC 9110, section 12.5.1: a weight of 0 is a refusal.
        let refused = |parameter: &str| {
            let weight = parameter.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
            weight.is_some_and(|weight| weight <= 0.0)
        };
        let wanted = accept.split(',').filter(|range| !range.split(';').skip(1).any(refused));
        let mut kinds = wanted.map(|range| range.split(';').next().unwrap_or_default().trim());
        kinds.find_map(|kind| match kind {
            kind if kind.eq_ignore_ascii_case(Self::LINES) => Some(Format::Lines),
            kind if kind.eq_ignore_ascii_case(Self::EVENTS) => Some(Format::Events),
            _ => None,
        })
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Format::Lines => Self::LINES,
            Format::Events => Self::EVENTS,
        }
    }
}

/// Items and reply, in the order in which they come. The next item is taken when the client has taken those before it;
/// a client that goes away ends the call.
pub(super) fn answer(mut flow: Flow, format: Format, id: String, write: WriteReply) -> HttpResponse {
    let mut over = false;
    let chunks = stream::poll_fn(move |cx| {
        if over {
            return Poll::Ready(None);
        }
        flow.poll_step(cx, |_| true).map(|step| {
            let mut chunk = Vec::new();
            match step {
                Step::Item(item) => write_item(&mut chunk, format, &item),
                Step::Progress(done, total) => write_progress(&mut chunk, format, done, total),
                Step::End(result) => {
                    over = true;
                    let write = |out: &mut Vec<u8>, id: Option<&str>, result: &CallResult| {
                        write(out, id, result);
                        answer::tell_times(out, flow.notes());
                    };
                    write_end(&mut chunk, format, &id, &result, write);
                }
            }
            Some(Ok(Bytes::from(chunk)))
        })
    });
    let mut response = answer::stream(format.media_type(), chunks);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn write_item(out: &mut Vec<u8>, format: Format, item: &JsonText) {
    if format == Format::Events {
        out.extend_from_slice(b"data: ");
    }
    let text = out.len();
    out.extend_from_slice(b"{\"value\": ");
    out.extend_from_slice(item.as_bytes());
    out.push(b'}');
    on_one_line(&mut out[text..]);
    out.extend_from_slice(if format == Format::Events { b"\n\n" } else { b"\n" });
}

fn write_progress(out: &mut Vec<u8>, format: Format, done: u64, total: Option<u64>) {
    let progress = serde_json::json!({"done": done, "total": total});
    let text = match format {
        Format::Lines => format!("{{\"progress\": {progress}}}\n"),
        Format::Events => format!("event: progress\ndata: {progress}\n\n"),
    };
    out.extend_from_slice(text.as_bytes());
}

fn write_end(
    out: &mut Vec<u8>,
    format: Format,
    id: &str,
    result: &CallResult,
    write: impl Fn(&mut Vec<u8>, Option<&str>, &CallResult),
) {
    if format == Format::Events {
        out.extend_from_slice(if result.is_ok() { b"event: result\ndata: " } else { b"event: error\ndata: " });
    }
    let text = out.len();
    write(out, Some(id), result);
    on_one_line(&mut out[text..]);
    out.extend_from_slice(if format == Format::Events { b"\n\n" } else { b"\n" });
}

/// A value keeps its sender's layout. A line break in it can only be white space: inside a JSON string it is escaped.
fn on_one_line(text: &mut [u8]) {
    for byte in text.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests {
    use madrpc_actors::protocol::{reply, CallError};

    use super::*;

    #[test]
    fn the_first_kind_that_is_known_counts() {
        let accepted = |text: &'static str| Format::accepted(Some(&HeaderValue::from_static(text)));
        assert_eq!(accepted("application/x-ndjson"), Some(Format::Lines));
        assert_eq!(accepted("application/json, Text/Event-Stream;q=0.5"), Some(Format::Events));
        assert_eq!(accepted("text/event-stream, application/x-ndjson"), Some(Format::Events));
        assert_eq!(accepted("application/x-ndjson;q=0, text/event-stream;q=0.1"), Some(Format::Events));
        assert_eq!((accepted("*/*"), accepted("application/json"), Format::accepted(None)), (None, None, None));
    }

    #[test]
    fn each_item_is_one_line_or_one_event() {
        let item = JsonText::parse("{\"a\":\r\n1}").expect("JSON");
        let text = |format| {
            let mut out = Vec::new();
            write_item(&mut out, format, &item);
            write_end(&mut out, format, "7", &Ok(JsonText::NULL), reply::write);
            write_end(&mut out, format, "7", &Err(CallError::Timeout), reply::write);
            String::from_utf8(out).expect("UTF-8")
        };
        let error = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"Timeout"}}"#;
        let result = r#"{"jsonrpc":"2.0","id":7,"result":null}"#;
        assert_eq!(text(Format::Lines), format!("{{\"value\": {{\"a\":  1}}}}\n{result}\n{error}\n"));
        assert_eq!(
            text(Format::Events),
            format!(
                "data: {{\"value\": {{\"a\":  1}}}}\n\nevent: result\ndata: {result}\n\nevent: error\ndata: {error}\n\n"
            )
        );
    }
}
