//! The HTTP client that the exporter is given: ours, which trusts whom the rest of the process trusts.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::tls::ClientTls;
use crate::transport::{Body, OneShot};

/// Longest answer of a collector that is read.
const MOST: usize = 1 << 20;

/// A request, and where its answer goes.
type Errand = (Request<Bytes>, oneshot::Sender<Result<Response<Bytes>, HttpError>>);

/// May be used on any thread, as its trait demands; the requests are made on the one that started it.
#[derive(Debug)]
pub(super) struct CollectorClient {
    errands: mpsc::Sender<Errand>,
    answered: LastStatus,
}

/// The status of the last answer, which the exporter tells of in a sentence alone; 0 when none came. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct LastStatus(Arc<AtomicU16>);

impl LastStatus {
    /// Whether the collector may take the same request later: by its status, or because it has not answered.
    ///
    /// <https://opentelemetry.io/docs/specs/otlp/#failures-1>
    pub(super) fn lets_try_again(&self) -> bool {
        matches!(self.0.load(Ordering::Relaxed), 0 | 429 | 502 | 503 | 504)
    }
}

impl CollectorClient {
    /// Starts it on this thread, under an actix runtime. It ends with the value. `answered` has the status of the last
    /// answer.
    pub(super) fn start(tls: ClientTls, patience: Duration, answered: LastStatus) -> Self {
        let (errands, mut asked) = mpsc::channel::<Errand>(1);
        actix_rt::spawn(async move {
            let client = OneShot::new(tls);
            while let Some((request, answer)) = asked.recv().await {
                let exchange = tokio::time::timeout(patience, exchange(&client, request)).await;
                let late = |_| Err(format!("no answer within {patience:?}").into());
                let _gone = answer.send(exchange.unwrap_or_else(late));
            }
        });
        CollectorClient { errands, answered }
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (answer, answered) = oneshot::channel();
        self.answered.0.store(0, Ordering::Relaxed);
        self.errands.send((request, answer)).await?;
        let answer = answered.await??;
        self.answered.0.store(answer.status().as_u16(), Ordering::Relaxed);
        Ok(answer)
    }
}

/// Two versions of the crate `http` meet here, so what they have in common is text.
async fn exchange(client: &OneShot, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (head, body) = request.into_parts();
    let mut ours = client.post(&Url::parse(&head.uri.to_string())?)?;
    for (name, value) in &head.headers {
        ours = ours.insert_header((name.as_str(), value.as_bytes()));
    }
    let answer = ours.send_body(body).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = Body::of(answer).whole(MOST).await.map_err(|error| error.to_string())?;
    Ok(Response::builder().status(status).body(body)?)
}
