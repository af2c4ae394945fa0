//! The listening socket and the worker threads behind it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_rt::net::TcpStream;
use actix_service::{fn_service, map_config, IntoServiceFactory, ServiceFactoryExt};
use actix_web::dev::{AppConfig, Server};
use actix_web::App;
use socket2::{Domain, Socket, Type};

use super::accept::accept;
use super::endpoint::Endpoint;
use super::gate::Gate;
use super::routes;
use super::service::{HttpConfig, Service};
use super::session;
use super::stream::Stream;
use super::watch::{Allowed, Connections};

/// Connections that the system holds until a worker takes them.
const BACKLOG: u32 = 4096;

/// Connections of a worker beyond its bound that are taken from the backlog, to take the places of others: at most this
/// many, and at most a quarter of the bound.
const ARRIVING: usize = 64;

/// How long a connection may stay idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What actix-http does not see as idle, because part of a request came along with the one before it, ends a little later.
const IDLE: Duration = Duration::from_secs(80);

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
    let allowed = Allowed {
        head: config.head_timeout,
        idle: IDLE,
        write: config.write_timeout,
        connections: config.max_connections.div_ceil(workers),
    };
    let gate = Arc::new(Gate::new(&config));
    let connection = Arc::new(connection);
    let builder = Server::build();
    let ending = builder.graceful_shutdown_signal();
    let worker = move || {
        let connections = Connections::new(allowed, config.answering.clone());
        let tls = config.tls.clone();
        let endpoint = Rc::new(Endpoint::new(make_service(), config.clone(), gate.clone()));
        endpoint.service.answer_peers_by(Rc::new(session::Reception::of(&endpoint)));
        let sessions = endpoint.clone();
        let app = App::new().default_service(fn_service(move |request| routes::respond(endpoint.clone(), request)));
        let (connection, ending) = (connection.clone(), ending.clone());
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(allowed.head)
            .client_disconnect_timeout(LINGER)
            // Otherwise what is no HTTP behind a call that runs would end it. `Stream` sees to clients that go away.
            .h1_allow_half_closed(true)
            .graceful_shutdown_signal(move || {
                let ending = ending.clone();
                async move { ending.notified().await }
            })
            .on_connect_ext(move |stream: &Stream, extensions| {
                extensions.insert(connection());
                extensions.insert(stream.watch());
            })
            .upgrade(fn_service(move |(request, framed)| session::upgraded(sessions.clone(), request, framed)))
            .finish(map_config(app.into_factory().map_err(|error| error.error_response()), |()| AppConfig::default()));
        fn_service(move |tcp: TcpStream| {
            let (tls, connections) = (tls.clone(), connections.clone());
            async move {
                let stream = accept(tcp, tls.as_ref(), &connections).await?;
                let peer = stream.tcp().peer_addr().ok();
                Ok::<_, DispatchError>((stream, Protocol::Http1, peer))
            }
        })
        .and_then(http)
    };
    let server = builder
        .workers(workers)
        .max_concurrent_connections(allowed.connections + ARRIVING.min(allowed.connections / 4 + 1))
        .disable_signals()
        .listen("http", listening.listener, worker)?
        .run();
    Ok(server)
}
