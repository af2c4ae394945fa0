//! What `top` and `nodes` are told.

use std::time::Duration;

use structopt::StructOpt;
use url::Url;

use super::access::AccessOptions;
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
    pub look: LookOptions,
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
    pub look: LookOptions,
}

/// How a server is asked for its figures.
#[derive(Clone, Debug, StructOpt)]
pub struct LookOptions {
    /// How long an answer may take
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "5s", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: AccessOptions,
}

impl TopConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.once |= super::switch("once", "MADRPC_ONCE", env)?;
        self.json |= super::switch("json", "MADRPC_JSON", env)?;
        self.look.complete(env)
    }
}

impl NodesConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.json |= super::switch("json", "MADRPC_JSON", env)?;
        self.look.complete(env)
    }
}

impl LookOptions {
    fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.access.complete(env)
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
