//! `madrpc-actor pub`.

use madrpc_actors::protocol::event::PUBLISH;
use madrpc_actors::protocol::{Event, JsonText};

use super::call::show;
use super::rpc::{self, Request};
use crate::cli::client::load_json;
use crate::cli::{PubConfig, Usage};
use crate::observe::Terminal;
use crate::transport::OneShot;

/// Publishes, prints the number of receivers, and gives the exit code.
pub fn run(config: &PubConfig, terminal: &Terminal) -> u8 {
    let request = match request(config) {
        Ok(request) => request,
        Err(usage) => return super::show_usage(terminal, &usage),
    };
    let outcome = actix_rt::System::new().block_on(async {
        let client = OneShot::new(config.access.tls.client_tls.clone());
        request.deliver(&client, config.timeout).await
    });
    show(terminal, outcome, <[u8]>::to_vec)
}

fn request(config: &PubConfig) -> Result<Request, Usage> {
    let data: JsonText = load_json("JSON", &config.data, "any JSON, @FILE, or - for standard input")?;
    let params = Event { channel: config.channel.as_str().into(), data }.to_params();
    Ok(Request {
        url: config.url.clone(),
        body: rpc::body(PUBLISH, Some(&params), false),
        notify: false,
        headers: config.access.api_key.as_ref().and_then(rpc::credential).into_iter().collect(),
        // It would come twice.
        repeatable: false,
    })
}
