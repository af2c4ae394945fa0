//! What a server shows, and what it asks for.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::WebPkiClientVerifier;
use rustls::ServerConfig;

use super::{provider, roots, Identity, Unusable, ALPN};

/// TLS of a server. Clones change together.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    identity: Identity,
    client_ca: Option<PathBuf>,
    config: ArcSwap<ServerConfig>,
}

impl ServerTls {
    /// Reads the files. With `client_ca`, clients must show a certificate that one of those in it has signed.
    pub fn load(identity: Identity, client_ca: Option<PathBuf>) -> Result<Self, Unusable> {
        let config = ArcSwap::from_pointee(read(&identity, client_ca.as_ref())?);
        Ok(ServerTls(Arc::new(Inner { identity, client_ca, config })))
    }

    /// Reads the files again; an error leaves things as they are.
    pub fn reload(&self) -> Result<(), Unusable> {
        let config = read(&self.0.identity, self.0.client_ca.as_ref())?;
        self.0.config.store(Arc::new(config));
        Ok(())
    }

    /// As of now.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.0.config.load_full()
    }
}

fn read(identity: &Identity, client_ca: Option<&PathBuf>) -> Result<ServerConfig, Unusable> {
    let (chain, key) = identity.read()?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|problem| identity.mismatch(problem))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots(path)?, provider()).build();
            builder.with_client_cert_verifier(verifier.map_err(|problem| Unusable::file(path, problem))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|problem| identity.mismatch(problem))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}
