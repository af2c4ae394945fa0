use super::*;
use crate::protocol::Code;
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn shards_add_up() {
    let metrics = Metrics::new();
    let (one, two) = (metrics.recorder(), metrics.recorder());
    one.record(Some("add"), None, MS);
    one.record(Some("add"), Some(Code::SCRIPT), 3 * MS);
    two.record(Some("add"), None, 2 * MS);
    two.record(None, Some(Code::METHOD_NOT_FOUND), MS);
    let snapshot = metrics.snapshot();
    assert_eq!((snapshot.total_requests, snapshot.successful_requests, snapshot.failed_requests), (4, 2, 2));
    let add = &snapshot.methods["add"];
    assert_eq!((add.call_count, add.success_count, add.failure_count), (3, 2, 1));
    assert_eq!(
        (add.latency.avg_latency_us, add.latency.max_latency_us, add.latency.p99_latency_us),
        (2_000, 3_000, 3_000)
    );
    assert_eq!(snapshot.methods[UNKNOWN].failure_count, 1);
    assert_eq!((metrics.totals().calls(), metrics.totals().errors()), (4, 2));
    let codes = [("-32000", 1), ("-32601", 1)].map(|(code, count)| (code.to_owned(), count));
    assert_eq!(snapshot.error_codes, BTreeMap::from(codes));
}

#[test]
fn labels_are_bounded_across_shards() {
    let metrics = Metrics::new();
    let (one, two) = (metrics.recorder(), metrics.recorder());
    for index in 0..MAX_METHODS + 50 {
        let recorder = if index % 2 == 0 { &one } else { &two };
        recorder.record(Some(&format!("m{index}")), None, MS);
    }
    // Names that have a label keep it on every shard.
    two.record(Some("m0"), None, MS);
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot.methods.len(), MAX_METHODS + 1);
    assert_eq!(snapshot.methods[UNKNOWN].call_count, 50);
    assert_eq!(snapshot.methods["m0"].call_count, 2);
    assert_eq!(snapshot.total_requests, (MAX_METHODS + 51) as u64);
}

#[test]
fn an_interval_holds_what_came_since_the_last_one() {
    let metrics = Metrics::new();
    let recorder = metrics.recorder();
    recorder.record(Some("early"), None, 100 * MS);
    let mut reader = metrics.interval();
    let start = reader.since;
    for _ in 0..99 {
        recorder.record(Some("add"), None, MS);
    }
    recorder.record(None, Some(Code::METHOD_NOT_FOUND), 50 * MS);
    let first = reader.take(start + Duration::from_secs(2));
    assert_eq!((first.outcomes.calls(), first.rate()), (100, 50.0));
    let within_1_percent = |got: Option<Duration>, true_value: Duration| {
        got.is_some_and(|got| got >= true_value && got <= true_value.mul_f64(1.01))
    };
    assert!(within_1_percent(first.p50, MS), "{first:?}");
    assert!(within_1_percent(first.p99, MS), "{first:?}");
    let second = reader.take(start + Duration::from_secs(3));
    assert_eq!((second.outcomes.calls(), second.p50, second.elapsed), (0, None, Duration::from_secs(1)));
    recorder.record(None, Some(Code::METHOD_NOT_FOUND), 50 * MS);
    assert!(within_1_percent(reader.take(start + Duration::from_secs(4)).p50, 50 * MS));
}

#[test]
fn out_of_range_latencies_saturate() {
    let metrics = Metrics::new();
    let recorder = metrics.recorder();
    recorder.record(Some("none"), None, Duration::ZERO);
    recorder.record(Some("long"), None, Duration::MAX);
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot.methods["none"].latency.p50_latency_us, 0);
    let long = snapshot.methods["long"].latency;
    assert!(long.p99_latency_us >= LONGEST_US && long.p99_latency_us < LONGEST_US / 100 * 101);
    assert_eq!(long.max_latency_us, u64::MAX);
}

