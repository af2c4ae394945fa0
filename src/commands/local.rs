//! `madrpc-actor local`: a cluster of real processes on this machine, for as long as it is needed.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::{bail, Context};
use futures_util::future::{join_all, select_all, try_join_all};
use futures_util::FutureExt;
use madrpc_actors::protocol::JsonText;
use serde::de::DeserializeOwned;
use serde::Deserialize;
use url::Url;

use super::call::{client, show};
use super::children::{Ended, Process};
use super::rpc::{self, Outcome, Request};
use super::{json_layout, FAILED, UNDELIVERED, USAGE};
use crate::cli::client::load_args;
use crate::cli::LocalConfig;
use crate::observe::{grouped, rate, LiveLine, Terminal};
use crate::shutdown::{self, Reason};

/// How long the nodes may take to join.
const JOIN: Duration = Duration::from_secs(30);
/// How long the orchestrator may take to answer about itself.
const ASK: Duration = Duration::from_secs(2);
const REFRESH: Duration = Duration::from_millis(200);

/// Runs the cluster and gives the exit code.
pub fn run(config: LocalConfig, terminal: &Terminal) -> u8 {
    let params = match load_args(config.args.as_deref()) {
        Ok(params) => params,
        Err(usage) => return super::show_usage(terminal, &usage),
    };
    actix_rt::System::new().block_on(async {
        let mut stop = match shutdown::listen() {
            Ok(stop) => stop,
            Err(error) => {
                log::error!("signals can't be listened for: {error}");
                return FAILED;
            }
        };
        let token = uuid::Uuid::new_v4().to_string();
        let mut cluster = Cluster { config, terminal, client: client(), token, processes: Vec::new() };
        let code = tokio::select! {
            reason = stop.next() => match reason {
                // Without --call that is how it is meant to end.
                Reason::Interrupted if cluster.config.call.is_none() => 0,
                Reason::Interrupted => 130,
                Reason::Terminated | Reason::ParentGone => 143,
            },
            outcome = cluster.drive(params) => outcome.unwrap_or_else(|error| {
                log::error!("{error:#}");
                // A node says 1 of a bad script and 2 of a bad flag; that is this command's failure, too.
                match error.downcast_ref::<Ended>().and_then(|ended| ended.code) {
                    Some(1) => FAILED,
                    Some(2) => USAGE,
                    _ => UNDELIVERED,
                }
            }),
        };
        // The orchestrator last, so that the nodes can take their leave of it.
        let mut processes = cluster.processes.into_iter();
        let orchestrator = processes.next();
        join_all(processes.map(Process::end)).await;
        if let Some(orchestrator) = orchestrator {
            orchestrator.end().await;
        }
        code
    })
}

struct Cluster<'a> {
    config: LocalConfig,
    terminal: &'a Terminal,
    client: awc::Client,
    /// Only nodes that this command started may join.
    token: String,
    /// The orchestrator first.
    processes: Vec<Process>,
}

#[derive(Debug, Deserialize)]
struct Info {
    enabled_nodes: usize,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Calls {
    total_requests: u64,
    failed_requests: u64,
}

impl Cluster<'_> {
    async fn drive(&mut self, params: Option<JsonText>) -> anyhow::Result<u8> {
        let line = self.terminal.line();
        self.start(&line).await?;
        let url = Url::parse(&self.processes[0].url).context("the orchestrator told no URL")?;
        let asks = Asks { client: &self.client, url: &url };
        let (count, call) = (self.config.nodes, self.config.call.as_deref());
        let work = async {
            asks.wait_for_nodes(count, &line).await?;
            log::info!("{count} of {count} nodes are up; the orchestrator is at {url}");
            match call {
                Some(method) => asks.call(method, params, self.config.timeout, self.terminal, line).await,
                None => {
                    self.terminal.write_stdout(format!("{}\n", url.as_str().trim_end_matches('/')).as_bytes());
                    asks.follow(count, self.terminal, &line).await
                }
            }
        };
        let ends = select_all(self.processes.iter_mut().map(|process| process.ended().boxed_local()));
        tokio::select! {
            code = work => code,
            (ended, ..) = ends => Err(ended.into()),
        }
    }

    async fn start(&mut self, line: &LiveLine) -> anyhow::Result<()> {
        line.set("starting the orchestrator".into());
        let arguments = ["orchestrator", "-b", "127.0.0.1:0", "--summary-interval", "0"];
        let arguments = arguments.map(OsString::from).to_vec();
        let orchestrator = Process::start("the orchestrator".into(), arguments, &self.token, self.terminal).await?;
        let url = orchestrator.url.clone();
        self.processes.push(orchestrator);
        line.set(format!("starting {} nodes", self.config.nodes));
        let nodes = (1..=self.config.nodes).map(|number| {
            Process::start(format!("node {number}"), self.node_arguments(&url), &self.token, self.terminal)
        });
        let nodes = try_join_all(nodes).await?;
        self.processes.extend(nodes);
        Ok(())
    }

