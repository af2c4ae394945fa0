//! How client commands are let in by a server, and know that it is the right one.

use structopt::StructOpt;

use madrpc_actors::protocol::Secret;

use super::secrets::api_key;
use super::tls::ClientTlsOptions;
use super::Usage;

/// What all client commands are told.
#[derive(Clone, Debug, StructOpt)]
pub struct AccessOptions {
    /// What the server asks for: the text, or @FILE [env: MADRPC_API_KEY, of several the first]
    #[structopt(long, value_name = "K", parse(try_from_str = api_key))]
    pub api_key: Option<Secret>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub tls: ClientTlsOptions,
}

impl AccessOptions {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        first_key(&mut self.api_key, env)?;
        self.tls.complete()
    }
}

/// A server takes several keys, and its clients are told them in the same way: they present the first.
pub(super) fn first_key(key: &mut Option<Secret>, env: super::Env<'_>) -> Result<(), Usage> {
    let mut keys: Vec<Secret> = key.take().into_iter().collect();
    super::repeated("api-key", "MADRPC_API_KEY", &mut keys, env, api_key)?;
    *key = keys.into_iter().next();
    Ok(())
}
