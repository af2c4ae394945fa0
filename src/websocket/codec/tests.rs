use actix_http::ws::{Frame, Item, Message, ProtocolError};
use bytes::{Bytes, BytesMut};

use super::*;

const MASK: [u8; 4] = [0, 0, 0, 0];

/// A frame of a client's that has nothing but a head.
fn head(first: u8, len: &[u8]) -> Vec<u8> {
    let mut head = vec![first, 0x80 | len[0]];
    head.extend_from_slice(&len[1..]);
    head.extend_from_slice(&MASK);
    head
}

/// What becomes of bytes that come one by one: how many were taken when it was settled, and how.
fn fed(codec: &mut Codec, bytes: &[u8]) -> (usize, Result<Option<Frame>, ProtocolError>) {
    let mut buffer = BytesMut::new();
    for (at, byte) in bytes.iter().enumerate() {
        buffer.extend_from_slice(&[*byte]);
        match codec.decode(&mut buffer) {
            Ok(None) => assert!(buffer.capacity() <= 2 * bytes.len() + 64, "room was made for what was only announced"),
            settled => return (at + 1, settled),
        }
    }
    (bytes.len(), Ok(None))
}

fn refused(codec: &mut Codec, bytes: &[u8]) -> (usize, u16) {
    match fed(codec, bytes) {
        (at, Err(error)) => (at, close_reason(&error).code.into()),
        (at, other) => panic!("{other:?} after {at} of {bytes:02x?}"),
    }
}

