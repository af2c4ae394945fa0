//! `madrpc-actor bench`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{rpc, FAILED, UNDELIVERED};
use crate::cli::client::load_args;
use crate::cli::{BenchConfig, Usage};
use crate::load::{self, Plan, Progress, Tally};
use crate::observe::{grouped, latency, rate, Terminal};

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(100);

/// What is shown of percentiles, in thousandths.
const SHARES: [(&str, u64); 4] = [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)];

/// Loads the server, prints the figures, and gives the exit code.
pub fn run(config: BenchConfig, terminal: &Terminal) -> u8 {
    let plan = match plan(&config) {
        Ok(plan) => plan,
        Err(usage) => return super::show_usage(terminal, &usage),
    };
    let tally = watched(plan, &config, terminal);
    let figures = Figures::of(&config, &tally);
    let text = if config.json { super::json_line(&figures) } else { figures.table(&tally) };
    terminal.write_stdout(text.as_bytes());
    if tally.missed > 0 && tally.replies > 0 {
        let due = tally.requests + tally.missed;
        let problem = format!(
            "the rate could not be kept: {} of {} calls had no connection free when they were due, and were not made\n",
            grouped(tally.missed),
            grouped(due)
        );
        terminal.write_stderr(problem.as_bytes());
    }
    match (tally.replies, tally.errors) {
        (0, _) => {
            terminal.write_stderr(format!("error: {}: no reply came\n", config.url).as_bytes());
            UNDELIVERED
        }
        (_, 0) => 0,
        _ => FAILED,
    }
}

fn plan(config: &BenchConfig) -> Result<Plan, Usage> {
    let params = load_args(config.args.as_deref())?;
    let mut headers = config.headers.clone();
    headers.extend(config.access.api_key.as_ref().and_then(rpc::credential));
    Ok(Plan {
        url: config.url.clone(),
        body: match config.ws {
            // One frame is awaited for each call: a stream is to come as an array, as it does over HTTP.
            true => rpc::asking_body(&config.method, params.as_ref(), rpc::Wanted::default()),
            false => rpc::body(&config.method, params.as_ref(), false),
        },
        headers,
        tls: config.access.tls.client_tls.clone(),
        connections: config.connections,
        duration: config.duration,
        rate: config.rate,
        web_socket: config.ws,
        timeout: config.timeout,
        expect: config.expect.clone(),
    })
}

/// Runs the load with a bar on the terminal.
fn watched(plan: Plan, config: &BenchConfig, terminal: &Terminal) -> Tally {
    let progress = Arc::<Progress>::default();
    let bar = terminal.bar(config.duration);
    let running = {
        let progress = progress.clone();
        std::thread::spawn(move || load::run(plan, &progress))
    };
    let begun = Instant::now();
    let (mut before, mut since, mut per_second) = (0, begun, 0.0);
    while terminal.is_live() && !running.is_finished() {
        let (calls, errors) = progress.so_far();
        let elapsed = since.elapsed();
        if elapsed >= Duration::from_secs(1) {
            per_second = (calls - before) as f64 / elapsed.as_secs_f64();
            (before, since) = (calls, Instant::now());
        }
        let text = format!("{} calls  {}/s  {} errors", grouped(calls), rate(per_second), grouped(errors));
        bar.set(begun.elapsed(), text);
        std::thread::sleep(LOOK);
    }
    running.join().unwrap_or_default()
}

/// The figures in the shape that is promised (`--json`).
#[derive(Serialize)]
struct Figures<'a> {
    method: &'a str,
    target: &'a str,
    connections: usize,
    duration_s: f64,
    requests: u64,
    errors: u64,
    error_codes: &'a BTreeMap<String, u64>,
    rps: f64,
    /// What was asked for; null in a closed loop.
    rate: Option<f64>,
    latency_us: Latency,
}

#[derive(Serialize)]
struct Latency {
    min: u64,
    mean: u64,
    p50: u64,
    p90: u64,
    p99: u64,
    p999: u64,
    max: u64,
}

impl<'a> Figures<'a> {
    fn of(config: &'a BenchConfig, tally: &'a Tally) -> Self {
        let latencies = &tally.latencies;
        let shortest = tally.shortest.unwrap_or_default().as_micros();
        Figures {
            method: &config.method,
            target: config.url.as_str().trim_end_matches('/'),
            connections: config.connections,
            duration_s: tally.elapsed.as_secs_f64(),
            requests: tally.requests,
            errors: tally.errors,
            error_codes: &tally.error_codes,
            rps: tally.rps(),
            rate: config.rate,
            latency_us: Latency {
                min: u64::try_from(shortest).unwrap_or(u64::MAX),
                mean: latencies.mean_us(),
                p50: latencies.per_mille_us(500),
                p90: latencies.per_mille_us(900),
                p99: latencies.per_mille_us(990),
                p999: latencies.per_mille_us(999),
                max: latencies.max_us(),
            },
        }
    }

    fn table(&self, tally: &Tally) -> String {
        let loop_kind = match self.rate {
            Some(rate) => format!("open loop at {rate}/s, latencies from the intended start"),
            None => "closed loop".into(),
        };
        let mut text = format!("{} at {}\n{} connections, {loop_kind}\n\n", self.method, self.target, self.connections);
        let mut row = |name: &str, value: String| {
            // A string takes everything.
            let _ = writeln!(text, "  {name:<10} {value:>14}");
        };
        row("duration", format!("{:.2} s", self.duration_s));
        row("requests", grouped(self.requests));
        row("rate", format!("{}/s", rate(self.rps)));
        row("errors", grouped(self.errors));
        self.error_codes.iter().for_each(|(code, count)| row(&format!("  {code}"), grouped(*count)));
        let us = |us| latency(Duration::from_micros(us));
        row("min", us(self.latency_us.min));
        row("mean", us(self.latency_us.mean));
        SHARES.iter().for_each(|(name, share)| row(name, us(tally.latencies.per_mille_us(*share))));
        row("max", us(self.latency_us.max));
        text
    }
}
