//! The head of a frame (RFC 6455, section 5.2), judged before anything of its payload is kept.

use std::io;

use actix_http::ws::{OpCode, ProtocolError};

/// Section 5.5: the longest payload of a control frame, in bytes.
const LONGEST_CONTROL: u64 = 125;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Masks all of them.
    Client,
    /// Masks none.
    Server,
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) opcode: OpCode,
    /// No further fragment of its message follows.
    pub(super) is_last: bool,
    /// Of the payload, in bytes.
    pub(super) payload: u64,
    /// Of the head itself, in bytes.
    pub(super) len: u64,
}

impl Head {
    pub(super) fn is_control(&self) -> bool {
        matches!(self.opcode, OpCode::Ping | OpCode::Pong | OpCode::Close)
    }

    /// Reads the head at the beginning of `bytes`; `None` when not all of it has come. What no frame may be is an error as
    /// soon as it can be told.
    pub(super) fn read(bytes: &[u8], peer: Peer) -> Result<Option<Head>, ProtocolError> {
        let &[first, second, ..] = bytes else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(malformed("a reserved bit is set"));
        }
        let (opcode, is_last) = (OpCode::from(first & 0x0f), first & 0x80 != 0);
        let masked = second & 0x80 != 0;
        match peer {
            Peer::Client if !masked => return Err(ProtocolError::UnmaskedFrame),
            Peer::Server if masked => return Err(ProtocolError::MaskedFrame),
            _ if opcode == OpCode::Bad => return Err(ProtocolError::InvalidOpcode(first & 0x0f)),
            _ => {}
        }
        let mut head = Head { opcode, is_last, payload: u64::from(second & 0x7f), len: 2 };
        if head.is_control() {
            if !is_last {
                return Err(ProtocolError::ContinuationFragment(opcode));
            }
            if head.payload > LONGEST_CONTROL {
                return Err(malformed("a control frame is too long"));
            }
        }
        let extended = match head.payload {
            126 => bytes.get(2..4).map(|len| (2, len, 126)),
            127 => bytes.get(2..10).map(|len| (8, len, 1 << 16)),
            _ => Some((0, &[][..], 0)),
        };
        let Some((extended, len, shortest)) = extended else { return Ok(None) };
        if extended > 0 {
            head.len += extended;
            head.payload = len.iter().fold(0, |len, byte| (len << 8) | u64::from(*byte));
            if head.payload >> 63 != 0 {
                return Err(malformed("the first bit of a length is set"));
            }
            if head.payload < shortest {
                return Err(malformed("a length has more bytes than it needs"));
            }
        }
        if masked {
            head.len += 4;
        }
        Ok(Some(head))
    }
}

/// What section 5 forbids and the library's errors have no name for.
pub(super) fn malformed(what: &'static str) -> ProtocolError {
    ProtocolError::Io(io::Error::new(io::ErrorKind::InvalidData, what))
}
