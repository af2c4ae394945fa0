//! The listening socket and the worker threads behind it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{fn_service, Server};
use actix_web::{App, HttpServer};
use socket2::{Domain, Socket, Type};

use super::endpoint::Endpoint;
use super::gate::Gate;
use super::routes;
use super::service::{HttpConfig, Service};

/// Connections that the system holds until a worker takes them.
const BACKLOG: u32 = 4096;

/// Connections that all workers together hold open; those beyond wait in the backlog.
const MAX_CONNECTIONS: usize = 50_000;

/// How long a connection may stay idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a closing connection waits for its peer.
const LINGER: Duration = Duration::from_secs(2);

/// A bound socket that does not listen yet: its address is taken, and connections are still refused.
#[derive(Debug)]
pub struct Reserved {
    socket: Socket,
    /// Where it is, with the real port.
    pub addr: SocketAddr,
}

/// A listening socket whose connections nobody takes yet.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    /// Where it listens, with the real port.
    pub addr: SocketAddr,
}

impl Reserved {
    /// Takes the address.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        // A restarted process gets its port back at once.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&addr.into())?;
        Self::of(socket)
    }

    fn of(socket: Socket) -> io::Result<Self> {
        let addr = socket.local_addr()?.as_socket();
        let addr = addr.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
        Ok(Reserved { socket, addr })
    }

    /// Lets connections queue from now on. One that listens already goes on with what has queued.
    pub fn listen(self) -> io::Result<Listening> {
        self.socket.listen(i32::try_from(BACKLOG).unwrap_or(i32::MAX))?;
        Ok(Listening { listener: TcpListener::from(self.socket), addr: self.addr })
    }
}

/// A socket that another process has bound.
impl TryFrom<OwnedFd> for Reserved {
    type Error = io::Error;

    fn try_from(socket: OwnedFd) -> io::Result<Self> {
        Self::of(Socket::from(socket))
    }
}

/// For a process that is to listen on it.
impl From<Reserved> for OwnedFd {
    fn from(reserved: Reserved) -> OwnedFd {
        reserved.socket.into()
    }
}

/// Binds, so that the address is known and connections queue before the first is served.
pub fn bind(addr: SocketAddr) -> io::Result<Listening> {
    Reserved::bind(addr)?.listen()
}

/// Serves until the future's `handle()` stops it; the future must be polled on an actix system.
///
/// `make_service` runs once on each worker thread, which is an arbiter: actors can be started there. What `connection`
/// returns is kept for as long as a connection is open. Signals are left to the caller.
pub fn serve<S, F, C, G>(listening: Listening, config: HttpConfig, make_service: F, connection: C) -> io::Result<Server>
where
    S: Service,
    F: Fn() -> S + Send + Clone + 'static,
    C: Fn() -> G + Send + Sync + 'static,
    G: 'static,
{
    let workers = config.workers.max(1);
    let head_timeout = config.head_timeout;
    let gate = Arc::new(Gate::new(&config));
    let app = move || {
        let endpoint = Endpoint { service: make_service(), config: config.clone(), gate: gate.clone() };
        let endpoint = Rc::new(endpoint);
        App::new().default_service(fn_service(move |request| routes::respond(endpoint.clone(), request)))
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .backlog(BACKLOG)
        .max_connections(MAX_CONNECTIONS.div_ceil(workers))
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(head_timeout)
        .client_disconnect_timeout(LINGER)
        // A client that closes its side has given up: its calls are cancelled.
        .h1_allow_half_closed(false)
        .tcp_nodelay(true)
        .on_connect(move |_, extensions| {
            extensions.insert(connection());
        })
        .disable_signals()
        .listen(listening.listener)?
        .run();
    Ok(server)
}
