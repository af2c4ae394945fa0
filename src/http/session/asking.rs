//! Calls of this side over a session that the other side answers, too: a node's to its orchestrator.

use std::borrow::Cow;

use madrpc_actors::protocol::request::Request;
use madrpc_actors::protocol::PeerUrl;
use serde::Deserialize;

use super::dial_in::longest_frame;
use super::Session;
use crate::http::service::Service;
use crate::transport::Link;

impl<S: Service> Session<S> {
    /// `_link`: the other side lets this one ask, and shows a key by which it is known.
    pub(super) fn be_let_ask(&self, request: &Request<'_>) {
        #[derive(Deserialize)]
        struct Shown<'a> {
            #[serde(borrow)]
            key: Cow<'a, str>,
        }
        let shown = request.params.and_then(|params| serde_json::from_str::<Shown<'_>>(params.get()).ok());
        match shown.and_then(|shown| self.endpoint.config.link_keys.owner(shown.key.as_bytes())) {
            Some(orchestrator) => self.ask(orchestrator),
            None => log::debug!("{} shows a key that this node has not given to anybody", self.ip),
        }
    }

    /// From now on this process calls `peer` by this session.
    pub(super) fn ask(&self, peer: &PeerUrl) {
        let (config, mut asking) = (&self.endpoint.config, self.asking.borrow_mut());
        if asking.is_some() {
            return;
        }
        let link = Link::new(config.max_body);
        *asking = config.peer_links.list(peer, link.clone());
        if asking.is_some() {
            log::debug!("calls to {peer} take the link that it has opened");
            self.out.ask_by(link);
            self.reading.longest.set(longest_frame(config.max_body));
        }
    }
}
