//! HDR histograms: counts of latencies in buckets whose width grows with the value, so that each figure is exact to 1 %.
//!
//! Values are whole microseconds. Below 256 each has a bucket of its own; above, each power of two is cut into 128. One
//! kind is written by many threads without locks, the other is what readers add up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;
use std::time::Duration;

/// No call counts as longer than this (1 h, in microseconds), which bounds the number of buckets.
pub const LONGEST_US: u64 = 3_600_000_000;

/// Buckets of one segment: 1 kB, which a recording thread gets when it first needs one of them.
const SEGMENT: usize = 128;

const SEGMENT_BITS: u32 = SEGMENT.ilog2();

/// All buckets that there can be.
const BUCKETS: usize = bucket_of(LONGEST_US) + 1;

const SEGMENTS: usize = BUCKETS.div_ceil(SEGMENT);

/// The bucket that counts `us`.
#[allow(clippy::cast_possible_truncation, reason = "a bucket's number is below 3,400")]
const fn bucket_of(us: u64) -> usize {
    let us = if us > LONGEST_US { LONGEST_US } else { us };
    if us < 2 * SEGMENT as u64 {
        return us as usize;
    }
    let shift = us.ilog2() - SEGMENT_BITS;
    (us >> shift) as usize + shift as usize * SEGMENT
}

/// The highest value that the bucket counts.
fn top_of(bucket: usize) -> u64 {
    if bucket < 2 * SEGMENT {
        return bucket as u64;
    }
    let shift = bucket / SEGMENT - 1;
    let mantissa = (bucket - shift * SEGMENT) as u64;
    ((mantissa + 1) << shift) - 1
}

fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

fn nanos(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX)
}

type Segment = Box<[AtomicU64; SEGMENT]>;

/// Written without locks, by few threads; the buckets are made as they are needed.
#[derive(Debug)]
pub(super) struct AtomicHistogram {
    segments: [OnceLock<Segment>; SEGMENTS],
    sum_ns: AtomicU64,
    max_us: AtomicU64,
}

impl AtomicHistogram {
    pub(super) const fn new() -> Self {
        AtomicHistogram {
            segments: [const { OnceLock::new() }; SEGMENTS],
            sum_ns: AtomicU64::new(0),
            max_us: AtomicU64::new(0),
        }
    }

    pub(super) fn record(&self, latency: Duration) {
        let us = micros(latency);
        let bucket = bucket_of(us);
        let segment = self.segments[bucket / SEGMENT].get_or_init(|| Box::new([const { AtomicU64::new(0) }; SEGMENT]));
        segment[bucket % SEGMENT].fetch_add(1, Ordering::Relaxed);
        // Five centuries of latency: it does not wrap but for a latency that is no measurement.
        self.sum_ns.fetch_add(nanos(latency.min(Duration::from_micros(LONGEST_US))), Ordering::Relaxed);
        if us > self.max_us.load(Ordering::Relaxed) {
            self.max_us.fetch_max(us, Ordering::Relaxed);
        }
    }

    /// Adds what was counted so far to `into`.
    pub(super) fn add_to(&self, into: &mut Histogram) {
        for (number, segment) in self.segments.iter().enumerate() {
            let Some(segment) = segment.get() else { continue };
            for (place, count) in segment.iter().enumerate() {
                into.count(number * SEGMENT + place, count.load(Ordering::Relaxed));
            }
        }
        into.sum_ns = into.sum_ns.saturating_add(self.sum_ns.load(Ordering::Relaxed));
        into.max_us = into.max_us.max(self.max_us.load(Ordering::Relaxed));
    }
}

/// Latencies of calls. Percentiles are at most 1 % above the true ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Grows up to the longest latency.
    buckets: Vec<u64>,
    calls: u64,
    sum_ns: u64,
    max_us: u64,
}

impl Histogram {
    /// Counts one more.
    pub fn record(&mut self, latency: Duration) {
        self.count(bucket_of(micros(latency)), 1);
        self.sum_ns = self.sum_ns.saturating_add(nanos(latency.min(Duration::from_micros(LONGEST_US))));
        self.max_us = self.max_us.max(micros(latency));
    }

