//! Peers that ask over links by which this process takes calls to them: a session whose frames travel among others.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use actix::Actor;
use actix_http::ws::{Frame, Message, ProtocolError};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use futures_util::stream;
use madrpc_actors::policy::access::Identity;
use tokio::sync::mpsc::{self, UnboundedSender};

use super::open_calls::OpenCalls;
use super::outbox::Outbox;
use super::Session;
use crate::http::endpoint::Endpoint;
use crate::http::header;
use crate::http::service::Service;
use crate::transport::{Guest, Host};

/// Answers peers by the endpoint of a thread.
pub(in crate::http) struct Reception<S: Service>(Weak<Endpoint<S>>);

impl<S: Service> Reception<S> {
    pub(in crate::http) fn of(endpoint: &Rc<Endpoint<S>>) -> Self {
        Reception(Rc::downgrade(endpoint))
    }
}

impl<S: Service> Host for Reception<S> {
    fn receive(&self, identity: Identity, ip: IpAddr) -> Option<Box<dyn Guest>> {
        let endpoint = self.0.upgrade()?;
        // The actor takes what has come whenever it runs; what comes at once is bounded by what tokio lets a task read.
        let (frames, mut received) = mpsc::unbounded_channel();
        let received = stream::poll_fn(move |cx| received.poll_recv(cx));
        let out = Outbox::default();
        let session = Session::new(endpoint, from_peer(), ip, identity, out.clone());
        let open = session.open.clone();
        let _running = Session::create(move |context| session.listening(received, Rc::default(), context));
        Some(Box::new(Visitor { frames, out, open }))
    }
}

/// The headers of a session with one of our own processes.
pub(super) fn from_peer() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(HeaderName::from_static(header::DEPTH), HeaderValue::from(0));
    headers
}

/// The session ends when nothing comes any more.
struct Visitor {
    frames: UnboundedSender<Result<Frame, ProtocolError>>,
    out: Outbox,
    open: Rc<RefCell<OpenCalls>>,
}

impl Guest for Visitor {
    fn hear(&mut self, frame: Frame) {
        let _has_ended = self.frames.send(Ok(frame));
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.out.poll_message(cx)
    }

    fn is_idle(&self) -> bool {
        self.open.borrow().is_empty() && self.out.is_empty()
    }
}
