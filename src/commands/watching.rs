//! A look at a server: its figures, asked for as a client does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use url::Url;

use super::rpc::{self, Outcome, Request};
use super::{FAILED, UNDELIVERED};
use crate::cli::top::LookOptions;
use crate::top::Answers;
use crate::transport::OneShot;

/// Asks one server again and again.
pub(super) struct Watch {
    client: OneShot,
    metrics: Request,
    info: Request,
    timeout: Duration,
}

impl Watch {
    /// Must be used on this thread, under an actix runtime.
    pub(super) fn new(url: &Url, options: &LookOptions) -> Self {
        let request = |method: &str| Request {
            url: url.clone(),
            body: rpc::body(method, None, false),
            notify: false,
            headers: options.access.api_key.as_ref().and_then(rpc::credential).into_iter().collect(),
            repeatable: true,
        };
        Watch {
            client: OneShot::new(options.access.tls.client_tls.clone()),
            metrics: request("_metrics"),
            info: request("_info"),
            timeout: options.timeout,
        }
    }

    /// The server's figures, or the exit code and what to say.
    pub(super) async fn look(&self) -> Result<Answers, (u8, String)> {
        let answer = async |request: &Request| match request.deliver(&self.client, self.timeout).await {
            Ok(Outcome::Result(result)) => Ok(result),
            Ok(Outcome::Error(object)) => Err((FAILED, rpc::error_text(&object))),
            Ok(Outcome::Nothing) => Err((UNDELIVERED, format!("error: {} answers nothing", request.url))),
            Err(problem) => Err((UNDELIVERED, format!("error: {problem}"))),
        };
        let (metrics, info) = futures_util::future::join(answer(&self.metrics), answer(&self.info)).await;
        Answers::read(metrics?.as_str(), info?.as_str()).map_err(|problem| (FAILED, format!("error: {problem}")))
    }
}

/// What the server is called.
pub(super) fn name(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Milliseconds of Unix time.
pub(super) fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
