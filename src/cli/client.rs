//! What `call` and `local` are told.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use awc::http::header::{HeaderName, HeaderValue};
use madrpc_actors::protocol::{JsonText, Secret};
use structopt::StructOpt;
use url::Url;

use super::access::{first_key, AccessOptions};
use super::secrets::{api_key, secret};
use super::server::cpus;
use super::units::{duration, whole};
use super::values::{call_url, header, header_value, script, tag};
use super::Usage;

/// Longest ARGS read from a file or from standard input: 64 MiB.
const MAX_ARGS: u64 = 64 * 1024 * 1024;

fn node_count(text: &str) -> Result<usize, String> {
    whole(text, 1..=64)
}

fn threads(text: &str) -> Result<usize, String> {
    whole(text, 1..=1024)
}

/// What `call` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct CallConfig {
    /// Node or orchestrator: http://HOST:PORT[/PATH], or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// Method to call
    #[structopt(value_name = "METHOD")]
    pub method: String,
    /// JSON array or object, @FILE, or - for standard input; absent: no params
    #[structopt(value_name = "ARGS")]
    pub args: Option<String>,
    /// How long the call may take, retries included
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "30s", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
    /// Request header, repeatable [env: MADRPC_HEADER, separated by commas]
    #[structopt(long = "header", number_of_values = 1, value_name = "K:V", parse(try_from_str = header))]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Makes it safe to send the call again
    #[structopt(long, env = "MADRPC_IDEMPOTENCY_KEY", value_name = "KEY", parse(try_from_str = header_value))]
    pub idempotency_key: Option<HeaderValue>,
    /// Tag that the node must carry, repeatable [env: MADRPC_TAG, separated by commas]
    #[structopt(long = "tag", number_of_values = 1, value_name = "K=V", parse(try_from_str = tag))]
    tag_list: Vec<(String, String)>,
    #[structopt(skip)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub tags: BTreeMap<String, String>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: AccessOptions,
    /// Send a notification: no reply, nothing is printed [env: MADRPC_NOTIFY=true]
    #[structopt(long)]
    pub notify: bool,
    /// Print each item of a stream as it comes, one a line [env: MADRPC_STREAM=true]
    #[structopt(long, conflicts_with = "notify")]
    pub stream: bool,
    /// Indent the result [env: MADRPC_PRETTY=true]
    #[structopt(long)]
    pub pretty: bool,
}

impl CallConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        super::repeated("header", "MADRPC_HEADER", &mut self.headers, env, header)?;
        self.access.complete(env)?;
        self.tags = super::tags(&mut self.tag_list, env)?;
        self.notify |= super::switch("notify", "MADRPC_NOTIFY", env)?;
        self.pretty |= super::switch("pretty", "MADRPC_PRETTY", env)?;
        self.stream |= super::switch("stream", "MADRPC_STREAM", env)?;
        Ok(())
    }
}

/// What `drain` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct DrainConfig {
    /// Node or orchestrator: http://HOST:PORT, or https
    #[structopt(value_name = "URL", parse(try_from_str = call_url))]
    pub url: Url,
    /// Let it take calls again [env: MADRPC_UNDO=true]
    #[structopt(long)]
    pub undo: bool,
    /// How long to wait for the calls that run
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "30s", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
    /// What members of its cluster present to each other: the text, or @FILE
    #[structopt(long, env = "MADRPC_CLUSTER_TOKEN", value_name = "T", hide_env_values = true, parse(try_from_str = secret))]
    pub cluster_token: Option<Secret>,
    #[structopt(flatten)]
    #[allow(missing_docs, reason = "a doc comment here would become help text")]
    pub access: AccessOptions,
}

impl DrainConfig {
    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        self.undo |= super::switch("undo", "MADRPC_UNDO", env)?;
        self.access.complete(env)
    }
}

/// What `local` is told.
#[derive(Clone, Debug, StructOpt)]
pub struct LocalConfig {
    /// JavaScript for the nodes to load, required, repeatable [env: MADRPC_SCRIPT, separated by commas]
    #[structopt(short = "s", long = "script", number_of_values = 1, value_name = "PATH", parse(try_from_str = script))]
    pub scripts: Vec<PathBuf>,
    /// Nodes to start
    #[structopt(long, env = "MADRPC_NODES", default_value = "2", value_name = "N", parse(try_from_str = node_count))]
    pub nodes: usize,
    /// Call this method, print its result, and end everything
    #[structopt(long, env = "MADRPC_CALL", value_name = "METHOD")]
    pub call: Option<String>,
    /// For --call: JSON array or object, @FILE, or - for standard input; absent: no params
    #[structopt(value_name = "ARGS", requires = "call")]
    pub args: Option<String>,
    /// Threads that run JavaScript, per node [default: CPUs shared among the nodes]
    #[structopt(long, env = "MADRPC_POOL_SIZE", value_name = "N", parse(try_from_str = threads))]
    pool_size: Option<usize>,
    /// What the servers ask for: the text, or @FILE [env: MADRPC_API_KEY, of several the first]
    #[structopt(long, value_name = "K", parse(try_from_str = api_key))]
    pub api_key: Option<Secret>,
    /// How long --call may take
    #[structopt(long, env = "MADRPC_TIMEOUT", default_value = "5m", value_name = "D", parse(try_from_str = duration))]
    pub timeout: Duration,
}

impl LocalConfig {
    /// Threads that run JavaScript, per node: together about as many as there are CPUs.
    pub fn pool_size(&self) -> usize {
        self.pool_size.unwrap_or_else(|| (cpus() / self.nodes).max(1))
    }

    pub(super) fn complete(&mut self, env: super::Env<'_>) -> Result<(), Usage> {
        first_key(&mut self.api_key, env)?;
        super::scripts(&mut self.scripts, env)
    }
}

/// Reads ARGS: JSON text, `@FILE`, or `-` for standard input. What is not an array or an object is a usage error.
pub fn load_args(args: Option<&str>) -> Result<Option<JsonText>, Usage> {
    let Some(args) = args else { return Ok(None) };
    let allowed = "a JSON array for positional params or an object for named ones, @FILE, or - for standard input";
    let json = load_json("ARGS", args, allowed)?;
    if !json.as_str().starts_with(['[', '{']) {
        return Err(Usage::value("ARGS", &format!("{:?} is not allowed: {allowed}", shown(json.as_str()))));
    }
    Ok(Some(json))
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Reads the argument `name`: JSON text, `@FILE`, or `-` for standard input.
pub fn load_json(name: &str, given: &str, allowed: &str) -> Result<JsonText, Usage> {
    let read = |source: &mut dyn Read, whence: &str| {
        let mut text = String::new();
        match source.take(MAX_ARGS + 1).read_to_string(&mut text) {
            Ok(_) if text.len() as u64 <= MAX_ARGS => Ok(text),
            Ok(_) => Err(Usage::value(name, &format!("{whence} is longer than 64MiB"))),
            Err(error) => Err(Usage::value(name, &format!("{whence} can't be read: {error}"))),
        }
    };
    let text = match (given, given.strip_prefix('@')) {
        ("-", _) => read(&mut std::io::stdin().lock(), "standard input")?,
        (_, Some(path)) => {
            let mut file = std::fs::File::open(path)
                .map_err(|error| Usage::value(name, &format!("file {path:?} can't be read: {error}")))?;
            read(&mut file, &format!("file {path:?}"))?
        }
        _ => given.to_owned(),
    };
    JsonText::parse(&text)
        .map_err(|error| Usage::value(name, &format!("{:?} is not JSON: {error}; {allowed}", shown(&text))))
}
