//! An open port on a bad day: whatever strangers send, others are served meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::harness::{
    exchange, node, orchestrator, program, resident, wait_until, Authority, Client, Cluster, ForeignServer, Process,
    SOON,
};

/// The bounds that are promised, and time for a busy machine.
const HEAD: Duration = Duration::from_secs(10);
const BUSY: Duration = Duration::from_secs(30);

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"square","params":{"n":3}}"#;

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(HEAD + BUSY)).expect("a socket");
    stream
}

/// A connection that has sent this and says no more.
fn half_open(address: &str, text: &str) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(text.as_bytes()).expect("the server reads");
    stream
}

/// Others are served: a call on a new connection.
fn serves(server: &Process) {
    assert_eq!(Client::new(&server.url).call("square", json!({"n": 3})), Ok(json!(9)));
}

/// Waits until the server has closed the connection; says what it wrote.
fn closed(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    // A reset is an end, too.
    if let Err(error) = stream.read_to_end(&mut rest) {
        assert!(!matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "not closed");
    }
    String::from_utf8_lossy(&rest).into_owned()
}

/// Every phase in which a client may stop is waited for at once, since each takes its ten seconds.
#[test]
fn two_thousand_half_open_connections_stop_nobody_and_are_closed_in_time() {
    drop(rlimit::increase_nofile_limit(u64::MAX));
    let authority = Authority::new("one");
    let certified = authority.certify(&["127.0.0.1"]);
    let cluster = Cluster::start(program("cluster.js"), 1);
    let tls = node(program("cluster.js"), &certified.served());
    let begun = Instant::now();
    let mut slow = Vec::new();
    for (server, count) in [(&cluster.orchestrator, 2000), (&cluster.nodes[0], 500)] {
        for number in 0..count {
            slow.push(half_open(
                server.address(),
                ["", "POST / HT", "POST / HTTP/1.1\r\nHost: a\r\nX-Slow: "][number % 3],
            ));
        }
        serves(server);
    }
    let handshakes: Vec<_> = ["", "\u{16}\u{3}\u{1}"].iter().map(|text| half_open(tls.address(), text)).collect();
    // The second request of a connection has no more time than the first.
    let later = || {
        let mut stream = half_open(cluster.nodes[0].address(), "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut some = [0; 1024];
        assert!(stream.read(&mut some).expect("an answer") > 0);
        stream.write_all(b"GET /health HTTP/1.1\r\n").expect("the server reads");
        stream
    };
    let later: Vec<_> = (0..10).map(|_| later()).collect();
    for _ in 0..50 {
        serves(&cluster.orchestrator);
        serves(&cluster.nodes[0]);
    }
    for stream in slow.into_iter().chain(later).chain(handshakes) {
        closed(stream);
    }
    let took = begun.elapsed();
    assert!(took < HEAD + BUSY, "{took:?}");
    let connections = |server: &Process| Client::new(&server.url).metrics()["active_connections"].as_u64();
    for server in [&cluster.orchestrator, &cluster.nodes[0]] {
        wait_until("their connections are gone", SOON, || connections(server).is_some_and(|open| open < 100));
    }
}

/// In one piece its sender names the length; in many, nobody knows it before the end.
#[test]
fn a_body_of_600_megabytes_takes_no_memory() {
    const LENGTH: usize = 600 * 1024 * 1024;
    let piece = vec![b'x'; 1 << 20];
    for server in [orchestrator(&[]), node(program("cluster.js"), &[])] {
        let pid = server.engine_pid();
        for declared in [true, false] {
            let head = match declared {
                true => format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n"),
                false => "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            };
            let mut stream = half_open(server.address(), &head);
            let mut answer = stream.try_clone().expect("a socket");
            let reading = std::thread::spawn(move || {
                let mut text = Vec::new();
                let _reset_after_the_answer = answer.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            });
            let mut sent = 0;
            let mut largest = 0;
            while sent < LENGTH {
                let frame = if declared { String::new() } else { format!("{:x}\r\n", piece.len()) };
                let end: &[u8] = if declared { b"" } else { b"\r\n" };
                let written = [frame.as_bytes(), &piece, end].iter().try_for_each(|part| stream.write_all(part));
                if written.is_err() {
                    break;
                }
                sent += piece.len();
                largest = largest.max(resident(pid));
            }
            let answer = reading.join().expect("no panic");
            assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("-32006"), "{declared}: {answer}");
            assert!(largest < 200 << 20, "{declared}: {largest} bytes");
            assert_eq!(Client::new(&server.url).get("/health").status, 200);
        }
    }
}

#[test]
fn a_batch_has_at_most_ten_thousand_elements() {
    let cluster = Cluster::start(program("cluster.js"), 1);
    let batch = |count: usize| format!("[{}]", vec![CALL; count].join(","));
    for server in [&cluster.orchestrator, &cluster.nodes[0]] {
        let client = Client::new(&server.url);
        let answers = client.post(&batch(10_000)).json();
        let answers = answers.as_array().expect("a batch");
        assert!(answers.len() == 10_000 && answers.iter().all(|answer| answer["result"] == 9));
        let refused = client.post(&batch(10_001)).json();
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&Value::Null, &json!(-32006)));
        assert_eq!(refused["error"]["data"]["limit"], 10_000);
        serves(server);
    }
}

