//! The command line: read and checked completely before anything starts.
//!
//! Each flag also reads `MADRPC_<FLAG>`; a flag that was given wins. structopt reads the variables of flags that take
//! one value; [`repeated`] and [`switch`] those of the others.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use madrpc_actors::protocol::Secret;
use structopt::clap::{Error, ErrorKind, Shell};
use structopt::StructOpt;

use crate::observe::LogFormat;

pub mod access;
pub mod bench;
pub mod client;
pub mod events;
pub mod secrets;
pub mod security;
pub mod server;
pub mod tls;
pub mod top;
pub mod trace;
pub mod units;
pub mod values;

#[cfg(test)]
mod tests;

pub use bench::BenchConfig;
pub use client::{CallConfig, DrainConfig, LocalConfig};
pub use events::{PubConfig, SubConfig};
pub use security::SecurityOptions;
pub use server::{NodeConfig, OrchestratorConfig, ServerOptions};
pub use top::{NodesConfig, TopConfig};
pub use trace::TraceConfig;
pub use values::BindAddr;

/// Actors that run JavaScript functions across machines, called by JSON-RPC 2.0.
#[derive(Clone, Debug, StructOpt)]
#[structopt(name = "madrpc-actor")]
pub enum Command {
    /// Take calls and spread them over nodes
    Orchestrator(OrchestratorConfig),
    /// Run JavaScript functions
    Node(NodeConfig),
    /// Call a method and print its result
    #[structopt(
        after_help = "EXIT CODES:\n    0  the result was printed\n    1  the reply is an error\n    2  usage\n    \
                              3  the call could not be delivered"
    )]
    Call(CallConfig),
    /// Take a server out of service: no further calls, those that run finish, and it stays
    #[structopt(
        after_help = "EXIT CODES:\n    0  it is drained, or takes calls again\n    1  it refused, or calls still run\n    \
                              2  usage\n    3  it could not be asked"
    )]
    Drain(DrainConfig),
    /// Show where the time of calls went: the slowest traces, or the tree of one
    #[structopt(
        after_help = "EXIT CODES:\n    0  it was printed\n    1  the reply is an error, as of an unknown trace\n    \
                              2  usage\n    3  the server could not be asked"
    )]
    Trace(TraceConfig),
    /// Load a server with calls, and tell how it bears them
    #[structopt(
        after_help = "EXIT CODES:\n    0  every call gave a result\n    1  some gave an error\n    2  usage\n    \
                              3  no reply came"
    )]
    Bench(BenchConfig),
    /// Watch a cluster, or a node alone, in the terminal
    #[structopt(
        after_help = "EXIT CODES:\n    0  it was shown\n    1  the server refused to tell, or the terminal can't be drawn on\n    \
                              2  usage\n    3  the server could not be asked (--once, --json)"
    )]
    Top(TopConfig),
    /// Print the table of a cluster's nodes
    #[structopt(
        after_help = "EXIT CODES:\n    0  it was printed\n    1  the server refused to tell\n    2  usage\n    \
                              3  the server could not be asked"
    )]
    Nodes(NodesConfig),
    /// Print the events of a channel as they come, one line of JSON each
    #[structopt(
        after_help = "EXIT CODES:\n    0  as many came as --count says\n    1  the server refuses\n    2  usage\n    \
                              3  the server can't be reached; a session that was lost is opened again"
    )]
    Sub(SubConfig),
    /// Publish an event and print how many receivers it has
    #[structopt(after_help = "EXIT CODES:\n    0  it was published\n    1  the reply is an error\n    2  usage\n    \
                              3  it could not be delivered")]
    Pub(PubConfig),
    /// Start an orchestrator and nodes on this machine
    Local(LocalConfig),
    /// Print a completion script
    Completions {
        /// Shell to print it for
        #[structopt(possible_values = &Shell::variants(), case_insensitive = true, value_name = "SHELL")]
        shell: Shell,
    },
}

/// Why the process ends before it has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Help or version was asked for: standard output, exit code 0.
    Shown(String),
    /// A mistake: standard error, exit code 2.
    Wrong(String),
}

impl Usage {
    /// A value that is refused; `problem` says what was given and what is allowed.
    pub(crate) fn value(flag: &str, problem: &str) -> Self {
        let flag = if flag.chars().all(char::is_uppercase) { flag.to_owned() } else { format!("--{flag}") };
        Usage::Wrong(format!("error: Invalid value for '{flag}': {problem}"))
    }
}

