//! TLS by rustls: what a server shows and asks for, whom a client trusts, and the files behind both.
//!
//! The files are read when the process starts, and again on SIGHUP. A change holds for the connections that come after
//! it; files that make no sense change nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::RootCertStore;

mod client;
mod server;

pub use client::ClientTls;
pub use server::ServerTls;

/// The protocol that is spoken inside.
const ALPN: &[u8] = b"http/1.1";

/// A certificate chain and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate first, then those that lead to the root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What is wrong with a file; names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable(String);

impl Unusable {
    fn file(path: &Path, problem: impl fmt::Display) -> Self {
        Unusable(format!("file {path:?} can't be used: {problem}"))
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}

impl Identity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Unusable> {
        Ok((certificates(&self.cert)?, private_key(&self.key)?))
    }

    /// Of a chain and a key that are well-formed, but not together.
    fn mismatch(&self, problem: impl fmt::Display) -> Unusable {
        Unusable(format!("files {:?} and {:?} can't be used together: {problem}", self.cert, self.key))
    }
}

/// Whether there are certificates in the file.
pub fn check_certificates(path: &Path) -> Result<(), Unusable> {
    certificates(path).map(drop)
}

/// Whether there is a private key in the file.
pub fn check_key(path: &Path) -> Result<(), Unusable> {
    private_key(path).map(drop)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    PrivateKeyDer::from_pem_file(path).map_err(|problem| Unusable::file(path, problem))
}

/// At least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(none) if none.is_empty() => Err(Unusable::file(path, "there is no certificate in it")),
        read => read.map_err(|problem| Unusable::file(path, problem)),
    }
}

fn roots(path: &Path) -> Result<Arc<RootCertStore>, Unusable> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|problem| Unusable::file(path, problem))?;
    }
    Ok(Arc::new(roots))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
