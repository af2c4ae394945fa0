//! What `bench` is told.

use std::time::Duration;

use awc::http::header::{HeaderName, HeaderValue};
use serde_json::Value;
use structopt::StructOpt;
use url::Url;

use super::access::AccessOptions;
use super::units::{duration, whole};
use super::values::{call_url, header};
use super::Usage;

/// No rate is higher than this; one thread makes about 50,000 calls a second.
const HIGHEST_RATE: f64 = 10_000_000.0;

fn connections(text: &str) -> Result<usize, String> {
    whole(text, 1..=10_000)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.trim().parse().map_err(|_| format!("{text:?} is not allowed: calls a second, such as 500"))?;
    match (0.001..=HIGHEST_RATE).contains(&rate) {
        true => Ok(rate),
        false => Err(format!("{text:?} is not allowed: 0.001 to {HIGHEST_RATE} calls a second")),
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{text:?} is not JSON: {error}"))
}

/// What `bench` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct BenchConfig {
    /// Node or orchestrator: http://HOST:PORT[/PATH], or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// Method to call
    #[structopt(value_name = "METHOD")]
    pub method: String,
    /// JSON array or object, @FILE, or - for standard input; absent: no params
    #[structopt(value_name = "ARGS")]
    pub args: Option<String>,
    /// Calls under way at once, each on a connection of its own
    #[structopt(short, long, env = "MADRPC_CONNECTIONS", default_value = "64", value_name = "N", parse(try_from_str = connections))]
    pub connections: usize,
    /// For how long calls begin
    #[structopt(short, long, env = "MADRPC_DURATION", default_value = "10s", value_name = "D", parse(try_from_str = duration))]
    pub duration: Duration,
    /// Calls that begin in a second, whether or not the server keeps up [default: as many as it answers]
    #[structopt(long, env = "MADRPC_RATE", value_name = "N", parse(try_from_str = rate))]
    pub rate: Option<f64>,
    /// By WebSocket instead of HTTP [env: MADRPC_WS=true]
    #[structopt(long)]
    pub ws: bool,
    /// What each result must be
    #[structopt(long, env = "MADRPC_EXPECT", value_name = "JSON", parse(try_from_str = json))]
    pub expect: Option<Value>,
    /// Print the figures as JSON [env: MADRPC_JSON=true]
    #[structopt(long)]
    pub json: bool,
    /// How long a call may take
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "30s", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
    /// Request header, repeatable [env: MADRPC_HEADER, separated by commas]
    #[structopt(long = "header", number_of_values = 1, value_name = "K:V", parse(try_from_str = header))]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: AccessOptions,
}

impl BenchConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        super::repeated("header", "MADRPC_HEADER", &mut self.headers, env, header)?;
        self.ws |= super::switch("ws", "MADRPC_WS", env)?;
        self.json |= super::switch("json", "MADRPC_JSON", env)?;
        self.access.complete(env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_positive_and_finite() {
        assert_eq!((rate("500"), rate(" 0.5 ")), (Ok(500.0), Ok(0.5)));
        for text in ["0", "-1", "inf", "NaN", "1e9", "fast", ""] {
            assert!(rate(text).is_err(), "{text}");
        }
    }
}
