use std::sync::Mutex;

use super::*;

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) outcomes: Mutex<Vec<Outcome>>,
    pub(crate) suspicions: AtomicUsize,
    pub(crate) deaf: AtomicBool,
}

impl NodeEvents for Arc<Told> {
    fn outcome(&self, outcome: Outcome) -> bool {
        self.outcomes.lock().expect("one thread").push(outcome);
        !self.deaf.load(Ordering::Relaxed)
    }
    fn suspect(&self) -> bool {
        self.suspicions.fetch_add(1, Ordering::Relaxed);
        !self.deaf.load(Ordering::Relaxed)
    }
    fn renewed(&self) {}
}

pub(crate) fn node(id: u64) -> (Arc<NodeEntry>, Arc<BreakerFlags>, Arc<Told>) {
    let (flags, told) = (Arc::new(BreakerFlags::default()), Arc::new(Told::default()));
    let url = PeerUrl::parse(&format!("http://10.0.0.1:{}", 1 + id % 60_000)).expect("valid");
    let entry = NodeEntry::new(NodeId(id), url, flags.clone(), Box::new(told.clone()), Instant::now());
    (Arc::new(entry), flags, told)
}

#[test]
fn successes_are_told_only_to_a_breaker_that_listens() {
    let (entry, flags, told) = node(1);
    let now = Instant::now();
    Picked::new(entry.clone(), false, now).settle(Verdict::Worked, now);
    Picked::new(entry.clone(), false, now).settle(Verdict::Nothing, now);
    assert!(told.outcomes.lock().expect("lock").is_empty());
    Picked::new(entry.clone(), false, now).settle(Verdict::Failed, now);
    assert!(flags.attention.load(Ordering::Relaxed));
    Picked::new(entry.clone(), false, now).settle(Verdict::Worked, now);
    let successes: Vec<bool> = told.outcomes.lock().expect("lock").iter().map(|o| o.success).collect();
    assert_eq!(successes, [false, true]);
    assert_eq!(entry.inflight(), 0);
}

#[test]
fn there_is_one_probe_and_it_comes_back_without_an_outcome() {
    let (entry, flags, told) = node(1);
    let now = Instant::now();
    let probe = Picked::probe(&entry, false, now).expect("free");
    assert!(Picked::probe(&entry, false, now).is_none());
    assert_eq!(entry.inflight(), 1);
    drop(probe);
    Picked::probe(&entry, false, now).expect("given back").settle(Verdict::Nothing, now);
    let probe = Picked::probe(&entry, false, now).expect("given back");
    probe.settle(Verdict::Worked, now);
    assert!(flags.take_probe().is_none(), "the breaker decides about the next one");
    assert!(told.outcomes.lock().expect("lock")[0].probe);
    flags.free_probe();
    told.deaf.store(true, Ordering::Relaxed);
    Picked::probe(&entry, false, now).expect("free").settle(Verdict::Failed, now);
    assert!(flags.take_probe().is_some(), "nobody heard of it");
}

#[test]
fn a_probe_of_a_breaker_that_has_begun_anew_is_a_call_like_others() {
    let (entry, flags, told) = node(1);
    let now = Instant::now();
    let probe = || Picked::probe(&entry, false, now);
    let former = probe().expect("free");
    flags.free_probe();
    let present = probe().expect("free");
    drop(former);
    assert!(probe().is_none(), "the present one is under way");
    flags.free_probe();
    present.settle(Verdict::Failed, now);
    assert_eq!(told.outcomes.lock().expect("lock")[..], [Outcome { success: false, probe: false }]);
}

#[test]
fn many_failures_ask_for_one_check() {
    let (entry, _, told) = node(1);
    let now = Instant::now();
    (0..5).for_each(|_| Picked::new(entry.clone(), false, now).suspect());
    assert_eq!(told.suspicions.load(Ordering::Relaxed), 1);
    entry.clear_suspicion();
    Picked::new(entry, false, now).suspect();
    assert_eq!(told.suspicions.load(Ordering::Relaxed), 2);
}

#[test]
fn calls_are_timed_and_counted_by_their_verdict() {
    let (entry, _, _) = node(1);
    let start = Instant::now();
    let after = |millis| start + Duration::from_millis(millis);
    let settle = |verdict, millis| Picked::new(entry.clone(), false, start).settle(verdict, after(millis));
    settle(Verdict::Failed, 1);
    assert_eq!(entry.latency(after(1)), None);
    settle(Verdict::Worked, 20);
    assert_eq!(entry.latency(after(20)), Some(20_000.0));
    settle(Verdict::Nothing, 21);
    assert_eq!(entry.latency(after(21)), Some(21_000.0), "it was no quicker than that");
    drop(Picked::new(entry.clone(), false, start));
    let figures = entry.take_figures();
    assert_eq!((figures.worked, figures.failed), (1, 1));
    entry.renew();
    assert_eq!(entry.latency(after(21)), None);
}

/// What the breaker hears of calls that are sent at once and end so, a second later.
fn failures(verdicts: &[Verdict], meanwhile: impl Fn(&NodeEntry, Instant)) -> usize {
    let (entry, _, told) = node(1);
    let now = Instant::now() + Duration::from_secs(1);
    let picked: Vec<Picked> = verdicts.iter().map(|_| Picked::new(entry.clone(), false, now)).collect();
    meanwhile(&entry, now + Duration::from_millis(500));
    for (picked, verdict) in picked.into_iter().zip(verdicts) {
        picked.settle(*verdict, now + Duration::from_secs(1));
    }
    let outcomes = told.outcomes.lock().expect("lock");
    outcomes.iter().filter(|outcome| !outcome.success).count()
}

#[test]
fn calls_that_are_lost_together_are_one_failure() {
    assert_eq!(failures(&[Verdict::Lost; 20], |_, _| ()), 1);
    let (entry, _, told) = node(1);
    let begun = Instant::now();
    let at = |ms| begun + Duration::from_millis(ms);
    for (sent, lost) in [(0, 50), (10, 60), (60, 80), (70, 90), (90, 100)] {
        Picked::new(entry.clone(), false, at(sent)).settle(Verdict::Lost, at(lost));
    }
    assert_eq!(told.outcomes.lock().expect("lock").len(), 3);
    assert_eq!(entry.take_figures().failed, 5, "compared with its peers, each counts");
}

#[test]
fn a_probe_that_is_lost_has_failed_whatever_was_lost_since_it_left() {
    let (entry, _, told) = node(1);
    let begun = Instant::now();
    let at = |ms| begun + Duration::from_millis(ms);
    let probe = Picked::probe(&entry, false, at(0)).expect("free");
    Picked::new(entry.clone(), false, at(0)).settle(Verdict::Lost, at(50));
    probe.settle(Verdict::Lost, at(60));
    let told = told.outcomes.lock().expect("lock");
    assert_eq!(told[..], [false, true].map(|probe| Outcome { success: false, probe }));
}

#[test]
fn who_was_heard_of_meanwhile_is_slow_and_not_silent() {
    assert_eq!(failures(&[Verdict::Silent; 3], |_, _| ()), 3);
    assert_eq!(failures(&[Verdict::Silent; 3], |entry, now| entry.heard(now)), 0);
    assert_eq!(failures(&[Verdict::Worked, Verdict::Silent], |_, _| ()), 0, "it has answered another call");
}