#[test]
fn a_frame_that_may_not_be_is_refused_at_its_head() {
    let server = |head: &[u8]| (Peer::Server, head.to_vec());
    let client = |first, len: &[u8]| (Peer::Client, head(first, len));
    let (long, high) = ([127, 0, 0, 1, 0, 0, 0, 0, 0], [127, 0x80, 0, 0, 0, 0, 0, 0, 1]);
    for (what, (peer, bytes), at, code) in [
        ("longer than the limit", client(0x81, &long), 10, 1009),
        ("a little longer", client(0x81, &[126, 0x03, 0xe9]), 4, 1009),
        ("longer, of a server", server(&[0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]), 10, 1009),
        ("the first bit of a length", client(0x81, &high), 10, 1002),
        ("8 bytes of length for 65,535", client(0x81, &[127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), 10, 1002),
        ("2 bytes of length for 125", client(0x81, &[126, 0, 125]), 4, 1002),
        ("no mask", (Peer::Client, vec![0x81, 0x01]), 2, 1002),
        ("a mask", server(&[0x81, 0x81]), 2, 1002),
        ("a reserved bit", client(0xc1, &[0]), 2, 1002),
        ("another reserved bit", client(0x91, &[0]), 2, 1002),
        ("an unknown opcode", client(0x83, &[0]), 2, 1002),
        ("an unknown control opcode", client(0x8b, &[0]), 2, 1002),
        ("a long ping", client(0x89, &[126, 0, 126]), 2, 1002),
        ("a long close", client(0x88, &long), 2, 1002),
        ("a ping in fragments", client(0x09, &[0]), 2, 1002),
        ("a continuation of nothing", client(0x80, &[5]), 2, 1002),
    ] {
        let mut codec = Codec::new(peer, 1_000);
        let (taken, answered) = refused(&mut codec, &bytes);
        assert_eq!(answered, code, "{what}");
        assert_eq!(taken, at, "{what}");
    }
}

#[test]
fn frames_up_to_the_limit_pass_in_both_directions() {
    for len in [0, 1, 125, 126, 1_000, 65_535, 65_536, 70_000] {
        for (ours, theirs) in [(Peer::Client, Peer::Server), (Peer::Server, Peer::Client)] {
            let (mut sender, mut receiver) = (Codec::new(ours, 0), Codec::new(theirs, len));
            let text = "x".repeat(len);
            let mut bytes = BytesMut::new();
            sender.encode(Message::Text(text.clone().into()), &mut bytes).expect("it can be sent");
            assert_eq!(receiver.decode(&mut bytes).expect("in order"), Some(Frame::Text(text.into())));
            sender.encode(Message::Binary(Bytes::from(vec![0; len + 1])), &mut bytes).expect("it can be sent");
            assert!(matches!(receiver.decode(&mut bytes), Err(ProtocolError::Overflow)));
        }
    }
}

/// The bytes of fragments of a client's.
fn fragments(items: impl IntoIterator<Item = Item>) -> Vec<u8> {
    let (mut codec, mut bytes) = (ws::Codec::new().client_mode(), BytesMut::new());
    for item in items {
        codec.encode(Message::Continuation(item), &mut bytes).expect("in order");
    }
    bytes.to_vec()
}

#[test]
fn fragments_are_joined_up_to_the_limit_and_control_frames_come_between() {
    let part = || Bytes::from_static(b"12345");
    let mut codec = Codec::new(Peer::Client, 12);
    let mut bytes = BytesMut::from(&fragments([Item::FirstText(part())])[..]);
    assert_eq!(codec.decode(&mut bytes).expect("in order"), None);
    assert!(codec.is_within_message());
    bytes.extend_from_slice(&head(0x89, &[0]));
    assert_eq!(codec.decode(&mut bytes).expect("in order"), Some(Frame::Ping(Bytes::new())));
    let rest = fragments([Item::FirstText(Bytes::new()), Item::Last(part())]);
    bytes.extend_from_slice(&rest[6..]);
    assert_eq!(codec.decode(&mut bytes).expect("in order"), Some(Frame::Text(Bytes::from_static(b"1234512345"))));
    assert!(!codec.is_within_message());

    // The third one is refused at its head: its payload never comes.
    let three = fragments([Item::FirstBinary(part()), Item::Continue(part()), Item::Last(part())]);
    let (taken, code) = refused(&mut codec, &three);
    assert_eq!((taken, code), (three.len() - 5 - MASK.len(), 1009));
}

#[test]
fn a_message_begins_when_the_last_one_has_ended() {
    let mut codec = Codec::new(Peer::Client, 100);
    let first = fragments([Item::FirstText(Bytes::from_static(b"a"))]);
    assert!(matches!(fed(&mut codec, &first), (_, Ok(None))));
    assert_eq!(refused(&mut codec, &head(0x81, &[7])), (2, 1002));
}

#[test]
fn there_is_an_end_to_empty_fragments_and_small_ones_have_the_limit_of_the_message() {
    let first = || std::iter::once(Item::FirstText(Bytes::new()));
    let endless = first().chain((0..2 * MOST_EMPTY).map(|_| Item::Continue(Bytes::new())));
    let (taken, code) = refused(&mut Codec::new(Peer::Client, 100), &fragments(endless));
    assert_eq!((taken, code), (6 * MOST_EMPTY + 2, 1009));

    let part = || Bytes::from(vec![b'y'; PIECE - 1]);
    let bytes =
        fragments([Item::FirstText(part()), Item::Continue(part()), Item::Continue(part()), Item::Last(part())]);
    let whole = Codec::new(Peer::Client, 4 * PIECE).decode(&mut BytesMut::from(&bytes[..]));
    assert_eq!(whole.expect("in order"), Some(Frame::Text("y".repeat(4 * (PIECE - 1)).into())));

    let small = || Bytes::from_static(b"x");
    let many = first().chain((1..4 * MOST_EMPTY).map(|_| Item::Continue(small())));
    let bytes = fragments(many.chain([Item::Last(small())]));
    let (_, whole) = fed(&mut Codec::new(Peer::Client, 4 * MOST_EMPTY), &bytes);
    assert_eq!(whole.expect("in order"), Some(Frame::Text("x".repeat(4 * MOST_EMPTY).into())));
}
