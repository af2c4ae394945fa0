//! The links of a node that dials in (PROTOCOL, section 1), from the node's side.

use awc::error::WsClientError;
use futures_util::future::LocalBoxFuture;
use madrpc_actors::protocol::PeerUrl;

use super::client::{self, TransportConfig};
use super::link::{Links, Socket};

/// Opens the links of a node that dials in.
#[derive(Clone, Debug)]
pub struct Dialler {
    config: TransportConfig,
    instance: String,
}

impl Dialler {
    /// Says to be the node `instance`.
    pub fn new(config: TransportConfig, instance: String) -> Self {
        Dialler { config, instance }
    }

    /// Makes the function that opens a link to `orchestrator`, on the thread that will use it.
    pub(crate) fn towards(
        &self,
        orchestrator: PeerUrl,
    ) -> impl Fn() -> LocalBoxFuture<'static, Result<Box<dyn Socket>, String>> {
        let links = Links::new(&self.config, client::connecting(&self.config));
        let instance = self.instance.clone();
        move || {
            let (links, orchestrator, instance) = (links.clone(), orchestrator.clone(), instance.clone());
            Box::pin(async move {
                links
                    .open(&orchestrator, Some(&instance))
                    .await
                    .map(|socket| Box::new(socket) as Box<dyn Socket>)
                    .map_err(|error| match error {
                        Some(WsClientError::InvalidResponseStatus(status)) => format!("HTTP {status}"),
                        Some(error) => error.to_string(),
                        None => "no answer in time".into(),
                    })
            })
        }
    }
}
