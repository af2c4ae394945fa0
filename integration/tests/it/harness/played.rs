//! Nodes that this process plays: they join an orchestrator as real ones do, and do with calls what a test wants.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{json, Value};

use super::raw::read_body;
use super::wait::pause;

/// Small: there may be thousands of these threads.
const STACK: usize = 128 * 1024;

/// What a node does with the `n`th call that it gets; `None` is to hang up.
pub(crate) type Answer = fn(u64) -> Option<Value>;

/// A node. It dies when dropped.
#[derive(Debug)]
pub(crate) struct PlayedNode {
    pub(crate) url: String,
    instance: String,
    orchestrator: String,
    life: Arc<Life>,
}

/// What the threads of a node share.
#[derive(Debug, Default)]
struct Life {
    over: AtomicBool,
    calls: AtomicU64,
    heartbeats: AtomicU64,
    connections: Mutex<Vec<TcpStream>>,
}

impl PlayedNode {
    /// Listens at a free port of `ip`, registers with the method `m`, and sends heartbeats.
    pub(crate) fn join(orchestrator: &str, ip: &str, answer: Answer) -> PlayedNode {
        // Each takes a handful of descriptors.
        let _ = rlimit::increase_nofile_limit(u64::MAX);
        let listener = TcpListener::bind((ip, 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let life = Arc::<Life>::default();
        let orchestrator = orchestrator.trim_start_matches("http://").to_owned();
        let node = PlayedNode { instance: url.clone(), url, orchestrator, life };
        let (life, instance) = (node.life.clone(), node.instance.clone());
        start(move || life.listen(&listener, &instance, answer));
        let (life, instance, orchestrator) = (node.life.clone(), node.instance.clone(), node.orchestrator.clone());
        start(move || life.be_a_member(&orchestrator, &instance));
        node
    }

    /// Calls that it got.
    pub(crate) fn calls(&self) -> u64 {
        self.life.calls.load(Ordering::Relaxed)
    }

    /// Heartbeats that were answered.
    pub(crate) fn heartbeats(&self) -> u64 {
        self.life.heartbeats.load(Ordering::Relaxed)
    }

    /// Takes its leave.
    pub(crate) fn leave(self) {
        let left = TcpStream::connect(&self.orchestrator).and_then(|stream| {
            request(&mut BufReader::new(stream), "_deregister", &json!({"instance": self.instance}))
        });
        assert_eq!(left.ok(), Some(json!(true)), "{} left", self.url);
    }
}

impl Drop for PlayedNode {
    fn drop(&mut self) {
        self.life.over.store(true, Ordering::Relaxed);
        let connections = self.life.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in connections.iter() {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // Wakes the thread that listens, which then closes the port.
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
    }
}

fn start(run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(run).expect("another thread");
}

impl Life {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn listen(self: Arc<Self>, listener: &TcpListener, instance: &str, answer: Answer) {
        for stream in listener.incoming().flatten() {
            if self.is_over() {
                return;
            }
            let kept = stream.try_clone().expect("a descriptor");
            self.connections.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
            let (life, instance) = (self.clone(), instance.to_owned());
            start(move || drop(life.serve(&stream, &instance, answer)));
        }
    }

    fn serve(&self, stream: &TcpStream, instance: &str, answer: Answer) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let (Some(body), false) = (read_body(&mut reader)?, self.is_over()) {
            let call: Value = serde_json::from_slice(&body)?;
            let info = json!({"server_type": "node", "instance": instance, "methods": ["m"], "weight": 1});
            let result = match call["method"].as_str() {
                Some("_info") => Some(info),
                _ => answer(self.calls.fetch_add(1, Ordering::Relaxed)),
            };
            let Some(result) = result else {
                return stream.shutdown(Shutdown::Both);
            };
            let reply = json!({"jsonrpc": "2.0", "id": call["id"], "result": result}).to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
            reader.get_mut().write_all(format!("{head}: {}\r\n\r\n{reply}", reply.len()).as_bytes())?;
        }
        Ok(())
    }

    /// Registers, and again whenever it is not known, and says about three times a lease that it is there.
    fn be_a_member(&self, orchestrator: &str, instance: &str) {
        let register = json!({"node_url": instance, "methods": ["m"], "instance": instance, "weight": 1});
        let beat = json!({"instance": instance, "inflight": 0, "queue": 0, "cpu": 0.0});
        while !self.is_over() {
            let _ = TcpStream::connect(orchestrator).and_then(|stream| -> io::Result<()> {
                let mut orchestrator = BufReader::new(stream);
                let mut reply = request(&mut orchestrator, "_register", &register)?;
                while !self.is_over() && reply["known"] != false {
                    let lease = reply["lease_ms"].as_u64().ok_or(io::ErrorKind::InvalidData)?;
                    pause(Duration::from_millis(lease / 3).mul_f64(0.7 + 0.6 * fastrand::f64()));
                    if self.is_over() {
                        break;
                    }
                    reply = request(&mut orchestrator, "_heartbeat", &beat)?;
                    self.heartbeats.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
            pause(Duration::from_millis(200));
        }
    }
}

/// One call over a connection that stays open, and its result.
fn request(server: &mut BufReader<TcpStream>, method: &str, params: &Value) -> io::Result<Value> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let head = "POST / HTTP/1.1\r\nhost: orchestrator\r\ncontent-type: application/json\r\ncontent-length";
    server.get_mut().write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    let answer = read_body(server)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut reply: Value = serde_json::from_slice(&answer)?;
    Ok(reply["result"].take())
}
