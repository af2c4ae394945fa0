//! `madrpc-actor call`.

use awc::http::header::{HeaderName, HeaderValue};

use madrpc_actors::protocol::JsonText;

use super::rpc::{self, Came, Outcome, Request, Wanted};
use super::{json_layout, FAILED, UNDELIVERED};
use crate::cli::client::load_args;
use crate::cli::{CallConfig, Usage};
use crate::observe::Terminal;
use crate::transport::OneShot;

/// Calls, prints, and gives the exit code.
pub fn run(config: CallConfig, terminal: &Terminal) -> u8 {
    let request = match request(&config, terminal) {
        Ok(request) => request,
        Err(usage) => return super::show_usage(terminal, &usage),
    };
    let layout = |result: &[u8]| match config.pretty {
        true => json_layout::pretty(result),
        false => result.to_vec(),
    };
    let print_item = |item: &JsonText| {
        let mut line = layout(item.as_bytes());
        line.push(b'\n');
        terminal.feed_stdout(&line)
    };
    let outcome = actix_rt::System::new().block_on(async {
        let client = OneShot::new(config.access.tls.client_tls.clone());
        let line = terminal.waiting(format!("{} at {}", config.method.escape_debug(), config.url));
        let take = |came: Came<'_>| match came {
            Came::Item(item) => print_item(item),
            Came::Progress(done, total) => {
                line.advance(done, total);
                true
            }
        };
        match wanted(&config, terminal) {
            Some(_) => request.stream(&client, config.timeout, take).await,
            None => request.deliver(&client, config.timeout).await,
        }
    });
    match outcome {
        // Standard output has the items, and nothing that could be taken for one.
        Ok(Outcome::Result(value)) if config.stream => {
            if value != JsonText::NULL {
                terminal.write_stderr(format!("returned {}\n", value.as_str()).as_bytes());
            }
            0
        }
        outcome => show(terminal, outcome, layout),
    }
}

/// What is to come before the reply: items where they are asked for, and how far it is where somebody may be looking.
fn wanted(config: &CallConfig, terminal: &Terminal) -> Option<Wanted> {
    let progress = terminal.is_live() && !config.notify;
    (config.stream || progress).then_some(Wanted { items: config.stream, progress })
}

fn request(config: &CallConfig, terminal: &Terminal) -> Result<Request, Usage> {
    let params = load_args(config.args.as_deref())?;
    let mut headers = config.headers.clone();
    headers.extend(config.access.api_key.as_ref().and_then(rpc::credential));
    if let Some(key) = &config.idempotency_key {
        headers.push((HeaderName::from_static("idempotency-key"), key.clone()));
    }
    if !config.tags.is_empty() {
        let tags: Vec<String> = config.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let value = HeaderValue::from_str(&tags.join(","))
            .map_err(|error| Usage::value("tag", &format!("can't be sent: {error}")))?;
        headers.push((HeaderName::from_static("madrpc-tags"), value));
    }
    Ok(Request {
        url: config.url.clone(),
        body: match wanted(config, terminal) {
            Some(wanted) => rpc::asking_body(&config.method, params.as_ref(), wanted),
            None => rpc::body(&config.method, params.as_ref(), config.notify),
        },
        notify: config.notify,
        headers,
        repeatable: config.idempotency_key.is_some(),
    })
}

/// Prints a result on standard output or an error on standard error, and gives the exit code.
pub(super) fn show(terminal: &Terminal, outcome: Result<Outcome, String>, layout: impl Fn(&[u8]) -> Vec<u8>) -> u8 {
    let (code, text) = match outcome {
        Ok(Outcome::Result(result)) => {
            let mut line = layout(result.as_bytes());
            line.push(b'\n');
            terminal.write_stdout(&line);
            return 0;
        }
        Ok(Outcome::Nothing) => return 0,
        Ok(Outcome::Error(object)) => (FAILED, rpc::error_text(&object)),
        Err(problem) => (UNDELIVERED, format!("error: {problem}")),
    };
    terminal.write_stderr(format!("{text}\n").as_bytes());
    code
}