    fn node_arguments(&self, orchestrator: &str) -> Vec<OsString> {
        let mut arguments: Vec<OsString> =
            ["node", "-b", "127.0.0.1:0", "--summary-interval", "0"].map(Into::into).into();
        arguments.extend(["--orchestrator".into(), orchestrator.into()]);
        arguments.extend(["--pool-size".into(), self.config.pool_size().to_string().into()]);
        for script in &self.config.scripts {
            arguments.extend(["--script".into(), script.into()]);
        }
        arguments
    }
}

/// What is asked of the orchestrator.
struct Asks<'a> {
    client: &'a awc::Client,
    url: &'a Url,
}

impl Asks<'_> {
    /// Calls a method of the system.
    async fn about<T: DeserializeOwned>(&self, method: &str) -> anyhow::Result<T> {
        match self.request(method, None).deliver(self.client, ASK).await {
            Ok(Outcome::Result(result)) => {
                serde_json::from_str(result.as_str()).with_context(|| format!("{method} answers another shape"))
            }
            Ok(Outcome::Error(object)) => bail!("{method}: {}", rpc::error_text(&object)),
            Ok(Outcome::Nothing) => bail!("{method} answers nothing"),
            Err(problem) => bail!("{method}: {problem}"),
        }
    }

    fn request(&self, method: &str, params: Option<&JsonText>) -> Request {
        Request {
            url: self.url.clone(),
            body: rpc::body(method, params, false),
            notify: false,
            headers: Vec::new(),
            repeatable: false,
        }
    }

    async fn wait_for_nodes(&self, count: usize, line: &LiveLine) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let up = self.about::<Info>("_info").await?.enabled_nodes;
            if up >= count {
                return Ok(());
            }
            line.set(format!("nodes up {up}/{count}"));
            if begun.elapsed() > JOIN {
                bail!("only {up} of {count} nodes are up after {JOIN:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn call(
        &self,
        method: &str,
        params: Option<JsonText>,
        timeout: Duration,
        terminal: &Terminal,
        line: LiveLine,
    ) -> anyhow::Result<u8> {
        let begun = Instant::now();
        let request = self.request(method, params.as_ref());
        let prefix = format!("running {method}: ");
        let outcome = tokio::select! {
            outcome = request.deliver(self.client, timeout) => outcome,
            failed = self.show_calls(terminal, &line, &prefix) => return Err(failed),
        };
        let elapsed = begun.elapsed();
        let calls = self.about::<Calls>("_metrics").await;
        drop(line);
        let code = show(terminal, outcome, json_layout::compact);
        let calls = calls.map_or_else(|_| "-".into(), |calls| grouped(calls.total_requests));
        terminal.write_stderr(format!("elapsed {:.3} s, {calls} calls made\n", elapsed.as_secs_f64()).as_bytes());
        Ok(code)
    }

    async fn follow(&self, count: usize, terminal: &Terminal, line: &LiveLine) -> anyhow::Result<u8> {
        let url = self.url.as_str().trim_end_matches('/');
        let prefix = format!("{url}  {count} nodes  ");
        Err(self.show_calls(terminal, line, &prefix).await)
    }

    /// Keeps the line fresh. Resolves only when the orchestrator does not answer any more; where nobody sees the line
    /// it asks nothing and never resolves.
    async fn show_calls(&self, terminal: &Terminal, line: &LiveLine, prefix: &str) -> anyhow::Error {
        if !terminal.is_live() {
            return std::future::pending().await;
        }
        let (mut before, mut since, mut per_second) = (0, Instant::now(), 0.0);
        loop {
            let calls = match self.about::<Calls>("_metrics").await {
                Ok(calls) => calls,
                Err(error) => return error,
            };
            let elapsed = since.elapsed();
            if elapsed >= Duration::from_secs(1) {
                per_second = calls.total_requests.saturating_sub(before) as f64 / elapsed.as_secs_f64();
                (before, since) = (calls.total_requests, Instant::now());
            }
            line.set(format!(
                "{prefix}{} calls  {}/s  {} errors",
                grouped(calls.total_requests),
                rate(per_second),
                grouped(calls.failed_requests)
            ));
            tokio::time::sleep(REFRESH).await;
        }
    }
}
