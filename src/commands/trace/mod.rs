//! `madrpc-actor trace`: where the time of calls went.

mod draw;
mod fold;
mod table;

use madrpc_actors::protocol::span::{TraceList, TraceTree};
use madrpc_actors::protocol::JsonText;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::looks::Looks;
use super::rpc::{self, Outcome, Request};
use super::{FAILED, UNDELIVERED};
use crate::cli::TraceConfig;
use crate::observe::Terminal;
use crate::transport::OneShot;

/// Asks, prints, and gives the exit code.
pub fn run(config: &TraceConfig, terminal: &Terminal) -> u8 {
    let shown = actix_rt::System::new().block_on(ask(config)).and_then(|answer| show(config, &answer));
    match shown {
        Ok(text) => {
            terminal.write_stdout(text.as_bytes());
            0
        }
        Err((code, problem)) => {
            terminal.write_stderr(format!("{problem}\n").as_bytes());
            code
        }
    }
}

async fn ask(config: &TraceConfig) -> Result<JsonText, (u8, String)> {
    let params = match &config.trace_id {
        Some(id) => json!({"trace_id": id}),
        None => json!({"limit": config.limit}),
    };
    let params = JsonText::of(&params).map_err(|error| (FAILED, error.to_string()))?;
    let request = Request {
        url: config.url.clone(),
        body: rpc::body("_trace", Some(&params), false),
        notify: false,
        headers: config.access.api_key.as_ref().and_then(rpc::credential).into_iter().collect(),
        // To ask changes nothing.
        repeatable: true,
    };
    match request.deliver(&OneShot::new(config.access.tls.client_tls.clone()), config.timeout).await {
        Ok(Outcome::Result(result)) => Ok(result),
        Ok(Outcome::Error(object)) => Err((FAILED, rpc::error_text(&object))),
        Ok(Outcome::Nothing) => Err((UNDELIVERED, format!("{} answers nothing", config.url))),
        Err(problem) => Err((UNDELIVERED, format!("error: {problem}"))),
    }
}

fn show(config: &TraceConfig, answer: &JsonText) -> Result<String, (u8, String)> {
    if config.json {
        return Ok(format!("{}\n", answer.as_str()));
    }
    Ok(match config.trace_id {
        Some(_) => draw::tree(&read::<TraceTree>(config, answer)?, config.all, Looks::of_stdout()),
        None => table::list(&read::<TraceList>(config, answer)?),
    })
}

fn read<T: DeserializeOwned>(config: &TraceConfig, answer: &JsonText) -> Result<T, (u8, String)> {
    let odd = |error| (FAILED, format!("{} answers something else: {error}", config.url));
    serde_json::from_str(answer.as_str()).map_err(odd)
}
