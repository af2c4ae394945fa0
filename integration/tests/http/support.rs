//! A real server before a test service, raw HTTP, and waiting for conditions.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_rt::net::TcpStream;
use actix_web::dev::ServerHandle;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, LocalBoxStream, StreamExt};
use madrpc_actor::http::{self, documents, CallRecorder, Caller, Flows, HttpConfig, Service};
use madrpc_actors::policy::admission::{Admission, Permit};
use madrpc_actors::protocol::{Call, CallError, CallResult, Code, JsonText, MethodInfo, ScriptError, Secret};
use madrpc_actors::traces::{Tracer, Traces};
use serde_json::{json, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Longest that any condition is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the service has seen.
pub(crate) struct Seen {
    pub(crate) admission: Admission,
    /// `hang` calls that wait, and those that were dropped while they did.
    pub(crate) hanging: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
    pub(crate) workers: AtomicUsize,
    pub(crate) connections: AtomicUsize,
    pub(crate) calls: Mutex<Vec<Call>>,
    pub(crate) recorded: Mutex<Vec<(Option<String>, bool)>>,
    pub(crate) tracer: Tracer,
}

impl CallRecorder for Seen {
    fn record(&self, method: Option<&str>, error: Option<Code>, _: Duration) {
        self.recorded.lock().expect("not poisoned").push((method.map(str::to_owned), error.is_none()));
    }
}

#[derive(Clone)]
pub(crate) struct TestService(pub(crate) Arc<Seen>);

struct Hanging(Arc<Seen>);

impl Hanging {
    fn new(seen: Arc<Seen>) -> Self {
        seen.hanging.fetch_add(1, Ordering::SeqCst);
        Hanging(seen)
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.hanging.fetch_sub(1, Ordering::SeqCst);
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Service for TestService {
    fn call(&self, call: Call, permit: Permit) -> LocalBoxFuture<'static, CallResult> {
        let seen = self.0.clone();
        seen.calls.lock().expect("not poisoned").push(call.clone());
        Box::pin(async move {
            let _permit = permit;
            run(seen, call).await
        })
    }

    fn batch(&self, calls: Vec<Call>, permit: Permit) -> LocalBoxStream<'static, (usize, CallResult)> {
        self.0.calls.lock().expect("not poisoned").extend(calls.iter().cloned());
        let permit = Arc::new(permit);
        let running: FuturesUnordered<_> = calls
            .into_iter()
            .enumerate()
            .map(|(index, call)| {
                let (seen, permit) = (self.0.clone(), permit.clone());
                async move {
                    let _permit = permit;
                    (index, run(seen, call).await)
                }
            })
            .collect();
        running.boxed_local()
    }

    fn builtin(
        &self,
        method: &str,
        params: Option<JsonText>,
        caller: &Caller,
    ) -> Option<LocalBoxFuture<'static, CallResult>> {
        let result = match method {
            "_health" => documents::health("test", 0, self.0.admission.inflight()),
            "_metrics" | "_info" => JsonText::of(&json!({"document": method})),
            "_caller" => {
                JsonText::of(&json!({"ip": caller.ip, "token": caller.cluster_token.as_ref().map(Secret::expose)}))
            }
            "_echo" => Ok(params.unwrap_or(JsonText::NULL)),
            "_unauthorized" => Err(CallError::Unauthorized),
            "rpc.discover" => documents::discover("test", &[MethodInfo::named("echo")]),
            _ => return None,
        };
        Some(Box::pin(async move { result }))
    }

    fn admission(&self) -> &Admission {
        &self.0.admission
    }

    fn recorder(&self) -> &dyn CallRecorder {
        &*self.0
    }

    fn tracer(&self) -> &Tracer {
        &self.0.tracer
    }

    fn method_timeout(&self, _name: &str) -> Option<Duration> {
        None
    }

    fn knows_method(&self, name: &str) -> bool {
        name != "foobar"
    }

    fn flows(&self, _name: &str) -> Flows {
        Flows::default()
    }

    fn unready(&self) -> Option<&'static str> {
        (self.0.admission.inflight() > 0).then_some("busy")
    }

    fn exposition(&self) -> LocalBoxFuture<'static, String> {
        Box::pin(async { "# TYPE test gauge\ntest 1\n".to_owned() })
    }

    fn server_type(&self) -> &'static str {
        "test"
    }
}

