//! The HTTP client that the exporter is given: ours, which trusts whom the rest of the process trusts.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::tls::ClientTls;
use crate::transport::OneShot;

/// Longest answer of a collector that is read.
const MOST: usize = 1 << 20;

/// A request, and where its answer goes.
type Errand = (Request<Bytes>, oneshot::Sender<Result<Response<Bytes>, HttpError>>);

/// May be used on any thread, as its trait demands; the requests are made on the one that started it.
#[derive(Debug)]
pub(super) struct CollectorClient(mpsc::Sender<Errand>);

impl CollectorClient {
    /// Starts it on this thread, under an actix runtime. It ends with the value.
    pub(super) fn start(tls: ClientTls, patience: Duration) -> Self {
        let (errands, mut asked) = mpsc::channel::<Errand>(1);
        actix_rt::spawn(async move {
            let client = OneShot::new(tls);
            while let Some((request, answer)) = asked.recv().await {
                let exchange = tokio::time::timeout(patience, exchange(&client, request)).await;
                let late = |_| Err(format!("no answer within {patience:?}").into());
                let _gone = answer.send(exchange.unwrap_or_else(late));
            }
        });
        CollectorClient(errands)
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (answer, answered) = oneshot::channel();
        self.0.send((request, answer)).await?;
        answered.await?
    }
}

/// Two versions of the crate `http` meet here, so what they have in common is text.
async fn exchange(client: &OneShot, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (head, body) = request.into_parts();
    let mut ours = client.post(&Url::parse(&head.uri.to_string())?)?;
    for (name, value) in &head.headers {
        ours = ours.insert_header((name.as_str(), value.as_bytes()));
    }
    let mut answer = ours.send_body(body).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.body().limit(MOST).await.map_err(|error| error.to_string())?;
    Ok(Response::builder().status(status).body(body)?)
}
