use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::protocol::{PeerUrl, Span};

fn span(trace_id: u128, span_id: u64, parent_id: u64, start_us: u64, total_us: u64) -> Span {
    Span {
        trace_id,
        span_id,
        parent_id,
        method: format!("m{}", trace_id % 3).into(),
        node: PeerUrl::parse(&format!("http://node:{}", span_id % 2 + 1)).ok(),
        start_us,
        total_us,
        times: None,
        attempts: 1,
        error: span_id.is_multiple_of(5).then_some(-32000),
    }
}

/// The order as span ids with depths.
fn drawn(spans: &[Span]) -> Vec<(u64, usize)> {
    in_order(spans).into_iter().map(|(index, depth)| (spans[index].span_id, depth)).collect()
}

#[test]
fn callers_come_before_what_they_called_and_siblings_by_time() {
    let spans = [span(1, 4, 2, 30, 1), span(1, 3, 1, 40, 1), span(1, 2, 1, 20, 15), span(1, 1, 9, 10, 90)];
    assert_eq!(drawn(&spans), [(1, 0), (2, 1), (4, 2), (3, 1)]);
}

#[test]
fn calls_whose_callers_are_missing_and_circles_stand_at_the_top() {
    let orphans = [span(1, 4, 8, 30, 1), span(1, 5, 4, 31, 1), span(1, 6, 7, 10, 1)];
    assert_eq!(drawn(&orphans), [(6, 0), (4, 0), (5, 1)]);
    let own_caller = [span(1, 4, 4, 30, 1)];
    assert_eq!(drawn(&own_caller), [(4, 0)]);
    let circle = [span(1, 1, 2, 10, 1), span(1, 2, 1, 20, 1), span(1, 3, 2, 30, 1)];
    assert_eq!(drawn(&circle), [(1, 0), (2, 1), (3, 2)]);
    let twice = [span(1, 1, 0, 10, 5), span(1, 1, 0, 11, 1), span(1, 2, 1, 12, 1)];
    assert_eq!(drawn(&twice), [(1, 0), (2, 1), (1, 0)]);
}

#[test]
fn a_deep_chain_is_no_recursion() {
    let chain: Vec<Span> = (1..=100_000).map(|id| span(1, id, id - 1, id, 1)).collect();
    assert_eq!(in_order(&chain).last().map(|(_, depth)| *depth), Some(99_999));
}

const SMALL: Bounds = Bounds { traces: 16, spans: 64, spans_of_trace: 8, slow_traces: 6, slow_for_us: 1_000_000 };

#[test]
fn the_slowest_of_each_method_outlive_the_rest() {
    let mut ring = Ring::new(SMALL);
    // Of the methods m0, m1 and m2 in turn; only m1 has slow ones.
    for id in 1..=6 {
        ring.add(span(id, 1, 0, 0, if id % 3 == 1 { 5_000 } else { 50 }));
    }
    for id in 100..200 {
        ring.add(span(id, 1, 0, 10, 10));
    }
    for id in 1..=6 {
        assert!(ring.tree(id).is_some(), "{id} is among the two slowest of its method");
    }
    assert!(ring.tree(100).is_none() && ring.tree(199).is_some());
    let list = ring.list(3);
    assert_eq!(list.slowest.iter().map(|trace| trace.total_us).collect::<Vec<_>>(), [5_000, 5_000, 50]);
    assert_eq!(list.latest[0].trace_id, format!("{:032x}", 199));
    // What was slow an hour ago is forgotten as anything else.
    for id in 200..300 {
        ring.add(span(id, 1, 0, 2_000_000, 10));
    }
    assert!((1..=6).all(|id| ring.tree(id).is_none()));
}

#[test]
fn of_a_wide_trace_the_outermost_call_stays() {
    let mut ring = Ring::new(SMALL);
    for id in 2..=1_000 {
        ring.add(span(7, id, 1, 10, 5));
    }
    ring.add(span(7, 1, 0, 0, 100));
    let tree = ring.tree(7).expect("kept");
    assert_eq!((tree.spans.len(), tree.summary.calls, tree.dropped), (8, 1_000, 992));
    assert_eq!((tree.spans[0].depth, tree.spans[0].total_us, tree.summary.total_us), (0, 100, 100));
    assert!(tree.spans[1..].iter().all(|span| span.depth == 1));
    assert_eq!(tree.summary.errors, 200);
    assert_eq!(ring.list(1).dropped, 992);
}

#[test]
fn few_calls_are_all_measured_and_of_many_a_part() {
    let begin = Instant::now();
    let mut sampler = Sampler::default();
    let measured = |sampler: &mut Sampler, now: Instant, calls: u128| {
        // Trace ids as they are drawn: evenly spread.
        (1..=calls).filter(|id| sampler.takes_new(*id, now)).count()
    };
    assert_eq!(measured(&mut sampler, begin, 500), 500);
    assert_eq!(measured(&mut sampler, begin, 12_800), 100);
    assert_eq!(measured(&mut sampler, begin + Duration::from_secs(1), 500), 500);
    let more = (0..20_000).filter(|_| sampler.takes_more(begin + Duration::from_secs(2))).count();
    assert_eq!(more, 10_000);
    assert!(!sampler.takes_new(128, begin + Duration::from_secs(2)));
}

proptest! {
    #[test]
    fn a_tree_has_every_call_once_and_callers_first(
        edges in proptest::collection::vec((1_u64..40, 0_u64..40, 0_u64..100, 0_u64..100), 0..60),
    ) {
        let spans: Vec<Span> =
            edges.iter().map(|(id, parent, start, total)| span(1, *id, *parent, *start, *total)).collect();
        let order = in_order(&spans);
        let indexes: BTreeSet<usize> = order.iter().map(|(index, _)| *index).collect();
        prop_assert_eq!(indexes.len(), spans.len());
        prop_assert_eq!(order.len(), spans.len());
        // A call of depth n stands below the last one of depth n - 1, which is its caller.
        let mut above: Vec<u64> = Vec::new();
        for (index, depth) in order {
            prop_assert!(depth <= above.len());
            above.truncate(depth);
            if let Some(caller) = above.last() {
                prop_assert_eq!(spans[index].parent_id, *caller);
            }
            above.push(spans[index].span_id);
        }
    }

    #[test]
    fn the_ring_keeps_its_bounds_and_counts_what_it_keeps(
        calls in proptest::collection::vec((0_u128..40, 1_u64..30, 0_u64..3_000_000, 0_u64..5_000), 0..400),
    ) {
        let mut ring = Ring::new(SMALL);
        for (added, (trace, id, start, total)) in calls.iter().enumerate() {
            ring.add(span(*trace, *id, id / 2, *start, *total));
            let list = ring.list(100);
            prop_assert!(list.traces <= 16 && list.spans <= 64);
            prop_assert!(list.spans + list.dropped <= added as u64 + 1);
            prop_assert_eq!(list.latest.len() as u64, list.traces);
            prop_assert_eq!(&list.latest[0].trace_id, &format!("{trace:032x}"));
            let kept = list.latest.iter().map(|of| {
                let id = u128::from_str_radix(&of.trace_id, 16).expect("an id");
                ring.tree(id).map_or(0, |tree| tree.spans.len())
            });
            let kept: Vec<usize> = kept.collect();
            prop_assert!(kept.iter().all(|spans| (1..=8).contains(spans)));
            prop_assert_eq!(kept.iter().sum::<usize>() as u64, list.spans);
        }
    }
}
