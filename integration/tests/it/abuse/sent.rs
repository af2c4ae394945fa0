//! What is sent: the table of ways in and sizes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::harness::{raw_frame, raw_head, SOON};

/// `--max-body`, in bytes.
pub(super) const LIMIT: u64 = 4 << 20;

/// The longest message of a link between processes.
pub(super) const LINK_LIMIT: u64 = 8 * LIMIT;

/// At least ten times every limit.
const SENT: u64 = 10 * LINK_LIMIT;

/// How long the other side may take nothing before no more is sent: it has stopped reading, and keeps what it has.
const STUCK: Duration = Duration::from_millis(700);

/// By which way something comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Http,
    Session,
    /// A link: that of a node that dials in, or that a process has opened itself.
    DialIn,
}

impl Way {
    /// What the limits of a server say.
    pub(super) fn limit(self) -> u64 {
        match self {
            Way::Http | Way::Session => LIMIT,
            Way::DialIn => LINK_LIMIT,
        }
    }

    /// What those of who has asked say; `sub` reads 64 MiB.
    pub(super) fn limit_of_answers(self) -> u64 {
        match self {
            Way::Session => 64 << 20,
            way => way.limit(),
        }
    }
}

/// What is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Head,
    Headers,
    DeclaredBody,
    Chunk,
    Chunks,
    Extension,
    Extensions,
    Trailer,
    Trailers,
    LengthOfChunk,
    Batch,
    Nesting,
    Line,
    Frame,
    Fragments,
    EmptyFragments,
    Pings,
    Mistakes,
    Batches,
}

const OF_HTTP: [Size; 12] = [
    Size::Head,
    Size::Headers,
    Size::DeclaredBody,
    Size::Chunk,
    Size::Chunks,
    Size::Extension,
    Size::Extensions,
    Size::Trailer,
    Size::Trailers,
    Size::LengthOfChunk,
    Size::Batch,
    Size::Nesting,
];

const OF_FRAMES: [Size; 6] =
    [Size::Frame, Size::Fragments, Size::EmptyFragments, Size::Pings, Size::Mistakes, Size::Batches];

/// Bytes to begin with, those that follow again and again, and how many there are in all.
pub(super) struct Sent {
    begin: Vec<u8>,
    again: Vec<u8>,
    total: u64,
}

/// Every row for servers.
pub(super) fn to_servers() -> Vec<(Way, Size, Sent)> {
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let http = OF_HTTP.into_iter().map(|size| (Way::Http, size, http(head, size)));
    let frames = [Way::Session, Way::DialIn];
    let frames = frames.into_iter().flat_map(|way| OF_FRAMES.map(|size| (way, size, frames_of(true, size))));
    http.chain(frames).collect()
}

/// Every row for those who have asked.
pub(super) fn from_peers() -> Vec<(Way, Size, Sent)> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let lines = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n";
    let http = OF_HTTP.into_iter().map(|size| (Way::Http, size, http(head, size)));
    let line = std::iter::once((Way::Http, Size::Line, http_line(lines)));
    let frames = [Way::Session, Way::DialIn];
    let frames = frames.into_iter().flat_map(|way| OF_FRAMES.map(|size| (way, size, frames_of(false, size))));
    http.chain(line).chain(frames).collect()
}

fn http_line(head: &str) -> Sent {
    Sent {
        begin: format!("{head}content-length: {SENT}\r\n\r\n{{\"value\": \"").into_bytes(),
        again: vec![b'x'; 65_536],
        total: SENT,
    }
}

