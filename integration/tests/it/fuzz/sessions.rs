//! Frames of WebSockets, and the messages in them.

use serde_json::json;

use super::parsers::is_json;
use super::requests::answers;
use super::{corpus, fuzz};
use crate::harness::{node, program, Client, Process};

const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Whether a session says what a server may say, and ends with its client.
fn check(server: &Process, frames: &[u8]) -> Result<(), String> {
    let answers = answers(server, &[HANDSHAKE, frames].concat())?;
    if server.log().contains("panicked") {
        return Err(server.log());
    }
    let head = answers.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no head")?;
    if !answers.starts_with(b"HTTP/1.1 101 ") {
        return Err(format!("not opened: {}", answers.escape_ascii()));
    }
    let mut left = &answers[head + 4..];
    while let [first, second, rest @ ..] = left {
        let (length, rest) = match (*second, rest) {
            (length @ 0..=125, rest) => (usize::from(length), rest),
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            // Cut off, or longer than anything that is asked for here; or masked, which a server's frames are not.
            (126 | 127, _) => return Ok(()),
            _ => return Err("a masked frame".into()),
        };
        let Some((payload, rest)) = rest.split_at_checked(length) else { return Ok(()) };
        match first & 0x8f {
            // An id comes back as it was written, be it a number that no double can hold.
            0x81 if !is_json(payload) => return Err(format!("no JSON: {}", payload.escape_ascii())),
            0x81 => {}
            0x88..=0x8a => {}
            other => return Err(format!("a frame that begins with {other:#x}")),
        }
        left = rest;
    }
    Ok(())
}

#[test]
fn sessions_answer_or_end() {
    let node = node(program("cluster.js"), &["--call-timeout", "200ms", "--max-body", "64KiB", "--no-supervise"]);
    fuzz("frames", &corpus::frames(), |frames| check(&node, frames));
    let client = Client::new(&node.url);
    assert_eq!(client.call("square", json!({"n": 3})), Ok(json!(9)));
    crate::harness::wait_until("all sessions have ended", crate::harness::SOON, || {
        client.get_json("/health")["websocket_clients"] == 0 && client.pending() == 0
    });
}
