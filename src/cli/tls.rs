//! The files of TLS, and which of them belong together.

use std::path::{Path, PathBuf};

use structopt::StructOpt;

use super::Usage;
use crate::tls::{self, ClientTls, Identity, ServerTls, Unusable};

fn certificates(text: &str) -> Result<PathBuf, String> {
    checked(text, "certificates in PEM", tls::check_certificates)
}

fn key(text: &str) -> Result<PathBuf, String> {
    checked(text, "a private key in PEM", tls::check_key)
}

fn checked(text: &str, allowed: &str, check: fn(&Path) -> Result<(), Unusable>) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match check(&path) {
        Ok(()) => Ok(path),
        Err(problem) => Err(format!("{problem}; a file with {allowed}")),
    }
}

/// What a server shows, and asks of its clients.
#[derive(Clone, Debug, StructOpt)]
pub struct ServerTlsOptions {
    /// Speak HTTPS alone, and show this certificate chain
    #[structopt(long, env = "MADRPC_TLS_CERT", value_name = "F", parse(try_from_str = certificates))]
    tls_cert: Option<PathBuf>,
    /// Its private key
    #[structopt(long, env = "MADRPC_TLS_KEY", value_name = "F", parse(try_from_str = key))]
    tls_key: Option<PathBuf>,
    /// Let in only clients with a certificate that one of these has signed
    #[structopt(long, env = "MADRPC_TLS_CLIENT_CA", value_name = "F", parse(try_from_str = certificates))]
    tls_client_ca: Option<PathBuf>,
    #[structopt(skip)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub server_tls: Option<ServerTls>,
}

impl ServerTlsOptions {
    pub(super) fn complete(&mut self) -> Result<(), Usage> {
        let identity = identity(("tls-cert", &self.tls_cert), ("tls-key", &self.tls_key))?;
        self.server_tls = match (identity, &self.tls_client_ca) {
            (Some(identity), ca) => {
                let tls = ServerTls::load(identity, ca.clone());
                Some(tls.map_err(|problem| Usage::value("tls-cert", &problem.to_string()))?)
            }
            (None, Some(ca)) => {
                return Err(Usage::value("tls-client-ca", &format!("{ca:?} is not allowed without --tls-cert")));
            }
            (None, None) => None,
        };
        Ok(())
    }
}

/// Whom a process trusts when it speaks TLS to others, and what it shows them.
#[derive(Clone, Debug, StructOpt)]
pub struct ClientTlsOptions {
    /// Whom to trust when speaking TLS to others [default: the system's roots]
    #[structopt(long, env = "MADRPC_CA", value_name = "F", parse(try_from_str = certificates))]
    ca: Option<PathBuf>,
    /// Certificate chain to show to servers that ask for one
    #[structopt(long, env = "MADRPC_CLIENT_CERT", value_name = "F", parse(try_from_str = certificates))]
    client_cert: Option<PathBuf>,
    /// Its private key
    #[structopt(long, env = "MADRPC_CLIENT_KEY", value_name = "F", parse(try_from_str = key))]
    client_key: Option<PathBuf>,
    #[structopt(skip)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub client_tls: ClientTls,
}

impl ClientTlsOptions {
    pub(super) fn complete(&mut self) -> Result<(), Usage> {
        let identity = identity(("client-cert", &self.client_cert), ("client-key", &self.client_key))?;
        let tls = ClientTls::load(self.ca.clone(), identity);
        self.client_tls = tls.map_err(|problem| Usage::value("client-cert", &problem.to_string()))?;
        Ok(())
    }
}

fn identity(
    (cert_flag, cert): (&str, &Option<PathBuf>),
    (key_flag, key): (&str, &Option<PathBuf>),
) -> Result<Option<Identity>, Usage> {
    let alone = |flag, path: &PathBuf, other| {
        Err(Usage::value(flag, &format!("{path:?} is not allowed without --{other}, which belongs to it")))
    };
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(Identity { cert: cert.clone(), key: key.clone() })),
        (Some(cert), None) => alone(cert_flag, cert, key_flag),
        (None, Some(key)) => alone(key_flag, key, cert_flag),
        (None, None) => Ok(None),
    }
}
