//! `madrpc-actor drain`: takes a server out of service from outside, or back in.

use std::time::{Duration, Instant};

use awc::http::header::{HeaderName, HeaderValue};
use madrpc_actors::protocol::JsonText;

use super::rpc::{self, Outcome, Request};
use super::{FAILED, UNDELIVERED};
use crate::cli::DrainConfig;
use crate::http::{header, Drained};
use crate::observe::Terminal;
use crate::transport::OneShot;

/// Between looks at what still runs.
const LOOK: Duration = Duration::from_millis(200);

/// How long one answer may take: a node takes leave of its orchestrators before it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks, waits for the calls that run, and gives the exit code.
pub fn run(config: &DrainConfig, terminal: &Terminal) -> u8 {
    actix_rt::System::new().block_on(async {
        match drain(config, terminal).await {
            Ok(()) => 0,
            Err((code, problem)) => {
                terminal.write_stderr(format!("{problem}\n").as_bytes());
                code
            }
        }
    })
}

async fn drain(config: &DrainConfig, terminal: &Terminal) -> Result<(), (u8, String)> {
    let (client, url) = (OneShot::new(config.access.tls.client_tls.clone()), &config.url);
    let line = terminal.line();
    let begun = Instant::now();
    loop {
        let outcome = match ask(config, &client).await? {
            Drained { draining: false, .. } => "takes calls",
            Drained { pending_requests: 0, .. } => "is drained",
            Drained { pending_requests, .. } if begun.elapsed() >= config.timeout => {
                let text = format!("{url} takes no calls; {pending_requests} still run after {:?}", config.timeout);
                return Err((FAILED, text));
            }
            Drained { pending_requests, .. } => {
                line.set(format!("{url} drains: {pending_requests} calls left"));
                actix_rt::time::sleep(LOOK).await;
                continue;
            }
        };
        terminal.write_stdout(format!("{url} {outcome}\n").as_bytes());
        return Ok(());
    }
}

async fn ask(config: &DrainConfig, client: &OneShot) -> Result<Drained, (u8, String)> {
    let params =
        JsonText::of(&serde_json::json!({"undo": config.undo})).map_err(|error| (FAILED, error.to_string()))?;
    let token = config.cluster_token.as_ref().map(|token| HeaderValue::from_str(token.expose())).transpose();
    let token = token.map_err(|error| (FAILED, format!("the cluster token can't be sent: {error}")))?;
    let token = token.map(|token| (HeaderName::from_static(header::CLUSTER_TOKEN), token));
    let request = Request {
        url: config.url.clone(),
        body: rpc::body("_drain", Some(&params), false),
        notify: false,
        headers: token.into_iter().chain(config.access.api_key.as_ref().and_then(rpc::credential)).collect(),
        // To ask twice is to ask once.
        repeatable: true,
    };
    match request.deliver(client, PATIENCE).await {
        Ok(Outcome::Result(result)) => serde_json::from_str(result.as_str())
            .map_err(|error| (FAILED, format!("{} answers something else: {error}", config.url))),
        Ok(Outcome::Error(object)) => Err((FAILED, rpc::error_text(&object))),
        Ok(Outcome::Nothing) => Err((UNDELIVERED, format!("{} answers nothing", config.url))),
        Err(problem) => Err((UNDELIVERED, format!("error: {problem}"))),
    }
}
