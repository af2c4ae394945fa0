//! Sessions with other processes that carry more than calls: frames of text in both directions.

use std::time::{Duration, Instant};

use awc::error::WsClientError;
use awc::http::header::{HeaderName, HeaderValue};
use awc::ws::{CloseCode, Frame, Message};
use awc::Client;
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::future::LocalBoxFuture;
use futures_util::{SinkExt, StreamExt};
use madrpc_actors::actors::broker::{SessionClient, TextSession};
use madrpc_actors::actors::PeerUrl;
use madrpc_actors::protocol::CallError;
use tokio::sync::mpsc;
use url::Url;

use super::client::AwcClient;
use super::connect;
use super::link::Socket;

/// Frames that wait for the socket.
const OUTGOING: usize = 8_192;

/// Frames that wait for whoever reads them; the peer waits with further ones.
const INCOMING: usize = 1_024;

/// How often it is looked whether the peer is there. It asks us every 15 s.
const LOOK: Duration = Duration::from_secs(5);

/// A peer that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);

/// Opens a WebSocket at `url`, of http or https. `None` as an error: the URL makes no sense.
pub(super) async fn open(
    client: &Client,
    url: &Url,
    headers: &[(HeaderName, HeaderValue)],
    longest: usize,
) -> Result<impl Socket + 'static, Option<WsClientError>> {
    let uri = connect::uri(url, None).map_err(|_| None)?;
    let mut request = client.ws(uri).max_frame_size(longest);
    for (name, value) in headers {
        request = request.set_header(name.clone(), value.clone());
    }
    let (_, socket) = request.connect().await.map_err(Some)?;
    Ok(socket)
}

impl SessionClient for AwcClient {
    fn open(&self, peer: &PeerUrl) -> LocalBoxFuture<'static, Result<TextSession, CallError>> {
        let (links, peer) = (self.links(), peer.clone());
        Box::pin(async move {
            let opened = links.open(&peer, None).await;
            opened.map(begin).map_err(|error| {
                log::debug!("no session with {peer}: {error:?}");
                match error {
                    Some(WsClientError::InvalidResponseStatus(status)) if status.as_u16() == 401 => {
                        CallError::Unauthorized
                    }
                    _ => CallError::Unreachable { sent: false },
                }
            })
        })
    }
}

/// Carries frames by the socket until either side ends it.
pub(super) fn begin(socket: impl Socket + 'static) -> TextSession {
    let (send, outgoing) = mpsc::channel(OUTGOING);
    let (incoming, receive) = mpsc::channel(INCOMING);
    actix_rt::spawn(carry(socket, outgoing, incoming));
    TextSession { send, receive }
}

async fn carry(mut socket: impl Socket, mut outgoing: mpsc::Receiver<Vec<u8>>, incoming: mpsc::Sender<Bytes>) {
    let mut look = tokio::time::interval(LOOK);
    let mut heard = Instant::now();
    loop {
        let said = tokio::select! {
            frame = socket.next() => {
                heard = Instant::now();
                match frame {
                    Some(Ok(Frame::Text(text))) => match incoming.send(text).await {
                        Ok(()) => Ok(()),
                        Err(_) => return,
                    },
                    Some(Ok(Frame::Ping(payload))) => socket.send(Message::Pong(payload)).await,
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => Ok(()),
                }
            }
            frame = outgoing.recv() => match frame {
                Some(frame) => say(&mut socket, frame, &mut outgoing).await,
                None => {
                    let _gone = socket.send(Message::Close(Some(CloseCode::Normal.into()))).await;
                    return;
                }
            },
            _ = look.tick() => match heard.elapsed() >= SILENCE {
                true => return,
                false => Ok(()),
            },
        };
        if said.is_err() {
            return;
        }
    }
}

/// Says all that waits, in one write.
async fn say<S: Socket>(
    socket: &mut S,
    first: Vec<u8>,
    more: &mut mpsc::Receiver<Vec<u8>>,
) -> Result<(), awc::error::WsProtocolError> {
    let mut next = Some(first);
    while let Some(frame) = next {
        if let Ok(text) = ByteString::try_from(frame) {
            socket.feed(Message::Text(text)).await?;
        }
        next = more.try_recv().ok();
    }
    socket.flush().await
}
