//! Which nodes do so much worse than their peers that they get no calls for a while.
//!
//! Peers are nodes with the same methods and tags: only their figures can be compared.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use super::tally::Figures;

/// How often nodes are compared.
pub const LOOK: Duration = Duration::from_secs(2);

/// Looks that are judged together: what happened in the last ten seconds.
const LOOKS: usize = 5;

/// A node with fewer calls than this within them has shown nothing.
const MIN_CALLS: u64 = 30;

/// With one peer, nobody could say which of two latencies is the normal one.
const MIN_PEERS_OF_SLOW: usize = 2;

/// Failing by so much more than its peers makes an outlier. What all nodes fail alike is no node's fault.
const TOO_MANY_FAILURES: f64 = 0.3;

/// Taking so many times longer than its peers does, too, and so much longer.
const TOO_SLOW: f64 = 8.0;
const TOO_SLOW_BY: Duration = Duration::from_millis(20);

/// The first ejection; each further one is longer by this, up to ten times.
const EJECTION: Duration = Duration::from_secs(30);
const LONGEST: u32 = 10;

/// How many of `nodes` may be ejected at once: a third, and one of two. Those that are left have to bear the load of all,
/// and where many do badly, it is not the nodes.
pub fn most_ejected(nodes: usize) -> usize {
    match nodes {
        0 | 1 => 0,
        2 => 1,
        nodes => nodes / 3,
    }
}

/// What makes a node an outlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outlier {
    /// Its calls fail more often.
    Failing(Figures),
    /// They take longer; with the latency of its peers.
    Slow(Figures, Duration),
}

impl fmt::Display for Outlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outlier::Failing(own) => write!(f, "{} of {} calls failed", own.failed, own.calls()),
            Outlier::Slow(own, peers) => {
                write!(f, "its calls take {:.1?} and those of its peers {peers:.1?}", own.latency())
            }
        }
    }
}

/// Compares each of `peers` with the others.
pub fn outliers(peers: &[Figures]) -> Vec<Option<Outlier>> {
    let all: Figures = peers.iter().copied().sum();
    let telling = peers.iter().filter(|figures| figures.worked >= MIN_CALLS).count();
    let judge = |own: &Figures| {
        let others = all - *own;
        if own.calls() < MIN_CALLS || others.calls() < MIN_CALLS {
            return None;
        }
        if own.failure_rate() - others.failure_rate() >= TOO_MANY_FAILURES {
            return Some(Outlier::Failing(*own));
        }
        // This one is among the telling ones.
        if own.worked < MIN_CALLS || telling <= MIN_PEERS_OF_SLOW {
            return None;
        }
        let (latency, usual) = (own.latency(), others.latency());
        let slow = latency >= usual.mul_f64(TOO_SLOW) && latency >= usual + TOO_SLOW_BY;
        slow.then_some(Outlier::Slow(*own, usual))
    };
    peers.iter().map(judge).collect()
}

/// A node's figures of the last looks, and its ejections.
#[derive(Debug, Default)]
pub struct Conduct {
    looks: VecDeque<Figures>,
    ejected: Option<(Instant, Outlier)>,
    /// Ejections that are not forgiven yet.
    times: u32,
    /// When the last one ended.
    ended: Option<Instant>,
}

impl Conduct {
    /// Takes in what happened since the last look.
    pub fn look(&mut self, fresh: Figures) {
        if self.looks.len() == LOOKS {
            self.looks.pop_front();
        }
        self.looks.push_back(fresh);
    }

    /// What is judged.
    pub fn figures(&self) -> Figures {
        self.looks.iter().copied().sum()
    }

    /// Why it is ejected, if so.
    pub fn ejected(&self) -> Option<Outlier> {
        self.ejected.map(|(_, outlier)| outlier)
    }

    /// Ejects it for the time that is returned. Each ejection is forgiven after as much good conduct as the first one
    /// lasts.
    pub fn eject(&mut self, outlier: Outlier, now: Instant) -> Duration {
        let good = self.ended.map_or(Duration::ZERO, |ended| now.saturating_duration_since(ended));
        let forgiven = u32::try_from(good.as_secs() / EJECTION.as_secs()).unwrap_or(u32::MAX);
        self.times = (self.times.saturating_sub(forgiven) + 1).min(LONGEST);
        let length = EJECTION * self.times;
        self.ejected = Some((now + length, outlier));
        length
    }

