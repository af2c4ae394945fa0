//! Bodies in content codings.

use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder};
use async_compression::Level;
use futures_util::FutureExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// `bytes` in `gzip`, `br`, `zlib` or `deflate`, which has no frame.
pub(crate) fn coded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    async fn write(mut encoder: impl AsyncWrite + Unpin, bytes: &[u8]) -> std::io::Result<()> {
        encoder.write_all(bytes).await?;
        encoder.shutdown().await
    }
    let mut coded = Vec::new();
    let written = match coding {
        "gzip" => write(GzipEncoder::new(&mut coded), bytes).now_or_never(),
        "br" => write(BrotliEncoder::with_quality(&mut coded, Level::Fastest), bytes).now_or_never(),
        "zlib" => write(ZlibEncoder::new(&mut coded), bytes).now_or_never(),
        "deflate" => write(DeflateEncoder::new(&mut coded), bytes).now_or_never(),
        other => panic!("{other} is no coding"),
    };
    written.expect("memory is always ready").expect("there is room");
    coded
}
