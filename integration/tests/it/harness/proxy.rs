//! A TCP proxy whose connections can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Passes bytes on, for as long as the test process lives.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    target: Arc<Mutex<String>>,
    open: Arc<Mutex<Vec<Connection>>>,
}

#[derive(Debug)]
struct Connection {
    ends: [TcpStream; 2],
    /// It has become a WebSocket.
    upgraded: Arc<AtomicBool>,
}

impl Connection {
    fn cut(&self) {
        for end in &self.ends {
            let _ended_already = end.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// Leads nowhere until told where to.
    pub(crate) fn start() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (target, open) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<Connection>>>::default());
        let (leads_to, list) = (target.clone(), open.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let to = leads_to.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let Ok(server) = TcpStream::connect(to) else { continue };
                let ends = [&client, &server].map(|stream| stream.try_clone().expect("a socket"));
                let upgraded = Arc::<AtomicBool>::default();
                let connection = Connection { ends, upgraded: upgraded.clone() };
                list.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                let (from_client, to_server) = (client.try_clone(), server.try_clone());
                pass_on(from_client.expect("a socket"), to_server.expect("a socket"), |_| {});
                pass_on(server, client, move |answered| {
                    if answered.starts_with(b"HTTP/1.1 101 ") {
                        upgraded.store(true, Ordering::Relaxed);
                    }
                });
            }
        });
        Proxy { url, target, open }
    }

    /// Where connections lead from now on, `host:port`.
    pub(crate) fn lead_to(&self, address: &str) {
        address.clone_into(&mut self.target.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Cuts all connections; says how many there were.
    pub(crate) fn cut(&self) -> usize {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        open.iter().for_each(Connection::cut);
        open.len()
    }

    /// From now on nothing gets through but the frames of the WebSockets that are open.
    pub(crate) fn leave_websockets(&self) {
        // Nothing listens there.
        self.lead_to("127.0.0.1:1");
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| {
            let stays = connection.upgraded.load(Ordering::Relaxed);
            if !stays {
                connection.cut();
            }
            stays
        });
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&[u8]) + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            look(&buffer[..read]);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ended_already = to.shutdown(Shutdown::Both);
    });
}
