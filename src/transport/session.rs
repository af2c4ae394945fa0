//! Sessions with other processes that carry more than calls: frames of text in both directions.

use std::time::Duration;

use awc::error::WsClientError;
use awc::http::header::{HeaderName, HeaderValue};
use awc::ws::{CloseCode, Frame, Message};
use awc::Client;
use bytestring::ByteString;
use futures_util::future::LocalBoxFuture;
use futures_util::{SinkExt, StreamExt};
use madrpc_actors::actors::broker::{text_channel, SessionClient, TextSender, TextSession};
use madrpc_actors::actors::PeerUrl;
use madrpc_actors::protocol::CallError;
use tokio::sync::mpsc;
use url::Url;

use super::client::AwcClient;
use super::connect;
use super::link::Socket;
use crate::websocket::{close_reason, Codec, Noted, Peer, SILENCE};

/// Frames that wait for the socket.
const OUTGOING: usize = 8_192;

/// Frames that wait for whoever reads them, and their bytes; the peer waits with further ones.
const INCOMING: usize = 1_024;
const INCOMING_BYTES: usize = 16 << 20;

/// How often it is looked whether the peer is there.
const LOOK: Duration = Duration::from_secs(5);

/// Opens a WebSocket at `url`, of http or https. `None` as an error: the URL makes no sense.
pub(super) async fn open(
    client: &Client,
    url: &Url,
    headers: &[(HeaderName, HeaderValue)],
    longest: usize,
) -> Result<impl Socket + 'static, Option<WsClientError>> {
    let uri = connect::uri(url, None).map_err(|_| None)?;
    let mut request = client.ws(uri);
    for (name, value) in headers {
        request = request.set_header(name.clone(), value.clone());
    }
    let (_, socket) = request.connect().await.map_err(Some)?;
    Ok(socket.into_map_codec(|_| Codec::new(Peer::Server, longest)).into_map_io(Noted::new))
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
    let (incoming, receive) = text_channel(INCOMING, INCOMING_BYTES);
    actix_rt::spawn(carry(socket, outgoing, incoming));
    TextSession { send, receive }
}

async fn carry(mut socket: impl Socket, mut outgoing: mpsc::Receiver<Vec<u8>>, incoming: TextSender) {
    let life = socket.life();
    let mut look = tokio::time::interval(LOOK);
    loop {
        let more = tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(Frame::Text(text))) => {
                    if !incoming.send(text).await {
                        return;
                    }
                    // Nobody has listened to the peer while the reader had no room.
                    life.begin_anew();
                    continue;
                }
                Some(Ok(Frame::Ping(payload))) => Say::One(Message::Pong(payload)),
                Some(Ok(Frame::Close(_))) | None => return,
                Some(Ok(_)) => continue,
                Some(Err(error)) => Say::Last(Message::Close(Some(close_reason(&error)))),
            },
            frame = outgoing.recv() => match frame {
                Some(frame) => Say::All(frame),
                None => Say::Last(Message::Close(Some(CloseCode::Normal.into()))),
            },
            _ = look.tick() => match life.silent_for() >= SILENCE {
                true => return,
                false => continue,
            },
        };
        let ends = matches!(more, Say::Last(_));
        let said = tokio::select! {
            said = say(&mut socket, more, &mut outgoing) => said,
            () = life.silent(SILENCE) => return,
        };
        if said.is_err() || ends {
            return;
        }
    }
}

/// What is to be said to a peer.
enum Say {
    One(Message),
    /// This text, and what waits behind it.
    All(Vec<u8>),
    Last(Message),
}

/// Says it in one write.
async fn say<S: Socket>(
    socket: &mut S,
    what: Say,
    more: &mut mpsc::Receiver<Vec<u8>>,
) -> Result<(), awc::error::WsProtocolError> {
    let mut next = match what {
        Say::One(message) | Say::Last(message) => return socket.send(message).await,
        Say::All(first) => Some(first),
    };
    while let Some(frame) = next {
        if let Ok(text) = ByteString::try_from(frame) {
            socket.feed(Message::Text(text)).await?;
        }
        next = more.try_recv().ok();
    }
    socket.flush().await
}
