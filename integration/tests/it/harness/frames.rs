//! WebSockets by hand, at either end: frames that no library would send, and the code with which the other side closes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use tungstenite::handshake::derive_accept_key;

use super::process::Process;
use super::wait::SOON;

/// An open WebSocket of which the frames are the test's own.
#[derive(Debug)]
pub(crate) struct RawSocket {
    pub(crate) stream: BufReader<TcpStream>,
}

/// The bytes of a frame: its first byte, and its payload, with a mask that changes nothing where a client sends it.
pub(crate) fn raw_frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = raw_head(first, masked, payload.len() as u64);
    frame.extend_from_slice(payload);
    frame
}

/// As `raw_frame`, but for the payload.
pub(crate) fn raw_head(first: u8, masked: bool, len: u64) -> Vec<u8> {
    let bit = if masked { 0x80 } else { 0 };
    let mut head = match len {
        0..126 => vec![first, bit | u8::try_from(len).expect("short")],
        126..65_536 => [&[first, bit | 126][..], &len.to_be_bytes()[6..]].concat(),
        _ => [&[first, bit | 127][..], &len.to_be_bytes()].concat(),
    };
    if masked {
        head.extend_from_slice(&[0; 4]);
    }
    head
}

impl RawSocket {
    /// Opens one at a server, with these headers.
    pub(crate) fn open(server: &Process, headers: &[(&str, &str)]) -> RawSocket {
        let stream = TcpStream::connect(server.address()).expect("the server listens");
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        let mut socket = RawSocket::over(stream);
        socket.send(request.as_bytes());
        let head = socket.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        socket
    }

    /// Waits for somebody who opens one. Calls by HTTP get a result meanwhile.
    pub(crate) fn accept(listener: &TcpListener) -> RawSocket {
        loop {
            let (stream, _) = listener.accept().expect("somebody connects");
            let mut socket = RawSocket::over(stream);
            let head = socket.head();
            let header = |name: &str| {
                let mut lines = head.lines().filter_map(|line| line.split_once(':'));
                lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned()))
            };
            let Some(key) = header("sec-websocket-key") else {
                let len = header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
                let _taken = socket.stream.read_exact(&mut vec![0; len]);
                let reply = r#"{"jsonrpc":"2.0","id":1,"result":0}"#;
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length";
                let _gone = write!(socket.stream.get_mut(), "{head}: {}\r\n\r\n{reply}", reply.len());
                continue;
            };
            let accept = derive_accept_key(key.as_bytes());
            socket.send(
                format!("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n")
                    .as_bytes(),
            );
            return socket;
        }
    }

    fn over(stream: TcpStream) -> RawSocket {
        stream.set_read_timeout(Some(SOON)).expect("a socket");
        stream.set_write_timeout(Some(SOON)).expect("a socket");
        RawSocket { stream: BufReader::new(stream) }
    }

    fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).expect("a head") == 0 {
                break;
            }
        }
        head
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("the other side takes it");
    }

    /// The next frame: its first byte and its payload. `None` at the end of the connection.
    pub(crate) fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).ok()?;
        let mut extended = [0; 8];
        let len = match head[1] & 0x7f {
            126 => self.stream.read_exact(&mut extended[6..]).ok().map(|()| u64::from_be_bytes(extended))?,
            127 => self.stream.read_exact(&mut extended).ok().map(|()| u64::from_be_bytes(extended))?,
            short => u64::from(short),
        };
        let mut mask = [0; 4];
        if head[1] & 0x80 != 0 {
            self.stream.read_exact(&mut mask).ok()?;
        }
        let mut payload = vec![0; usize::try_from(len).ok()?];
        self.stream.read_exact(&mut payload).ok()?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Some((head[0], payload))
    }

    /// Waits for the end, and gives the code of the closing frame.
    pub(crate) fn closed(&mut self) -> Option<u16> {
        loop {
            let (first, payload) = self.receive()?;
            if first == 0x88 {
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
    }
}
