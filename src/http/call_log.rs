//! What a call leaves behind: its figures, and a line in the log when it failed.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use log::Level;
use madrpc_actors::metrics::UNKNOWN;
use madrpc_actors::policy::log_rate::LogRate;
use madrpc_actors::protocol::{Call, CallError, CallResult, CallScope, Code, Short, TraceContext};
use madrpc_actors::traces::Opened;

use super::service::{CallRecorder, Service};
use crate::observe::latency;

/// Longest error and name in a log line, in bytes: both may be a caller's text.
const LONGEST_TEXT: usize = 2_000;
const LONGEST_NAME: usize = 100;

/// A call that has begun. Counts as failed if it is dropped before it finished: its client went away.
pub(super) struct Begun<'a, S: Service> {
    service: &'a S,
    method: &'a str,
    at: Instant,
    span: Option<Opened>,
    finished: bool,
}

impl<'a, S: Service> Begun<'a, S> {
    pub(super) fn new(service: &'a S, method: &'a str, at: Instant) -> Self {
        Begun { service, method, at, span: None, finished: false }
    }

    /// As a call of this scope, which may leave a span.
    pub(super) fn in_scope(mut self, scope: Option<&CallScope>) -> Self {
        self.span = scope.and_then(Opened::of);
        self
    }

    /// `trace` has the call's id in the log, unless it was refused before it had one.
    pub(super) fn finish(mut self, trace: Option<TraceContext>, result: &CallResult) {
        self.finished = true;
        finish(self.service, self.method, self.at, trace, result);
        record_span(self.service, self.span.as_ref(), self.method, Some(result));
    }
}

impl<S: Service> Drop for Begun<'_, S> {
    fn drop(&mut self) {
        if !self.finished {
            record(self.service, self.method, Some(Code::CANCELLED), self.at.elapsed());
            record_span(self.service, self.span.as_ref(), self.method, None);
        }
    }
}

/// The calls of a batch, by index. Those that have not finished when it is dropped count as failed.
pub(super) struct BegunBatch<S: Service> {
    service: S,
    at: Instant,
    open: Vec<Option<(String, TraceContext, Option<Opened>)>>,
}

impl<S: Service> BegunBatch<S> {
    pub(super) fn new(service: S, at: Instant, calls: &[Call]) -> Self {
        let begun = |call: &Call| Some((call.method.clone(), call.scope.trace, Opened::of(&call.scope)));
        BegunBatch { service, at, open: calls.iter().map(begun).collect() }
    }

    pub(super) fn finish(&mut self, index: usize, result: &CallResult) {
        if let Some((method, trace, span)) = self.open.get_mut(index).and_then(Option::take) {
            finish(&self.service, &method, self.at, Some(trace), result);
            record_span(&self.service, span.as_ref(), &method, Some(result));
        }
    }
}

impl<S: Service> Drop for BegunBatch<S> {
    fn drop(&mut self) {
        for (method, _, span) in self.open.iter().flatten() {
            record(&self.service, method, Some(Code::CANCELLED), self.at.elapsed());
            record_span(&self.service, span.as_ref(), method, None);
        }
    }
}

fn finish(service: &impl Service, method: &str, at: Instant, trace: Option<TraceContext>, result: &CallResult) {
    let (error, took) = (result.as_ref().err(), at.elapsed());
    let known = record(service, method, error.map(CallError::code), took);
    if let Some(error) = error {
        failed(known.unwrap_or(UNKNOWN), method, trace, took, error);
    }
}

/// `None`: it was given up.
fn record_span(service: &impl Service, span: Option<&Opened>, method: &str, result: Option<&CallResult>) {
    match (span, result) {
        (Some(span), Some(result)) => service.tracer().finish(span, method, result),
        (Some(span), None) => service.tracer().give_up(span, method),
        (None, _) => {}
    }
}

/// Gives the name back if some node has registered it.
fn record<'a>(service: &impl Service, method: &'a str, error: Option<Code>, took: Duration) -> Option<&'a str> {
    let recorder: &dyn CallRecorder = service.recorder();
    let known = service.knows_method(method).then_some(method);
    recorder.record(known, error, took);
    known
}

/// As `failed`, for a method of the system.
pub(super) fn builtin_failed(method: &str, trace: TraceContext, at: Instant, error: &CallError) {
    failed("(built-in)", method, Some(trace), at.elapsed(), error);
}

thread_local! {
    static RATE: RefCell<LogRate> = RefCell::default();
}

/// Writes the line about a failure: a warning when the cluster failed, information when the caller or the script did. Who
/// calls too often does not fill the log, and of many failures of one `kind` of call it gets some.
fn failed(kind: &str, method: &str, trace: Option<TraceContext>, took: Duration, error: &CallError) {
    let ours = error.meaning().breaker_counts
        || matches!(error.kind(), CallError::Overloaded | CallError::Draining | CallError::NoNode);
    let level = match error {
        _ if ours => Level::Warn,
        CallError::RateLimited { .. } => Level::Debug,
        _ => Level::Info,
    };
    if !log::log_enabled!(level) {
        return;
    }
    let code = error.code().0;
    let Some(left_out) = RATE.with_borrow_mut(|rate| rate.take(code, kind, Instant::now())) else { return };
    let (trace, span) = trace.map_or((0, 0), |trace| (trace.trace_id, trace.span_id));
    let (request, trace, method) =
        (format!("{span:016x}"), format!("{trace:032x}"), Short::line(method, LONGEST_NAME).to_string());
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let more = if left_out > 0 { format!(" ({left_out} like it were left out)") } else { String::new() };
    log::log!(
        level,
        request = request.as_str(), trace = trace.as_str(), method = method.as_str(), code = code, duration_us = took_us,
        left_out = left_out;
        "call {request} {method:?} failed after {}: {}{more} trace={trace}",
        latency(took),
        Short::line(error, LONGEST_TEXT)
    );
}