fn http(head: &str, size: Size) -> Sent {
    let chunked = |rest: &str| format!("{head}transfer-encoding: chunked\r\n\r\n{rest}");
    let declared = |length: u64, rest: &str| format!("{head}content-length: {length}\r\n\r\n{rest}");
    let call = r#"{"jsonrpc":"2.0","id":1,"result":1}"#;
    let filler = || "x".repeat(65_536);
    let (begin, again) = match size {
        Size::Head => (format!("{head}x: "), filler()),
        Size::Headers => (head.to_owned(), format!("x: {}\r\n", "x".repeat(1_000)).repeat(64)),
        Size::DeclaredBody => (declared(SENT, ""), filler()),
        Size::Chunk => (chunked(&format!("{SENT:x}\r\n")), filler()),
        Size::Chunks => (chunked(""), format!("10000\r\n{}\r\n", filler())),
        Size::Extension => (chunked("1;"), filler()),
        Size::Extensions => (chunked(""), format!("1;{}\r\n \r\n", "x".repeat(4_000))),
        Size::Trailer => (chunked(&format!("{:x}\r\n{call}\r\n0\r\nx: ", call.len())), filler()),
        Size::Trailers => {
            let begin = chunked(&format!("{:x}\r\n{call}\r\n0\r\n", call.len()));
            (begin, format!("x: {}\r\n", "x".repeat(1_000)).repeat(64))
        }
        Size::LengthOfChunk => (chunked(""), "0".repeat(65_536)),
        Size::Batch => (declared(LIMIT, "["), "1,".repeat(32_768)),
        Size::Nesting => (declared(LIMIT, ""), "[".repeat(65_536)),
        _ => unreachable!("{size:?} is none of HTTP"),
    };
    Sent { begin: begin.into_bytes(), again: again.into_bytes(), total: SENT }
}

fn frames_of(masked: bool, size: Size) -> Sent {
    let frame = |first, payload: &[u8]| raw_frame(first, masked, payload);
    let (begin, again) = match size {
        Size::Frame => (raw_head(0x81, masked, SENT), vec![b'x'; 65_536]),
        Size::Fragments => (frame(0x01, b"["), frame(0x00, &[b'x'; 65_536])),
        Size::EmptyFragments => (frame(0x01, b"["), frame(0x00, b"").repeat(8_000)),
        Size::Pings => (Vec::new(), frame(0x89, &[b'x'; 125]).repeat(500)),
        Size::Mistakes => (Vec::new(), frame(0x81, b"nonsense").repeat(4_000)),
        Size::Batches => (Vec::new(), frame(0x81, many_elements().as_bytes())),
        _ => unreachable!("{size:?} is none of frames"),
    };
    // What is answered costs its receiver time, and the answers are longer than it is.
    let total = if matches!(size, Size::Mistakes | Size::Batches) { SENT / 5 } else { SENT };
    Sent { begin, again, total }
}

/// A batch that is within the limit of bytes, and of which each element is a mistake.
fn many_elements() -> String {
    format!("[{}1]", "1,".repeat(2_000_000))
}

/// Sends it, until all has left, the other side has closed, or it takes nothing more. Nothing is read.
pub(super) fn pour(stream: &mut TcpStream, sent: &Sent) {
    stream.set_write_timeout(Some(STUCK)).expect("a socket");
    if stream.write_all(&sent.begin).is_err() {
        return;
    }
    let mut left = sent.total.saturating_sub(sent.begin.len() as u64);
    while left > 0 && stream.write_all(&sent.again).is_ok() {
        left = left.saturating_sub(sent.again.len() as u64);
    }
}

/// Answers requests, one a connection, with a result until one comes that has `mark` in it, which is not answered.
pub(super) fn asked_for(listener: &TcpListener, mark: &str) -> TcpStream {
    loop {
        let (stream, _) = listener.accept().expect("somebody connects");
        stream.set_read_timeout(Some(SOON)).expect("a socket");
        let mut stream = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        let mut body = vec![0; length];
        let _gone = stream.read_exact(&mut body);
        if String::from_utf8_lossy(&body).contains(mark) {
            return stream.into_inner();
        }
        let reply = r#"{"jsonrpc":"2.0","id":1,"result":0}"#;
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length";
        let _gone = write!(stream.get_mut(), "{head}: {}\r\n\r\n{reply}", reply.len());
    }
}
