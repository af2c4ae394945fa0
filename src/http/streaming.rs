//! The answer to a call over HTTP whose items are wanted as they come (PROTOCOL, section 6): lines of JSON, or
//! server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::task::Poll;

use actix_web::http::header::{HeaderValue, CACHE_CONTROL};
use actix_web::HttpResponse;
use futures_util::stream;
use madrpc_actors::protocol::unsent::{Account, LONG};
use madrpc_actors::protocol::{CallResult, JsonText, Notes};

use super::answer::{self, WriteReply};
use super::flow::{Flow, Step};
use super::pieces::Pieces;

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
pub(super) fn answer(mut flow: Flow, format: Format, id: String, write: WriteReply, account: Account) -> HttpResponse {
    let mut over = false;
    let mut pieces = Pieces::default();
    let chunks = stream::poll_fn(move |cx| loop {
        if let Some(slice) = pieces.slice() {
            return Poll::Ready(Some(Ok(slice)));
        }
        if over {
            return Poll::Ready(None);
        }
        match std::task::ready!(flow.poll_step(cx, |_| true)) {
            Step::Item(item) => add_item(&mut pieces, format, &item),
            Step::Progress(done, total) => pieces.push(progress(format, done, total)),
            Step::End(result) => {
                over = true;
                match &result {
                    Ok(text) => add_result(&mut pieces, format, &id, text, write, flow.notes()),
                    Err(_) => pieces.push(account.count(error(format, &id, &result, write, flow.notes()))),
                }
            }
        }
    });
    let mut response = answer::stream(format.media_type(), chunks);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn add_item(pieces: &mut Pieces, format: Format, item: &JsonText) {
    let (before, after) = match format {
        Format::Lines => ("{\"value\": ", "}\n"),
        Format::Events => ("data: {\"value\": ", "}\n\n"),
    };
    add(pieces, before.as_bytes().to_vec(), item, after.as_bytes());
}

fn progress(format: Format, done: u64, total: Option<u64>) -> String {
    let progress = serde_json::json!({"done": done, "total": total});
    match format {
        Format::Lines => format!("{{\"progress\": {progress}}}\n"),
        Format::Events => format!("event: progress\ndata: {progress}\n\n"),
    }
}

fn add_result(
    pieces: &mut Pieces,
    format: Format,
    id: &str,
    text: &JsonText,
    write: WriteReply,
    notes: Option<&Notes>,
) {
    let (mut before, last): (Vec<u8>, &[u8]) = match format {
        Format::Lines => (Vec::new(), b"\n"),
        Format::Events => (b"event: result\ndata: ".to_vec(), b"\n\n"),
    };
    let (head, mut after) = answer::around(write, Some(id), notes);
    before.extend_from_slice(&head);
    after.extend_from_slice(last);
    add(pieces, before, text, &after);
}

/// The reply of a stream that ends with an error.
fn error(format: Format, id: &str, result: &CallResult, write: WriteReply, notes: Option<&Notes>) -> Vec<u8> {
    let (mut out, last): (Vec<u8>, &[u8]) = match format {
        Format::Lines => (Vec::new(), b"\n"),
        Format::Events => (b"event: error\ndata: ".to_vec(), b"\n\n"),
    };
    let reply = out.len();
    write(&mut out, Some(id), result);
    answer::tell_times(&mut out, notes);
    on_one_line(&mut out[reply..]);
    out.extend_from_slice(last);
    out
}

/// What is short travels together.
fn add(pieces: &mut Pieces, mut before: Vec<u8>, text: &JsonText, after: &[u8]) {
    if text.len() >= LONG {
        pieces.push(before);
        pieces.push_on_one_line(text.to_bytes());
        return pieces.push(after.to_vec());
    }
    before.reserve_exact(text.len() + after.len());
    let start = before.len();
    before.extend_from_slice(text.as_bytes());
    on_one_line(&mut before[start..]);
    before.extend_from_slice(after);
    pieces.push(before);
}

/// A value keeps its sender's layout. A line break in it can only be white space: inside a JSON string it is escaped.
fn on_one_line(text: &mut [u8]) {
    for byte in text.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
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
            let mut pieces = Pieces::default();
            add_item(&mut pieces, format, &item);
            add_result(&mut pieces, format, "7", &JsonText::NULL, reply::write, None);
            pieces.push(error(format, "7", &Err(CallError::Timeout), reply::write, None));
            let slices: Vec<Bytes> = std::iter::from_fn(|| pieces.slice()).collect();
            String::from_utf8(slices.concat()).expect("UTF-8")
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
    #[test]
    fn a_long_value_is_not_copied_and_is_on_one_line_all_the_same() {
        let (spaces, breaks) = (" ".repeat(LONG), "\n".repeat(LONG));
        let item = JsonText::parse(&format!("[{breaks}1,\"{spaces}\"]")).expect("JSON");
        let mut pieces = Pieces::default();
        add_item(&mut pieces, Format::Lines, &item);
        add_result(&mut pieces, Format::Lines, "7", &item, reply::write, None);
        let slices: Vec<Bytes> = std::iter::from_fn(|| pieces.slice()).collect();
        let memory = item.as_bytes().as_ptr_range();
        assert!(slices.iter().any(|slice| memory.contains(&slice.as_ptr())));
        let value = format!("[{spaces}1,\"{spaces}\"]");
        let expected = format!("{{\"value\": {value}}}\n{{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{value}}}\n");
        assert!(slices.concat() == expected.as_bytes());
    }
}