    /// Ends an ejection that is over. True if there was one.
    pub fn readmit(&mut self, now: Instant) -> bool {
        let is_over = self.ejected.is_some_and(|(until, _)| until <= now);
        if is_over {
            *self = Conduct { times: self.times, ended: Some(now), ..Conduct::default() };
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tally::Tally;
    use super::*;

    fn figures(worked: u64, failed: u64, millis: u64) -> Figures {
        let tally = Tally::default();
        (0..worked).for_each(|_| tally.worked(Duration::from_millis(millis)));
        (0..failed).for_each(|_| tally.failed());
        tally.take()
    }

    fn kinds(peers: &[Figures]) -> String {
        let kind = |outlier: Option<Outlier>| match outlier {
            None => '-',
            Some(Outlier::Failing(_)) => 'f',
            Some(Outlier::Slow(..)) => 's',
        };
        outliers(peers).into_iter().map(kind).collect()
    }

    #[test]
    fn who_fails_more_than_its_peers_is_an_outlier() {
        let good = figures(100, 0, 1);
        assert_eq!(kinds(&[figures(20, 20, 1), good]), "f-");
        assert_eq!(kinds(&[figures(80, 20, 1), good]), "--", "some failures are nothing");
        assert_eq!(kinds(&[figures(20, 20, 1), figures(60, 40, 1), figures(60, 40, 1)]), "---", "nobody's fault");
        assert_eq!(kinds(&[figures(0, 29, 1), good]), "--", "too few calls to tell");
        assert_eq!(kinds(&[figures(0, 100, 1), figures(1, 0, 1)]), "--", "nobody to compare with");
        assert_eq!(kinds(&[figures(0, 100, 1)]), "-");
        assert_eq!(kinds(&[]), "");
    }

    #[test]
    fn who_is_many_times_slower_is_an_outlier() {
        let quick = figures(1000, 0, 10);
        assert_eq!(kinds(&[figures(40, 0, 100), quick, quick]), "s--");
        assert_eq!(kinds(&[figures(40, 0, 60), quick, quick]), "---");
        assert_eq!(kinds(&[figures(40, 0, 100), quick]), "--", "which of the two is the slow one?");
        assert_eq!(kinds(&[figures(40, 0, 100), quick, figures(29, 0, 10)]), "---");
        assert_eq!(kinds(&[figures(29, 0, 100), quick, quick]), "---");
        let very_quick = figures(1000, 0, 1);
        assert_eq!(kinds(&[figures(40, 0, 15), very_quick, very_quick]), "---", "nobody notices 15 ms");
    }

    #[test]
    fn most_of_a_cluster_stays() {
        assert_eq!([0, 1, 2, 3, 5, 6, 100].map(most_ejected), [0, 0, 1, 1, 1, 2, 33]);
    }

    #[test]
    fn ejections_grow_end_and_are_forgiven() {
        let mut now = Instant::now();
        let (mut conduct, outlier) = (Conduct::default(), Outlier::Failing(figures(20, 20, 1)));
        for expected in [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300] {
            conduct.look(figures(20, 20, 1));
            let length = conduct.eject(outlier, now);
            assert_eq!(length.as_secs(), expected);
            now += length;
            assert!(!conduct.readmit(now - Duration::from_millis(1)));
            assert_eq!(conduct.ejected(), Some(outlier));
            assert!(conduct.readmit(now) && !conduct.readmit(now));
            assert_eq!((conduct.ejected(), conduct.figures()), (None, Figures::default()));
        }
        now += Duration::from_secs(8 * 30);
        assert_eq!(conduct.eject(outlier, now).as_secs(), 90);
        assert_eq!(outlier.to_string(), "20 of 40 calls failed");
        let slow = Outlier::Slow(figures(40, 0, 1200), Duration::from_millis(10));
        assert_eq!(slow.to_string(), "its calls take 1.2s and those of its peers 10.0ms");
    }

    #[test]
    fn ten_seconds_are_judged() {
        let mut conduct = Conduct::default();
        (0..20).for_each(|_| conduct.look(figures(10, 1, 1)));
        assert_eq!((conduct.figures().worked, conduct.figures().failed), (50, 5));
    }

    proptest! {
        #[test]
        fn equals_are_never_outliers(count in 1usize..50, worked in 0u64..200, failed in 0u64..200, millis in 0u64..1000) {
            let peers = vec![figures(worked, failed, millis); count];
            prop_assert!(outliers(&peers).iter().all(Option::is_none));
        }

        #[test]
        fn the_best_is_never_an_outlier(peers in prop::collection::vec((30u64..100, 0u64..100, 1u64..1000), 2..20)) {
            let figures: Vec<Figures> = peers.iter().map(|(worked, failed, ms)| figures(*worked, *failed, *ms)).collect();
            let verdicts = outliers(&figures);
            let least = |by: &dyn Fn(&Figures) -> f64| {
                (0..figures.len()).min_by(|a, b| by(&figures[*a]).total_cmp(&by(&figures[*b]))).expect("some")
            };
            let surest = least(&Figures::failure_rate);
            prop_assert!(!matches!(verdicts[surest], Some(Outlier::Failing(_))));
            let fastest = least(&|figures| figures.latency().as_secs_f64());
            prop_assert!(!matches!(verdicts[fastest], Some(Outlier::Slow(..))));
        }
    }
}
