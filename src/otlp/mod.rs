//! Export of traces by OTLP over HTTP (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! A thread of its own takes the spans that wait, so that no call ever waits for a collector. Spans that find the queue
//! full are dropped and counted.

mod client;
mod spans;

use std::time::Duration;

use actix_rt::{Arbiter, ArbiterHandle};
use madrpc_actors::protocol::Span;
use madrpc_actors::traces::Traces;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use self::client::{CollectorClient, LastStatus};
use self::spans::{resource, span_data};
use crate::tls::ClientTls;

/// Between two looks at what waits.
const EVERY: Duration = Duration::from_secs(1);

/// Spans of one request.
const MOST: usize = 512;

/// How often a request is made before its spans are dropped, if its failure may pass.
const TRIES: u32 = 3;

/// How long one request may take, and all that is left when the process ends.
const PATIENCE: Duration = Duration::from_secs(5);
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// Who exports.
#[derive(Clone, Debug)]
pub struct Exported {
    /// `service.name`
    pub service: &'static str,
    /// `service.instance.id`
    pub instance: String,
}

/// An export under way.
#[derive(Debug)]
pub struct Exporting {
    ending: mpsc::Sender<oneshot::Sender<()>>,
    thread: ArbiterHandle,
}

/// Exports what is traced from now on to the collector at `url`: `/v1/traces` there, unless it names a path.
pub fn start(url: &Url, traces: Traces, exported: Exported, tls: ClientTls) -> Exporting {
    let thread = Arbiter::new().handle();
    let (ending, asked) = mpsc::channel(1);
    let url = endpoint(url);
    traces.begin_exports();
    thread.spawn(async move {
        let answered = LastStatus::default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(CollectorClient::start(tls, PATIENCE, answered.clone()))
            .with_endpoint(url.as_str())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            // A failed request is made again with the next look.
            .with_retry_policy(RetryPolicy::disabled())
            .build();
        match exporter {
            Ok(mut exporter) => {
                exporter.set_resource(&resource(&exported));
                Export { url, exporter, answered, traces, failing: false, lost: 0 }.run(asked).await;
            }
            Err(error) => log::error!("traces are not exported to {url}: {error}"),
        }
    });
    Exporting { ending, thread }
}

impl Exporting {
    /// Exports what is left, within two seconds, and ends.
    pub async fn finish(self) {
        let (done, finished) = oneshot::channel();
        let last = async {
            if self.ending.send(done).await.is_ok() {
                let _gone = finished.await;
            }
        };
        if tokio::time::timeout(LAST_PATIENCE, last).await.is_err() {
            log::warn!("the last traces were not exported in time");
        }
        self.thread.stop();
    }
}

fn endpoint(url: &Url) -> Url {
    let mut url = url.clone();
    if matches!(url.path(), "" | "/") {
        url.set_path("/v1/traces");
    }
    url
}

struct Export {
    url: Url,
    exporter: SpanExporter,
    answered: LastStatus,
    traces: Traces,
    failing: bool,
    /// Spans that were dropped since it worked last.
    lost: u64,
}

impl Export {
    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<()>>) {
        loop {
            match tokio::time::timeout(EVERY, asked.recv()).await {
                Err(_) => self.send_all().await,
                Ok(Some(done)) => {
                    self.send_all().await;
                    let _gone = done.send(());
                    return;
                }
                Ok(None) => return,
            }
        }
    }

    async fn send_all(&mut self) {
        loop {
            let (spans, dropped) = self.traces.exports(MOST);
            self.lost += dropped;
            if spans.is_empty() || !self.send(&spans).await {
                return;
            }
        }
    }

    /// False when the collector did not take them.
    async fn send(&mut self, spans: &[Span]) -> bool {
        for further in (0..TRIES).rev() {
            match self.exporter.export(spans.iter().map(span_data).collect()).await {
                Ok(()) => {
                    self.works();
                    return true;
                }
                Err(error) => self.fails(&error),
            }
            if !self.answered.lets_try_again() {
                break;
            }
            if further > 0 {
                tokio::time::sleep(EVERY).await;
            }
        }
        self.lost += spans.len() as u64;
        false
    }

    fn works(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        if std::mem::take(&mut self.failing) {
            log::info!("traces are exported to {} again; {lost} spans were dropped", self.url);
        } else if lost > 0 {
            log::warn!("{lost} spans were dropped: {} takes them too slowly", self.url);
        }
    }

    fn fails(&mut self, error: &dyn std::fmt::Display) {
        if !std::mem::replace(&mut self.failing, true) {
            log::warn!("traces can't be exported to {}: {error}", self.url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_asked_at_the_usual_path_unless_it_names_one() {
        let url = |text: &str| endpoint(&Url::parse(text).expect("a URL")).to_string();
        assert_eq!(url("http://collector:4318"), "http://collector:4318/v1/traces");
        assert_eq!(url("http://collector:4318/in?x=1"), "http://collector:4318/in?x=1");
    }
}
