//! What `sub` and `pub` are told.

use std::time::Duration;

use structopt::StructOpt;
use url::Url;

use super::access::AccessOptions;
use super::units::{duration, whole};
use super::values::call_url;
use super::Usage;

fn count(text: &str) -> Result<u64, String> {
    whole(text, 1..=usize::MAX).map(|count| count as u64)
}

/// What `sub` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct SubConfig {
    /// Node or orchestrator: http://HOST:PORT, or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// Channel, or a pattern of channels: * ? [ab]
    #[structopt(value_name = "CHANNEL")]
    pub channel: String,
    /// End after so many events
    #[structopt(long, env = "MADRPC_COUNT", value_name = "N", parse(try_from_str = count))]
    pub count: Option<u64>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: AccessOptions,
}

impl SubConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.access.complete(env)
    }
}

/// What `pub` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct PubConfig {
    /// Node or orchestrator: http://HOST:PORT[/PATH], or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// Channel to publish on
    #[structopt(value_name = "CHANNEL")]
    pub channel: String,
    /// What to publish: any JSON, @FILE, or - for standard input
    #[structopt(value_name = "JSON")]
    pub data: String,
    /// How long it may take
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "30s", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: AccessOptions,
}

impl PubConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.access.complete(env)
    }
}
