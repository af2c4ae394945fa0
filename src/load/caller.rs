//! One connection of a load: sends a call and judges its reply.

use awc::error::{ConnectError, SendRequestError};
use awc::http::header::CONTENT_TYPE;
use bytes::Bytes;
use madrpc_actors::protocol::Reply;
use serde_json::Value;
use url::Url;

use super::tally::Ended;
use super::Plan;
use crate::transport::{Body, Exchange, OneShot};

/// Longest reply that is read: 64 MiB.
const MAX_REPLY: usize = 64 * 1024 * 1024;

/// Makes calls, one at a time.
pub(super) struct Caller<'a> {
    plan: &'a Plan,
    client: &'a OneShot,
    session: Option<Exchange>,
    /// The text of the last result that was the expected one: the next is most likely the same.
    expected: Bytes,
}

impl<'a> Caller<'a> {
    pub(super) fn new(plan: &'a Plan, client: &'a OneShot) -> Self {
        Caller { plan, client, session: None, expected: Bytes::new() }
    }

    /// What was under way is not waited for any more: its reply must not be taken for the next one's.
    pub(super) fn start_afresh(&mut self) {
        self.session = None;
    }

    pub(super) async fn call(&mut self) -> Ended {
        let reply = if self.plan.web_socket { self.by_session().await } else { self.by_http().await };
        reply.map_or_else(|ended| ended, |body| self.judge(&body))
    }

    async fn by_http(&self) -> Result<Bytes, Ended> {
        let request = self.client.post(&self.plan.url).map_err(|_| Ended::Unreachable)?;
        let mut request = request.timeout(self.plan.timeout).insert_header((CONTENT_TYPE, "application/json"));
        for (name, value) in &self.plan.headers {
            request = request.insert_header((name.clone(), value.clone()));
        }
        let response = request.send_body(self.plan.body.clone()).await.map_err(|error| match error {
            SendRequestError::Connect(ConnectError::Disconnected) => Ended::Lost,
            SendRequestError::Connect(_) | SendRequestError::Url(_) => Ended::Unreachable,
            SendRequestError::Timeout => Ended::TimedOut,
            _ => Ended::Lost,
        })?;
        Body::of(response).whole(MAX_REPLY).await.map_err(|_| Ended::Lost)
    }

    async fn by_session(&mut self) -> Result<Bytes, Ended> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let mut url: Url = self.plan.url.clone();
                url.set_path("/ws");
                let opened = self.client.exchange(&url, &self.plan.headers, MAX_REPLY).await;
                opened.map_err(|_| Ended::Unreachable)?
            }
        };
        let reply = session.exchange(&self.plan.body).await.map_err(|_| Ended::Lost)?;
        self.session = Some(session);
        Ok(reply)
    }

    fn judge(&mut self, body: &Bytes) -> Ended {
        match Reply::read(body).map(|reply| reply.result) {
            Some(Ok(result)) => match &self.plan.expect {
                None => Ended::Well,
                Some(_) if result.as_bytes() == self.expected => Ended::Well,
                Some(expect) => match serde_json::from_str::<Value>(result.as_str()) {
                    Ok(value) if value == *expect => {
                        self.expected = Bytes::copy_from_slice(result.as_bytes());
                        Ended::Well
                    }
                    _ => Ended::Unexpected,
                },
            },
            Some(Err(error)) => Ended::Error(error.code()),
            None => Ended::Lost,
        }
    }
}
