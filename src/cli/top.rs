//! What `top` and `nodes` are told.

use std::time::Duration;

use madrpc_actors::protocol::Secret;
use structopt::StructOpt;
use url::Url;

use super::client::first_key;
use super::secrets::api_key;
use super::tls::ClientTlsOptions;
use super::units::duration;
use super::values::call_url;
use super::Usage;

/// Figures don't change sooner, and a server has better things to do.
const SHORTEST: Duration = Duration::from_millis(100);

fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        interval if interval >= SHORTEST => Ok(interval),
        _ => Err(format!("{text:?} is not allowed: at least 100ms")),
    }
}

/// What `top` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct TopConfig {
    /// Orchestrator or node: http://HOST:PORT, or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// Print a snapshot as text, and end [env: MADRPC_ONCE=true]
    #[structopt(long)]
    pub once: bool,
    /// Print a snapshot as one JSON object, and end [env: MADRPC_JSON=true]
    #[structopt(long)]
    pub json: bool,
    /// Between two looks
    #[structopt(long, env = "MADRPC_INTERVAL", default_value = "1s", value_name = "D", parse(try_from_str = interval))]
    pub interval: Duration,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: LookOptions,
}

/// What `nodes` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct NodesConfig {
    /// Orchestrator or node: http://HOST:PORT, or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// Print the nodes as a JSON array [env: MADRPC_JSON=true]
    #[structopt(long)]
    pub json: bool,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: LookOptions,
}

/// How a server is asked for its figures.
#[derive(Clone, Debug, StructOpt)]
pub struct LookOptions {
    /// How long an answer may take
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "5s", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
    /// What the server asks for: the text, or @FILE [env: MADRPC_API_KEY, of several the first]
    #[structopt(long, value_name = "K", parse(try_from_str = api_key))]
    pub api_key: Option<Secret>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub tls: ClientTlsOptions,
}

impl TopConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.once |= super::switch("once", "MADRPC_ONCE", env)?;
        self.json |= super::switch("json", "MADRPC_JSON", env)?;
        self.access.complete(env)
    }
}

impl NodesConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.json |= super::switch("json", "MADRPC_JSON", env)?;
        self.access.complete(env)
    }
}

impl LookOptions {
    fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        first_key(&mut self.api_key, env)?;
        self.tls.complete()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_not_too_close() {
        assert_eq!(interval("100ms"), Ok(SHORTEST));
        assert!(interval("99").expect_err("too short").contains("at least 100ms"));
        assert!(interval("0").is_err() && interval("soon").is_err());
    }
}
