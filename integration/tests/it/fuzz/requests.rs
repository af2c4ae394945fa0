//! Requests to a node and an orchestrator, over sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;

use super::parsers::is_json;
use super::{corpus, fuzz};
use crate::harness::{node, orchestrator, program, Client, Process, SOON};

/// What is not answered within this time waits for more.
const QUIET: Duration = Duration::from_millis(2);

/// All that a server writes to `bytes`, until it closes; the error is that it does not.
pub(super) fn answers(server: &Process, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut stream = TcpStream::connect(server.address()).map_err(|error| error.to_string())?;
    // A server that has seen enough may have closed.
    let _closed = stream.write_all(bytes);
    let mut answers = Vec::new();
    for patience in [QUIET, SOON] {
        stream.set_read_timeout(Some(patience)).map_err(|error| error.to_string())?;
        match stream.read_to_end(&mut answers) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let _closed = stream.shutdown(Shutdown::Write);
            }
            // A reset is an end, too.
            _ => return Ok(answers),
        }
    }
    Err("the connection of a client that has closed its side stays open".into())
}

/// Whether a server writes what HTTP may say to a request, and has not panicked.
fn check(server: &Process, bytes: &[u8]) -> Result<(), String> {
    let answers = answers(server, bytes)?;
    if server.log().contains("panicked") {
        return Err(server.log());
    }
    if !answers.is_empty() && !answers.starts_with(b"HTTP/1.") {
        return Err(format!("the answer is no HTTP: {}", answers.escape_ascii()));
    }
    let text = String::from_utf8_lossy(&answers);
    for line in text.lines().filter(|line| line.starts_with("HTTP/1.")) {
        let status = line.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with(['1', '2', '3', '4']) && status != "503" {
            return Err(format!("answered {line}"));
        }
    }
    Ok(())
}

fn serves(server: &Process) {
    assert_eq!(Client::new(&server.url).get("/health").status, 200);
    assert_eq!(Client::new(&server.url).pending(), 0);
}

#[test]
fn requests_get_an_answer_or_an_end() {
    let node = node(program("cluster.js"), &["--call-timeout", "200ms", "--no-supervise"]);
    fuzz("requests", &corpus::requests(), |bytes| check(&node, bytes));
    assert_eq!(Client::new(&node.url).call("square", json!({"n": 3})), Ok(json!(9)));
    serves(&node);
}

/// Addresses that lead out of this machine are not tried.
fn stays_here(text: &str) -> bool {
    text.split("//").skip(1).all(|rest| {
        rest.strip_prefix("127.0.0.1:1").is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    })
}

#[test]
fn registrations_are_taken_or_refused() {
    let orchestrator = orchestrator(&["--call-timeout", "200ms"]);
    let corpus: Vec<_> = corpus::MEMBERSHIP.iter().map(|body| body.as_bytes().to_vec()).collect();
    fuzz("registrations", &corpus, |body| {
        if !stays_here(&String::from_utf8_lossy(body)) {
            return Ok(());
        }
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        let request = [head.as_bytes(), body].concat();
        check(&orchestrator, &request)?;
        let answer = String::from_utf8_lossy(&answers(&orchestrator, &request)?).into_owned();
        let reply = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if reply.is_empty() {
            return Ok(());
        }
        // An id comes back as it was written, be it a number that no double can hold: only the reply's form is read.
        match !is_json(reply.as_bytes()) || reply.contains("\"code\":-32603") {
            true => Err(reply.to_owned()),
            false => Ok(()),
        }
    });
    serves(&orchestrator);
    assert_eq!(Client::new(&orchestrator.url).info()["enabled_nodes"], 0);
}