#[test]
fn floods_of_headers_are_refused() {
    let server = node(program("cluster.js"), &[]);
    let other = half_open(server.address(), "");
    let many: String = (0..10_000).map(|number| format!("x-{number}: a\r\n")).collect();
    let long = "a".repeat(4 << 20);
    for (request, statuses) in [
        (format!("GET /health HTTP/1.1\r\nHost: a\r\n{many}\r\n"), &["400", "431"][..]),
        (format!("GET /health HTTP/1.1\r\nHost: a\r\nx-long: {long}\r\n\r\n"), &["431"]),
        (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), &["431", "414"]),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(100_000)), &["404", "400", "414"]),
        (long.clone(), &["400", "431"]),
    ] {
        let answer = raw(&server, request.as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        // The server may have closed with some of it unread, which can cost its answer.
        assert!(answer.is_empty() || statuses.contains(&status), "{} bytes got {answer:?}", request.len());
        serves(&server);
    }
    assert!(resident(server.engine_pid()) < 300 << 20);
    drop(other);
}

/// Sends as much as the server takes, and reads what it answers.
fn raw(server: &Process, bytes: &[u8]) -> String {
    let mut stream = connect(server.address());
    let _closed_early = stream.write_all(bytes);
    closed(stream)
}

#[test]
fn a_client_that_takes_no_answer_holds_up_nobody() {
    let server = node(program("cluster.js"), &[]);
    let batch = format!("[{}]", vec![CALL; 10_000].join(","));
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", batch.len());
    let greedy: Vec<_> = (0..5).map(|_| connect(server.address())).collect();
    for mut stream in &greedy {
        stream.set_nonblocking(true).expect("a socket");
        // Until neither the server nor the system takes any more.
        while stream.write(format!("{head}{batch}").as_bytes()).is_ok() {}
    }
    for _ in 0..20 {
        serves(&server);
    }
    drop(greedy);
}

#[test]
fn what_is_no_node_is_not_registered() {
    let orchestrator = orchestrator(&[]);
    let client = Client::new(&orchestrator.url);
    let foreign = ForeignServer::start();
    for url in [foreign.url.as_str(), "http://169.254.169.254", "http://203.0.113.1:80", "http://0.0.0.0:1"] {
        let failure = client.call("_register", json!([url])).expect_err(url);
        assert_eq!(failure.code, -32007, "{url}: {failure:?}");
    }
    assert_eq!(client.info()["total_nodes"], 0);
}

#[test]
fn nonsense_gets_an_answer_or_an_end() {
    let server = node(program("cluster.js"), &[]);
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
        b"\r\n\r\n\r\n\r\n",
    ] {
        let answer = raw(&server, bytes);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{:?}: {answer}",
            bytes.escape_ascii().to_string()
        );
        serves(&server);
    }
    let refused = exchange(server.address(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 4"), "{refused}");
}
