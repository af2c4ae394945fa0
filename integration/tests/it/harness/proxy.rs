//! A TCP proxy whose connections can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Passes bytes on, for as long as the test process lives.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    target: Arc<Mutex<String>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// Leads nowhere until told where to.
    pub(crate) fn start() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (target, open) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let (leads_to, list) = (target.clone(), open.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let to = leads_to.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let Ok(server) = TcpStream::connect(to) else { continue };
                let both = [&client, &server].map(|stream| stream.try_clone().expect("a socket"));
                list.lock().unwrap_or_else(PoisonError::into_inner).extend(both);
                pass_on(client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
                pass_on(server, client);
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
        for stream in &open {
            let _ended_already = stream.shutdown(Shutdown::Both);
        }
        open.len() / 2
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ended_already = to.shutdown(Shutdown::Both);
    });
}
