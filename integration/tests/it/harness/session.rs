//! A WebSocket client that is not ours.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::{json, Value};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

use super::process::Process;
use super::wait::SOON;

/// A session with a server.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) socket: WebSocket<TcpStream>,
}

impl Session {
    /// Opens one, with these headers; the error is the status that the server answers instead.
    pub(crate) fn try_open(server: &Process, headers: &[(&'static str, &str)]) -> Result<Session, u16> {
        let mut request = format!("ws://{}/ws", server.address()).into_client_request().expect("a URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        let stream = TcpStream::connect(server.address()).expect("the server listens");
        stream.set_read_timeout(Some(SOON)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        let unbounded = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        match tungstenite::client::client_with_config(request, stream, Some(unbounded)) {
            Ok((socket, _)) => Ok(Session { socket }),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn open(server: &Process) -> Session {
        Session::try_open(server, &[]).expect("the server opens sessions")
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("the server takes it");
    }

    /// Sends a call, and does not wait.
    pub(crate) fn call(&mut self, id: u64, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
    }

    /// The next frame of text, whatever of another kind comes before it.
    pub(crate) fn receive(&mut self) -> Value {
        loop {
            match self.socket.read().expect("the session lasts") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Waits for the end, and gives the code of the closing frame.
    pub(crate) fn closed(&mut self) -> Option<u16> {
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(tungstenite::Error::ConnectionClosed) => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// True when nothing comes for a moment.
    pub(crate) fn is_quiet(&mut self, for_so_long: Duration) -> bool {
        self.socket.get_ref().set_read_timeout(Some(for_so_long)).expect("a socket");
        let quiet = matches!(self.socket.read(), Err(tungstenite::Error::Io(_)));
        self.socket.get_ref().set_read_timeout(Some(SOON)).expect("a socket");
        quiet
    }
}
