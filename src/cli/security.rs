//! Who may call a server, how often, and from which pages; and how connections are secured.

use madrpc_actors::policy::rate_limit::RateLimit;
use madrpc_actors::protocol::Secret;
use structopt::StructOpt;
use url::Url;

use super::secrets::{api_key, secret};
use super::tls::{ClientTlsOptions, ServerTlsOptions};
use super::values::{origin, rate_limit};
use super::Usage;

/// Whom a server lets in.
#[derive(Clone, Debug, StructOpt)]
pub struct SecurityOptions {
    /// What members of the cluster present to each other: the text, or @FILE
    #[structopt(long, env = "MADRPC_CLUSTER_TOKEN", value_name = "T", hide_env_values = true, parse(try_from_str = secret))]
    pub cluster_token: Option<Secret>,
    /// What clients present: the text, or @FILE; repeatable, the first is presented to others [env: MADRPC_API_KEY,
    /// separated by commas]
    #[structopt(long = "api-key", number_of_values = 1, value_name = "K", parse(try_from_str = api_key))]
    pub api_keys: Vec<Secret>,
    /// Calls a second that a client may make, by its key or its address; over it: error -32002
    #[structopt(long, env = "MADRPC_RATE_LIMIT", value_name = "RPS[:BURST]", parse(try_from_str = rate_limit))]
    pub rate_limit: Option<RateLimit>,
    /// Origin whose pages may call, beside the server's own; repeatable [env: MADRPC_ALLOW_ORIGIN, separated by commas]
    #[structopt(long = "allow-origin", number_of_values = 1, value_name = "URL", parse(try_from_str = origin))]
    pub allow_origins: Vec<Url>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub server: ServerTlsOptions,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub client: ClientTlsOptions,
}

impl SecurityOptions {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        super::repeated("api-key", "MADRPC_API_KEY", &mut self.api_keys, env, api_key)?;
        super::repeated("allow-origin", "MADRPC_ALLOW_ORIGIN", &mut self.allow_origins, env, origin)?;
        self.server.complete()?;
        self.client.complete()
    }
}
