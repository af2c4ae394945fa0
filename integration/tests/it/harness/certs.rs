//! Certificates made for one test, and a client that speaks TLS by hand.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{date_time_ymd, BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::script::Script;

/// Whoever signs certificates; its own is in `ca`.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    ca: Script,
}

/// A certificate and its key, as files.
#[derive(Debug)]
pub(crate) struct Certified {
    cert: Script,
    key: Script,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let ca = Script::new("ca.pem", &issuer.pem());
        Authority { issuer, ca }
    }

    /// The file with its certificate.
    pub(crate) fn ca(&self) -> &str {
        path(&self.ca)
    }

    /// For these names and addresses.
    pub(crate) fn certify(&self, names: &[&str]) -> Certified {
        self.issue(names, 2024, 4000)
    }

    /// As `certify`, but it is past its time.
    pub(crate) fn certify_long_ago(&self, names: &[&str]) -> Certified {
        self.issue(names, 2001, 2002)
    }

    fn issue(&self, names: &[&str], from: i32, until: i32) -> Certified {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().expect("a key");
        let cert = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certified { cert: Script::new("cert.pem", &cert.pem()), key: Script::new("key.pem", &key.serialize_pem()) }
    }
}

impl Certified {
    pub(crate) fn cert(&self) -> &str {
        path(&self.cert)
    }

    pub(crate) fn key(&self) -> &str {
        path(&self.key)
    }

    /// The flags of a server that shows it.
    pub(crate) fn served(&self) -> [&str; 4] {
        ["--tls-cert", self.cert(), "--tls-key", self.key()]
    }

    /// The flags of a client that shows it.
    pub(crate) fn shown(&self) -> [&str; 4] {
        ["--client-cert", self.cert(), "--client-key", self.key()]
    }

    /// Puts another certificate in the place of this one.
    pub(crate) fn replace_by(&self, other: &Certified) {
        self.key.rewrite(&read(&other.key));
        self.cert.rewrite(&read(&other.cert));
    }

    /// Puts nonsense in its place.
    pub(crate) fn break_it(&self) {
        self.cert.rewrite("no certificate\n");
    }
}

fn path(file: &Script) -> &str {
    file.path().to_str().expect("a path in UTF-8")
}

fn read(file: &Script) -> String {
    std::fs::read_to_string(file.path()).expect("the file is there")
}

/// A connection by TLS to `127.0.0.1:port`, trusting `ca`.
pub(crate) struct TlsClient(StreamOwned<ClientConnection, TcpStream>);

impl TlsClient {
    pub(crate) fn connect(port: u16, ca: &str) -> io::Result<TlsClient> {
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(Path::new(ca)).expect("the file is there");
        for certificate in certificates {
            roots.add(certificate.expect("a certificate")).expect("a root");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder.expect("versions").with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        let tcp = TcpStream::connect(("127.0.0.1", port))?;
        tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut stream = StreamOwned::new(connection, tcp);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(TlsClient(stream))
    }

    /// GETs `path`, and reads the head of the answer and at least some of its body.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<String> {
        write!(self.0, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut answer = Vec::new();
        while !String::from_utf8_lossy(&answer).ends_with('}') {
            let mut some = [0; 4096];
            match self.0.read(&mut some)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => answer.extend_from_slice(&some[..length]),
            }
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}
