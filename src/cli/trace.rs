//! What `trace` is told.

use std::time::Duration;

use madrpc_actors::protocol::TraceContext;
use structopt::StructOpt;
use url::Url;

use super::access::AccessOptions;
use super::units::{duration, whole};
use super::values::call_url;
use super::Usage;

/// Up to 32 hexadecimal digits, or a whole `traceparent`.
fn trace_id(text: &str) -> Result<String, String> {
    let is_beginning = (1..=32).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let digits = || is_beginning.then(|| text.to_ascii_lowercase());
    let of_parent = || TraceContext::parse(text).map(|context| format!("{:032x}", context.trace_id));
    let found = digits().or_else(of_parent).filter(|id| *id != "0".repeat(32));
    found.ok_or_else(|| format!("{text:?} is not allowed: a W3C trace id, 32 hexadecimal digits, or its beginning"))
}

fn few(text: &str) -> Result<usize, String> {
    whole(text, 1..=512)
}

/// What `trace` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct TraceConfig {
    /// Node or orchestrator: http://HOST:PORT, or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// W3C trace id or its beginning; absent: the slowest that are kept are listed
    #[structopt(value_name = "TRACE_ID", parse(try_from_str = trace_id))]
    pub trace_id: Option<String>,
    /// How many are listed
    #[structopt(long, env = "MADRPC_LIMIT", default_value = "20", value_name = "N", parse(try_from_str = few))]
    pub limit: usize,
    /// Show each call, also of many that are alike [env: MADRPC_ALL=true]
    #[structopt(long)]
    pub all: bool,
    /// Print what the server says, as JSON [env: MADRPC_JSON=true]
    #[structopt(long)]
    pub json: bool,
    /// How long to wait for the server
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "10s", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: AccessOptions,
}

impl TraceConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.all |= super::switch("all", "MADRPC_ALL", env)?;
        self.json |= super::switch("json", "MADRPC_JSON", env)?;
        self.access.complete(env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_named_by_its_id_or_by_a_traceparent() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace_id(id).as_deref(), Ok(id));
        assert_eq!(trace_id("0AF").as_deref(), Ok("0af"));
        assert_eq!(trace_id(&format!("00-{id}-b7ad6b7169203331-01")), trace_id(id));
        for bad in ["", "x", &"0".repeat(32), &"+".repeat(32), &"1".repeat(33)] {
            assert!(trace_id(bad).is_err(), "{bad}");
        }
    }
}