async fn run(seen: Arc<Seen>, call: Call) -> CallResult {
    let params = call.params.clone().unwrap_or(JsonText::NULL);
    // serde_json's own values end before our depth limit does.
    let value: Value = serde_json::from_str(params.as_str()).unwrap_or_default();
    let numbers = || value.as_array().map(|numbers| numbers.iter().filter_map(Value::as_i64).collect::<Vec<_>>());
    match call.method.as_str() {
        "echo" | "update" | "notify_hello" | "notify_sum" => Ok(params),
        "subtract" => match numbers() {
            Some(numbers) => JsonText::of(&(numbers[0] - numbers[1])),
            None => JsonText::of(&(value["minuend"].as_i64().unwrap_or(0) - value["subtrahend"].as_i64().unwrap_or(0))),
        },
        "sum" => JsonText::of(&numbers().unwrap_or_default().iter().sum::<i64>()),
        "get_data" => JsonText::of(&json!(["hello", 5])),
        "big" => JsonText::of(&"x".repeat(usize::try_from(value[0].as_u64().unwrap_or(0)).expect("small"))),
        "lines" => Ok(JsonText::from_trusted("[\n  1.0\r\n]")),
        "fail" => Err(CallError::Script(Box::new(ScriptError {
            code: Code::SCRIPT,
            message: "thrown".into(),
            data: JsonText::parse(r#"{"name":"Error"}"#).ok(),
        }))),
        "hang" => {
            let _hanging = Hanging::new(seen);
            std::future::pending().await
        }
        _ => Err(CallError::MethodNotFound),
    }
}

/// A server on a free port. Ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    pub(crate) handle: ServerHandle,
}

pub(crate) fn config() -> HttpConfig {
    HttpConfig { workers: 1, ..HttpConfig::new(SocketAddr::from(([127, 0, 0, 1], 0))) }
}

impl Server {
    pub(crate) fn start() -> Self {
        Server::with(config(), 1000)
    }

    pub(crate) fn with(config: HttpConfig, max_inflight: usize) -> Self {
        Server::on(http::bind(config.bind).expect("a free port"), config, max_inflight)
    }

    pub(crate) fn on(listening: http::Listening, config: HttpConfig, max_inflight: usize) -> Self {
        let seen = Arc::new(Seen {
            admission: Admission::new(max_inflight),
            hanging: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            workers: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            calls: Mutex::default(),
            recorded: Mutex::default(),
            tracer: Traces::of_orchestrator().tracer(),
        });
        let addr = listening.addr;
        let (for_workers, for_connections) = (seen.clone(), seen.clone());
        let make_service = move || {
            for_workers.workers.fetch_add(1, Ordering::SeqCst);
            TestService(for_workers.clone())
        };
        struct Open(Arc<Seen>);
        impl Drop for Open {
            fn drop(&mut self) {
                self.0.connections.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let connection = move || {
            for_connections.connections.fetch_add(1, Ordering::SeqCst);
            Open(for_connections.clone())
        };
        let server = http::serve(listening, config, make_service, connection).expect("serves");
        let handle = server.handle();
        actix_rt::spawn(server);
        Server { addr, seen, handle }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection(TcpStream::connect(self.addr).await.expect("listening"), Vec::new())
    }

    /// One request on a connection of its own.
    pub(crate) async fn request(&self, verb: &str, path: &str, headers: &str, body: &str) -> Response {
        let mut connection = self.connect().await;
        connection.send(&request(verb, path, headers, body)).await;
        connection.response().await
    }

    pub(crate) async fn post(&self, body: &str) -> Response {
        self.request("POST", "/", "Content-Type: application/json\r\n", body).await
    }

    /// The body that answers `body`, as JSON.
    pub(crate) async fn rpc(&self, body: &str) -> Value {
        let response = self.post(body).await;
        assert_eq!((response.status, response.header("content-type")), (200, "application/json"), "{body}");
        response.json()
    }
}

pub(crate) fn request(verb: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{verb} {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

pub(crate) struct Connection(pub(crate) TcpStream, Vec<u8>);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Connection {
    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("the server reads");
    }

    /// Reads up to and with `end`, which must come.
    async fn until(&mut self, end: &[u8]) -> String {
        let found = |bytes: &[u8]| bytes.windows(end.len()).position(|window| window == end);
        let at = loop {
            if let Some(at) = found(&self.1) {
                break at + end.len();
            }
            assert!(self.more().await, "closed after {:?}", String::from_utf8_lossy(&self.1));
        };
        String::from_utf8(self.1.drain(..at).collect()).expect("UTF-8")
    }

    async fn more(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.0.read_buf(&mut self.1)).await.expect("an answer in time");
        read.is_ok_and(|len| len > 0)
    }

    async fn exactly(&mut self, len: usize) -> String {
        while self.1.len() < len {
            assert!(self.more().await, "closed in the body");
        }
        String::from_utf8(self.1.drain(..len).collect()).expect("UTF-8")
    }

    /// The next response, whose body is of known length or chunked.
    pub(crate) async fn response(&mut self) -> Response {
        let head = self.until(b"\r\n\r\n").await;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers: HashMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let body = if headers.contains_key("transfer-encoding") {
            let mut body = String::new();
            while let Some(chunk) = self.chunk().await {
                body += &chunk;
            }
            body
        } else {
            let length = headers.get("content-length").map_or(0, |length| length.parse().expect("a number"));
            self.exactly(length).await
        };
        Response { status, headers, body }
    }

    /// The next chunk of a chunked body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let size = self.until(b"\r\n").await;
        let size = usize::from_str_radix(size.trim(), 16).expect("a size");
        let chunk = self.exactly(size).await;
        self.exactly(2).await;
        (size > 0).then_some(chunk)
    }

    /// Waits for the server to close.
    pub(crate) async fn closed(&mut self) {
        while self.more().await {}
    }
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