    fn count(&mut self, bucket: usize, calls: u64) {
        if calls == 0 {
            return;
        }
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] = self.buckets[bucket].saturating_add(calls);
        self.calls = self.calls.saturating_add(calls);
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Histogram) {
        for (bucket, calls) in other.buckets.iter().enumerate() {
            self.count(bucket, *calls);
        }
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// What has come since it was `earlier`. The longest is that of the whole time.
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let mut fresh = Histogram {
            sum_ns: self.sum_ns.saturating_sub(earlier.sum_ns),
            max_us: self.max_us,
            ..Histogram::default()
        };
        for (bucket, calls) in self.buckets.iter().enumerate() {
            fresh.count(bucket, calls.saturating_sub(earlier.buckets.get(bucket).copied().unwrap_or(0)));
        }
        fresh
    }

    /// How many it has counted.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Their sum.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns)
    }

    /// The longest, in microseconds; 0 where there is none.
    pub fn max_us(&self) -> u64 {
        self.max_us
    }

    /// The mean, in microseconds.
    pub fn mean_us(&self) -> u64 {
        self.sum_ns.checked_div(self.calls).unwrap_or(0) / 1_000
    }

    /// The latency, in microseconds, that this share of the calls, in thousandths, does not exceed; 0 where there is none.
    pub fn per_mille_us(&self, share: u64) -> u64 {
        let rank = u128::from(self.calls) * u128::from(share);
        let rank = rank.div_ceil(1_000).max(1);
        let mut seen = 0_u128;
        for (bucket, calls) in self.buckets.iter().enumerate() {
            seen += u128::from(*calls);
            if seen >= rank {
                // The upper edge of the last bucket may lie above the longest.
                return top_of(bucket).min(self.max_us);
            }
        }
        0
    }

    /// How many took `us` microseconds or less, to the precision of the buckets.
    pub fn up_to_us(&self, us: u64) -> u64 {
        let counted = self.buckets.iter().enumerate().take_while(|(bucket, _)| top_of(*bucket) <= us);
        counted.map(|(_, calls)| *calls).sum()
    }

    /// The buckets that have counted something. Where they are more than `most`, neighbours are taken together, which
    /// halves the precision as often as it must be.
    pub(super) fn compact(&self, most: usize) -> Vec<(u16, u64)> {
        let taken_together = |mask: usize| {
            let mut compact: Vec<(u16, u64)> = Vec::new();
            for (bucket, calls) in self.buckets.iter().enumerate().filter(|(_, calls)| **calls > 0) {
                let bucket = u16::try_from((bucket | mask).min(BUCKETS - 1)).unwrap_or(u16::MAX);
                match compact.last_mut() {
                    Some((last, sum)) if *last == bucket => *sum = sum.saturating_add(*calls),
                    _ => compact.push((bucket, *calls)),
                }
            }
            compact
        };
        let mut mask = 0;
        loop {
            let compact = taken_together(mask);
            if compact.len() <= most.max(1) {
                return compact;
            }
            mask = mask << 1 | 1;
        }
    }

    /// Adds what `compact` has made smaller, at a cost that grows with what is left. Buckets that there are not are left out.
    pub(super) fn add_compact(&mut self, buckets: &[(u16, u64)], sum_us: u64, max_us: u64) {
        for (bucket, calls) in buckets.iter().filter(|(bucket, _)| usize::from(*bucket) < BUCKETS) {
            self.count(usize::from(*bucket), *calls);
        }
        self.sum_ns = self.sum_ns.saturating_add(sum_us.saturating_mul(1_000));
        self.max_us = self.max_us.max(max_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut next = 0;
        for bucket in 0..BUCKETS {
            assert_eq!(bucket_of(next), bucket, "{next}");
            let top = top_of(bucket);
            assert_eq!(bucket_of(top.min(LONGEST_US)), bucket, "{top}");
            // A figure is the top of its bucket: what the lowest value in it may be off by.
            assert!(top - next <= next / 100, "{next}..={top}");
            next = top + 1;
        }
        assert!(next > LONGEST_US);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_of_100_000_known_samples_are_exact_to_1_percent() {
        let mut rng = fastrand::Rng::with_seed(6);
        // Log-normal, as latencies are: most below 2 ms, few of seconds.
        let mut normal = || (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        let mut samples: Vec<Duration> = Vec::new();
        let (atomic, mut plain) = (AtomicHistogram::new(), Histogram::default());
        for _ in 0..100_000 {
            let latency = Duration::from_secs_f64((900.0 * (1.3 * normal()).exp()) / 1e6);
            atomic.record(latency);
            plain.record(latency);
            samples.push(latency);
        }
        let mut merged = Histogram::default();
        atomic.add_to(&mut merged);
        assert_eq!(merged, plain);
        samples.sort_unstable();
        for share in [1_u64, 10, 100, 250, 500, 750, 900, 950, 990, 999, 1_000] {
            let rank = usize::try_from((100_000 * share).div_ceil(1_000)).expect("small");
            let (exact, got) = (micros(samples[rank - 1]), merged.per_mille_us(share));
            assert!(got >= exact && got - exact <= exact / 100, "{share} per mille: {got} for {exact}");
        }
        let mean = samples.iter().sum::<Duration>().as_micros() / 100_000;
        assert!(u128::from(merged.mean_us()).abs_diff(mean) <= 1, "{} for {mean}", merged.mean_us());
        assert_eq!(merged.calls(), 100_000);
    }

    #[test]
    fn what_is_compact_is_the_same_where_there_is_room_and_counts_as_many_where_there_is_none() {
        let mut histogram = Histogram::default();
        (0..5_000_u64).for_each(|n| histogram.record(Duration::from_micros(n * n)));
        let sum_us = u64::try_from(histogram.sum().as_micros()).expect("small");
        let again = |most| {
            let mut again = Histogram::default();
            again.add_compact(&histogram.compact(most), sum_us, histogram.max_us());
            again
        };
        assert_eq!(again(BUCKETS), histogram);
        for most in [400, 64, 1] {
            assert!(histogram.compact(most).len() <= most);
            assert_eq!(again(most).calls(), 5_000);
        }
        let (coarse, exact) = (again(400).per_mille_us(500), histogram.per_mille_us(500));
        assert!(coarse >= exact && coarse - exact <= exact / 10, "{coarse} for {exact}");
        let mut beyond = Histogram::default();
        beyond.add_compact(&[(u16::MAX, 7)], 0, 0);
        assert_eq!(beyond.calls(), 0);
    }

    #[test]
    fn calls_up_to_a_bound_are_counted() {
        let mut histogram = Histogram::default();
        [50, 100, 900, 5_000].into_iter().for_each(|us| histogram.record(Duration::from_micros(us)));
        let counts = [0, 50, 99, 100, 1_000, 10_000].map(|us| histogram.up_to_us(us));
        assert_eq!(counts, [0, 1, 1, 2, 3, 4]);
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Histogram::default().per_mille_us(990), 0);
        assert_eq!(Histogram::default().mean_us(), 0);
    }
}
