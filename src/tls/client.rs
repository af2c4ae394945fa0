//! Whom a client trusts, and what it shows.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::{ClientConfig, RootCertStore};

use super::{provider, roots, Identity, Unusable, ALPN};

/// TLS of a client. Clones change together.
#[derive(Clone, Debug, Default)]
pub struct ClientTls(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    ca: Option<PathBuf>,
    identity: Option<Identity>,
    /// `None` until somebody needs the system's roots: to read them takes longer than all else that a process does to
    /// start, and most never speak TLS.
    config: ArcSwapOption<ClientConfig>,
}

impl ClientTls {
    /// Trusts what the certificates in `ca` have signed or, without it, what the system's roots have; shows `identity`
    /// to servers that ask. Reads the files.
    pub fn load(ca: Option<PathBuf>, identity: Option<Identity>) -> Result<Self, Unusable> {
        let config = match &ca {
            Some(path) => Some(Arc::new(read(roots(path)?, identity.as_ref())?)),
            None => {
                // What is wrong with the files is told now.
                read(RootCertStore::empty().into(), identity.as_ref())?;
                None
            }
        };
        Ok(ClientTls(Arc::new(Inner { ca, identity, config: config.into() })))
    }

    /// Reads the files again; an error leaves things as they are.
    fn reload(&self) -> Result<(), Unusable> {
        let roots = match &self.0.ca {
            Some(path) => roots(path)?,
            None => system_roots(),
        };
        let config = read(roots, self.0.identity.as_ref())?;
        self.0.config.store(Some(Arc::new(config)));
        Ok(())
    }

    /// `reload`, if anything of it has been read.
    pub fn renew(&self) -> Option<Result<(), Unusable>> {
        let in_use = self.0.config.load().is_some() || self.0.identity.is_some();
        in_use.then(|| self.reload())
    }

    /// As of now. Reads the system's roots where they are needed for the first time.
    pub fn config(&self) -> Result<Arc<ClientConfig>, Unusable> {
        if self.0.config.load().is_none() {
            self.reload()?;
        }
        self.0.config.load_full().ok_or_else(|| Unusable("the system has no roots of trust".into()))
    }
}

fn read(roots: Arc<RootCertStore>, identity: Option<&Identity>) -> Result<ClientConfig, Unusable> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|problem| Unusable(problem.to_string()))?.with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = identity.read()?;
            builder.with_client_auth_cert(chain, key).map_err(|problem| identity.mismatch(problem))?
        }
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

fn system_roots() -> Arc<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    for problem in &found.errors {
        log::warn!("roots of trust of the system: {problem}");
    }
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(found.certs);
    if unusable > 0 {
        log::debug!("{unusable} of the system's roots of trust can't be used");
    }
    if roots.is_empty() {
        log::warn!("the system has no roots of trust, so no server is trusted: --ca names a file with some");
    }
    Arc::new(roots)
}