/// Looks up an environment variable.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Command {
    /// Reads the arguments of the process, the program's name first.
    pub fn parse(args: impl IntoIterator<Item = OsString>, env: Env<'_>) -> Result<Command, Usage> {
        let mut command = Command::from_iter_safe(args).map_err(|error| usage(error, env))?;
        match &mut command {
            Command::Orchestrator(config) => config.complete(env)?,
            Command::Node(config) => config.complete(env)?,
            Command::Call(config) => config.complete(env)?,
            Command::Drain(config) => config.complete(env)?,
            Command::Trace(config) => config.complete(env)?,
            Command::Bench(config) => config.complete(env)?,
            Command::Top(config) => config.complete(env)?,
            Command::Nodes(config) => config.complete(env)?,
            Command::Sub(config) => config.complete(env)?,
            Command::Pub(config) => config.complete(env)?,
            Command::Local(config) => config.complete(env)?,
            Command::Completions { .. } => {}
        }
        Ok(command)
    }

    /// How its log looks.
    pub fn log_format(&self) -> LogFormat {
        match self {
            Command::Orchestrator(config) => config.server.log_format,
            Command::Node(config) => config.server.log_format,
            _ => LogFormat::Text,
        }
    }

    /// The keys and the token that it was given.
    fn secrets(&self) -> (&[Secret], Option<&Secret>) {
        let security = match self {
            Command::Orchestrator(config) => &config.server.security,
            Command::Node(config) => &config.server.security,
            Command::Call(config) => return (config.access.api_key.as_slice(), None),
            Command::Drain(config) => return (config.access.api_key.as_slice(), config.cluster_token.as_ref()),
            Command::Trace(config) => return (config.access.api_key.as_slice(), None),
            Command::Bench(config) => return (config.access.api_key.as_slice(), None),
            Command::Top(config) => return (config.look.access.api_key.as_slice(), None),
            Command::Nodes(config) => return (config.look.access.api_key.as_slice(), None),
            Command::Sub(config) => return (config.access.api_key.as_slice(), None),
            Command::Pub(config) => return (config.access.api_key.as_slice(), None),
            Command::Local(config) => return (config.api_key.as_slice(), None),
            Command::Completions { .. } => return (&[], None),
        };
        (&security.api_keys, security.cluster_token.as_ref())
    }

    /// The completion script for `shell`.
    pub fn completions(shell: Shell) -> Vec<u8> {
        let mut script = Vec::new();
        Command::clap().gen_completions_to("madrpc-actor", shell, &mut script);
        script
    }
}

fn usage(error: Error, env: Env<'_>) -> Usage {
    match error.kind {
        ErrorKind::HelpDisplayed | ErrorKind::VersionDisplayed => Usage::Shown(error.message),
        ErrorKind::ValueValidation => {
            // clap does not tell where the value came from, and a variable is easily forgotten.
            let flag = error.message.split_once("'--").map_or("", |(_, rest)| rest);
            let flag = flag.split([' ', '\'']).next().unwrap_or_default();
            let variable = format!("MADRPC_{}", flag.replace('-', "_").to_uppercase());
            match env(&variable) {
                Some(_) => Usage::Wrong(format!("{} (the environment sets {variable})", error.message)),
                None => Usage::Wrong(error.message),
            }
        }
        _ => Usage::Wrong(error.message),
    }
}

/// Fills `values` from a variable whose values are separated by commas, unless flags gave some.
fn repeated<T>(
    flag: &str,
    variable: &str,
    values: &mut Vec<T>,
    env: Env<'_>,
    parse: fn(&str) -> Result<T, String>,
) -> Result<(), Usage> {
    let Some(text) = env(variable).filter(|_| values.is_empty()) else {
        return Ok(());
    };
    for part in text.to_string_lossy().split(',') {
        let value = parse(part.trim());
        values.push(
            value.map_err(|problem| Usage::value(flag, &format!("{problem} (the environment sets {variable})")))?,
        );
    }
    Ok(())
}

fn scripts(scripts: &mut Vec<PathBuf>, env: Env<'_>) -> Result<(), Usage> {
    repeated("script", "MADRPC_SCRIPT", scripts, env, values::script)?;
    if scripts.is_empty() {
        return Err(Usage::Wrong(
            "error: '--script <PATH>' is required, at least once (or MADRPC_SCRIPT): the JavaScript to load\n\n\
             For more information try --help"
                .into(),
        ));
    }
    Ok(())
}

fn tags(list: &mut Vec<(String, String)>, env: Env<'_>) -> Result<BTreeMap<String, String>, Usage> {
    repeated("tag", "MADRPC_TAG", list, env, values::tag)?;
    let mut tags = BTreeMap::new();
    for (key, value) in list.drain(..) {
        if let Some(earlier) = tags.insert(key.clone(), value.clone()) {
            let problem = format!("{:?} is not allowed after {key}={earlier}: each key once", format!("{key}={value}"));
            return Err(Usage::value("tag", &problem));
        }
    }
    Ok(tags)
}

fn switch(flag: &str, variable: &str, env: Env<'_>) -> Result<bool, Usage> {
    let Some(text) = env(variable) else { return Ok(false) };
    match text.to_string_lossy().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        other => Err(Usage::value(
            flag,
            &format!("{other:?} is not allowed: true or false (the environment sets {variable})"),
        )),
    }
}
