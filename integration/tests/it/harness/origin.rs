//! An HTTP server that does what a test says, byte by byte: what scripts fetch from.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{json, Value};

/// What the server got, its header names in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// As the scripts of the tests see it.
    pub(crate) fn json(&self) -> Value {
        let headers: serde_json::Map<_, _> =
            self.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({"method": self.method, "target": self.target, "headers": headers, "body": String::from_utf8_lossy(&self.body)})
    }
}

/// What to write back.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// These bytes; the connection stays open.
    Raw(Vec<u8>),
    /// These bytes, and then the end of the connection.
    RawThenClose(Vec<u8>),
    /// Nothing, until the client closes.
    Never,
}

impl Answer {
    /// A whole answer.
    pub(crate) fn of(status: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        Answer::raw(&format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
    }

    pub(crate) fn json(value: &Value) -> Answer {
        Answer::of("200 OK", &[("content-type", "application/json")], &value.to_string())
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Answer {
        Answer::of(&format!("{status} Elsewhere"), &[("location", location)], "")
    }

    pub(crate) fn raw(text: &str) -> Answer {
        Answer::Raw(text.as_bytes().to_vec())
    }
}

/// A server on a free port of this machine, for as long as the test process lives.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) port: u16,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
}

impl Origin {
    /// Answers each request as `answer` says.
    pub(crate) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let seen = Arc::<Seen>::default();
        let (for_threads, answer) = (seen.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (for_threads.clone(), answer.clone());
                std::thread::spawn(move || drop(serve(&stream, &seen, &*answer)));
            }
        });
        Origin { port, seen }
    }

    /// As `--allow-net` lists it.
    pub(crate) fn entry(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.entry())
    }

    /// What it got so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections whose request is not answered, and that the client has not closed.
    pub(crate) fn waiting(&self) -> usize {
        self.seen.waiting.load(Ordering::SeqCst)
    }

    /// The most there ever were.
    pub(crate) fn most_waiting(&self) -> usize {
        self.seen.most_waiting.load(Ordering::SeqCst)
    }
}

fn serve(stream: &TcpStream, seen: &Seen, answer: &dyn Fn(&Request) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = read(&mut reader)? {
        seen.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        match answer(&request) {
            Answer::Raw(bytes) => writer.write_all(&bytes)?,
            Answer::RawThenClose(bytes) => return writer.write_all(&bytes),
            Answer::Never => {
                let now = seen.waiting.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most_waiting.fetch_max(now, Ordering::SeqCst);
                // Ends when the client does.
                let _ = reader.read(&mut [0]);
                seen.waiting.fetch_sub(1, Ordering::SeqCst);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}