#[test]
fn what_the_parts_of_the_way_take_is_told_of_those_that_there_are() {
    let metrics = Metrics::new();
    metrics.recorder().hop(Hop::Queue, MS);
    metrics.recorder().hop(Hop::Queue, 3 * MS);
    metrics.recorder().hop(Hop::JavaScript, MS);
    let hops = metrics.snapshot().hops;
    assert_eq!(hops.keys().copied().collect::<Vec<_>>(), ["javascript", "queue"]);
    assert_eq!(hops["queue"].avg_latency_us, 2_000);
}

#[test]
fn connections_count_while_they_live() {
    let metrics = Metrics::new();
    let guard = metrics.connection();
    let other = std::thread::spawn({
        let metrics = metrics.clone();
        move || metrics.connection()
    });
    let other = other.join().expect("no panic");
    assert_eq!(metrics.snapshot().active_connections, 2);
    drop((guard, other));
    assert_eq!(metrics.snapshot().active_connections, 0);
}

#[test]
fn threads_past_the_last_shard_share() {
    let metrics = Metrics::new();
    for _ in 0..MAX_SHARDS + 3 {
        metrics.recorder().record(None, None, MS);
    }
    assert_eq!(metrics.shards().len(), MAX_SHARDS);
    assert_eq!(metrics.totals().calls(), (MAX_SHARDS + 3) as u64);
}

#[test]
fn the_snapshot_has_the_published_shape() {
    let metrics = Metrics::new();
    metrics.recorder().record(Some("add"), None, MS);
    // On two shards.
    metrics.recorder().event(EventMark::Delivered, 2);
    for mark in [EventMark::Published, EventMark::Delivered, EventMark::Dropped, EventMark::Handled, EventMark::Failed]
    {
        metrics.recorder().event(mark, 3 + mark as u64);
    }
    let mut snapshot = serde_json::to_value(metrics.snapshot()).expect("serialises");
    assert!(snapshot["uptime_ms"].is_u64());
    snapshot["uptime_ms"] = 0.into();
    assert_eq!(
        snapshot,
        serde_json::json!({
            "total_requests": 1, "successful_requests": 1, "failed_requests": 0, "error_codes": {}, "active_connections": 0, "uptime_ms": 0,
            "avg_latency_us": 1000, "p50_latency_us": 1000, "p95_latency_us": 1000, "p99_latency_us": 1000, "max_latency_us": 1000,
            "methods": {"add": {"call_count": 1, "success_count": 1, "failure_count": 0, "error_codes": {}, "avg_latency_us": 1000,
                "p50_latency_us": 1000, "p95_latency_us": 1000, "p99_latency_us": 1000, "max_latency_us": 1000}},
            "hops": {}, "recent": null, "nodes": null,
            "events": {"published": 3, "delivered": 6, "dropped": 5, "handlers": {"success_count": 6, "failure_count": 7}}
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn percentiles_are_exact_to_1_percent(latencies in prop::collection::vec((1..LONGEST_US, 0..3usize), 1..400)) {
        let metrics = Metrics::new();
        let recorders = [metrics.recorder(), metrics.recorder(), metrics.recorder()];
        for (us, shard) in &latencies {
            recorders[*shard].record(Some("m"), None, Duration::from_micros(*us));
        }
        let mut sorted: Vec<u64> = latencies.iter().map(|(us, _)| *us).collect();
        sorted.sort_unstable();
        let figures = metrics.snapshot().methods["m"].latency;
        for (percent, got) in
            [(50, figures.p50_latency_us), (95, figures.p95_latency_us), (99, figures.p99_latency_us), (100, figures.max_latency_us)]
        {
            // Nearest rank: the smallest value that at least this share of the calls does not exceed.
            let rank = (sorted.len() * percent).div_ceil(100);
            let exact = sorted[rank - 1];
            prop_assert!(got >= exact && got - exact <= exact / 100, "p{percent}: {got} for {exact}");
        }
    }
}
