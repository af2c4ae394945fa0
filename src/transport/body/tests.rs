use actix_http::{BoxedPayloadStream, Payload};
use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder};
use async_compression::Level;
use awc::test::TestResponse;
use futures_util::stream;
use tokio::io::AsyncWriteExt;

use super::*;

const TEXT: &str = "an answer, an answer, an answer";

/// What the body of this head and these bytes is, however its pieces are cut; the error's name where there is one.
async fn read(headers: &[(&'static str, &str)], bytes: &[u8], limit: usize) -> Result<Vec<u8>, &'static str> {
    let mut last = None;
    for size in [1, 7, 1 << 20] {
        let mut response = TestResponse::default();
        for (name, value) in headers {
            response = response.append_header((*name, *value));
        }
        let pieces: Vec<_> = bytes.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let pieces: BoxedPayloadStream = Box::pin(stream::iter(pieces));
        let payload = Payload::Stream { payload: pieces };
        let response = response.finish().map_body(|_, _| payload);
        let read = match Body::of(response).whole(limit).await {
            Ok(body) => Ok(body.to_vec()),
            Err(PayloadError::Overflow) => Err("overflow"),
            Err(PayloadError::Incomplete(_)) => Err("cut"),
            Err(PayloadError::EncodingCorrupted) => Err("corrupted"),
            Err(_) => Err("other"),
        };
        if let Some(last) = last.replace(read.clone()) {
            assert_eq!(last, read, "in pieces of {size} bytes");
        }
    }
    last.expect("some sizes")
}

async fn coded(coding: &str, text: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    macro_rules! by {
        ($encoder:ident) => {{
            let mut encoder = $encoder::with_quality(&mut coded, Level::Fastest);
            encoder.write_all(text).await.expect("room");
            encoder.shutdown().await.expect("room");
        }};
    }
    match coding {
        "gzip" => by!(GzipEncoder),
        "br" => by!(BrotliEncoder),
        "zlib" => by!(ZlibEncoder),
        _ => by!(DeflateEncoder),
    }
    coded
}

#[actix::test]
async fn bodies_are_decoded() {
    let (gzip, twice) =
        (coded("gzip", TEXT.as_bytes()).await, coded("br", &coded("gzip", TEXT.as_bytes()).await).await);
    for (name, bytes) in [
        ("gzip", gzip.clone()),
        ("X-GZip", gzip.clone()),
        ("identity, gzip", gzip.clone()),
        ("br", coded("br", TEXT.as_bytes()).await),
        ("deflate", coded("zlib", TEXT.as_bytes()).await),
        ("deflate", coded("raw", TEXT.as_bytes()).await),
        ("gzip, br", twice.clone()),
        ("identity", TEXT.into()),
        ("", TEXT.into()),
        ("no such coding", TEXT.into()),
        ("no such coding, gzip", TEXT.into()),
        ("gzip, gzip, gzip, gzip, gzip, gzip", TEXT.into()),
    ] {
        let length = bytes.len().to_string();
        for headers in [&[("content-encoding", name)][..], &[("content-encoding", name), ("content-length", &length)]] {
            assert_eq!(read(headers, &bytes, 1000).await, Ok(TEXT.into()), "{name}");
        }
    }
    let split = [("content-encoding", "gzip"), ("content-encoding", "br")];
    assert_eq!(read(&split, &twice, 1000).await, Ok(TEXT.into()));
    for name in ["gzip", "br", "deflate"] {
        assert_eq!(read(&[("content-encoding", name)], b"", 1000).await, Ok(Vec::new()), "{name}");
    }
    let members = [&gzip[..], &gzip].concat();
    assert_eq!(read(&[("content-encoding", "gzip")], &members, 1000).await, Ok([TEXT, TEXT].concat().into()));
}

#[actix::test]
async fn what_was_cut_off_or_is_no_coding_fails() {
    for (name, coding) in [("gzip", "gzip"), ("br", "br"), ("deflate", "zlib"), ("deflate", "raw")] {
        let bytes = coded(coding, TEXT.as_bytes()).await;
        for length in 1..bytes.len() {
            // Whether or not the head says how long it is, which it is then.
            let cut = read(&[("content-encoding", name)], &bytes[..length], 1000).await;
            assert_eq!(cut, Err("cut"), "{coding}, {length} bytes of {}", bytes.len());
        }
        let more = [&bytes[..], b"more"].concat();
        assert_eq!(read(&[("content-encoding", name)], &more, 1000).await, Err("corrupted"), "{coding}");
    }
    assert_eq!(read(&[("content-encoding", "gzip")], TEXT.as_bytes(), 1000).await, Err("corrupted"));
    let gzip = coded("gzip", TEXT.as_bytes()).await;
    let long = [("content-encoding", "gzip"), ("content-length", "500")];
    assert_eq!(read(&long, &gzip, 1000).await, Err("cut"));
    assert_eq!(read(&[("content-length", "32")], TEXT.as_bytes(), 1000).await, Err("cut"));
    assert_eq!(read(&[], TEXT.as_bytes(), 1000).await, Ok(TEXT.into()), "until the connection ends");
}

#[actix::test]
async fn a_bound_is_of_what_a_body_becomes() {
    let megabytes = vec![b'x'; 64 << 20];
    for (name, coding) in [("gzip", "gzip"), ("br", "br"), ("deflate", "zlib"), ("deflate", "raw")] {
        let bomb = coded(coding, &megabytes).await;
        let mut body = Body::of(TestResponse::with_header(("content-encoding", name)).set_payload(bomb).finish());
        let mut seen = 0;
        let overflow = poll_whole(&mut body, 1 << 20, &mut seen).await;
        assert!(matches!(overflow, Err(PayloadError::Overflow)), "{name}");
        assert!(seen <= PIECE, "{name} is decoded in pieces of {seen} bytes");
    }
    assert_eq!(read(&[], b"four", 4).await, Ok(b"four".into()));
    assert_eq!(read(&[], b"fives", 4).await, Err("overflow"));
    assert_eq!(read(&[("content-length", "5")], b"fives", 4).await, Err("overflow"));
}

/// As `whole`; `largest` becomes the length of the largest piece.
async fn poll_whole(body: &mut Body, limit: usize, largest: &mut usize) -> Result<(), PayloadError> {
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let piece = piece?;
        *largest = piece.len().max(*largest);
        length += piece.len();
        if length > limit {
            return Err(PayloadError::Overflow);
        }
    }
    Ok(())
}
