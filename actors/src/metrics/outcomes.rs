//! How calls ended, by error code. The codes of the error table have a count each; a script's own share one, since a
//! script can throw any number.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::Code;

/// The codes that have a count of their own.
const CODES: [Code; 19] = [
    Code::PARSE_ERROR,
    Code::INVALID_REQUEST,
    Code::METHOD_NOT_FOUND,
    Code::INVALID_PARAMS,
    Code::INTERNAL,
    Code::SCRIPT,
    Code::TIMEOUT,
    Code::RATE_LIMITED,
    Code::OVERLOADED,
    Code::NO_NODE,
    Code::UNREACHABLE,
    Code::TOO_LARGE,
    Code::REGISTRATION_REFUSED,
    Code::UNAUTHORIZED,
    Code::LIMIT_EXCEEDED,
    Code::IDEMPOTENCY_CONFLICT,
    Code::DEPTH_EXCEEDED,
    Code::NOT_SERIALISABLE,
    Code::CANCELLED,
];

/// The label of all other codes.
pub const OTHER: &str = "other";

/// One for each code, then the others, then results.
const SLOTS: usize = CODES.len() + 2;
const OTHERS: usize = CODES.len();
const RESULTS: usize = CODES.len() + 1;

fn slot(error: Option<Code>) -> usize {
    match error {
        None => RESULTS,
        Some(code) => CODES.iter().position(|known| *known == code).unwrap_or(OTHERS),
    }
}

/// Counts of results and of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcomes([u64; SLOTS]);

impl Default for Outcomes {
    fn default() -> Self {
        Outcomes([0; SLOTS])
    }
}

impl Outcomes {
    /// Counts one more: a result, or an error of this code.
    pub fn record(&mut self, error: Option<Code>) {
        self.0[slot(error)] += 1;
    }

    /// Calls that gave a result.
    pub fn results(&self) -> u64 {
        self.0[RESULTS]
    }

    /// Calls that gave an error.
    pub fn errors(&self) -> u64 {
        self.0[..RESULTS].iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Both.
    pub fn calls(&self) -> u64 {
        self.results().saturating_add(self.errors())
    }

    /// The errors that there were, by code.
    pub fn error_codes(&self) -> BTreeMap<String, u64> {
        let label = |slot: usize| CODES.get(slot).map_or_else(|| OTHER.to_owned(), |code| code.0.to_string());
        let counts = self.0[..RESULTS].iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(slot, count)| (label(slot), *count)).collect()
    }

    /// What `results` and `error_codes` have told; codes that are not known count among the others.
    pub fn told(results: u64, error_codes: &BTreeMap<String, u64>) -> Outcomes {
        let mut outcomes = Outcomes::default();
        outcomes.0[RESULTS] = results;
        for (label, count) in error_codes {
            let slot = label.parse().map_or(OTHERS, |code| slot(Some(Code(code))));
            outcomes.0[slot] = outcomes.0[slot].saturating_add(*count);
        }
        outcomes
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Outcomes) {
        for (own, more) in self.0.iter_mut().zip(other.0) {
            *own = own.saturating_add(more);
        }
    }

    /// What has come since it was `earlier`.
    pub fn since(&self, earlier: &Outcomes) -> Outcomes {
        Outcomes(std::array::from_fn(|slot| self.0[slot].saturating_sub(earlier.0[slot])))
    }
}

/// Written without locks.
#[derive(Debug)]
pub(super) struct AtomicOutcomes([AtomicU64; SLOTS]);

impl AtomicOutcomes {
    pub(super) const fn new() -> Self {
        AtomicOutcomes([const { AtomicU64::new(0) }; SLOTS])
    }

    pub(super) fn record(&self, error: Option<Code>) {
        self.0[slot(error)].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_to(&self, into: &mut Outcomes) {
        let counts = std::array::from_fn(|slot| self.0[slot].load(Ordering::Relaxed));
        into.add(&Outcomes(counts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_table_have_counts_of_their_own_and_the_rest_share_one() {
        let atomic = AtomicOutcomes::new();
        for error in [None, Some(Code::TIMEOUT), Some(Code::TIMEOUT), Some(Code(7)), Some(Code(-9))] {
            atomic.record(error);
        }
        let mut outcomes = Outcomes::default();
        atomic.add_to(&mut outcomes);
        assert_eq!((outcomes.results(), outcomes.errors(), outcomes.calls()), (1, 4, 5));
        let codes = BTreeMap::from([("-32001".to_owned(), 2), (OTHER.to_owned(), 2)]);
        assert_eq!(outcomes.error_codes(), codes);
        assert_eq!(Outcomes::told(1, &codes), outcomes);
        let mut later = outcomes;
        later.record(Some(Code::TIMEOUT));
        assert_eq!(later.since(&outcomes), Outcomes::told(0, &BTreeMap::from([("-32001".to_owned(), 1)])));
    }

    #[test]
    fn strange_labels_are_among_the_others() {
        let told = Outcomes::told(0, &BTreeMap::from([("x".to_owned(), 3), ("-1".to_owned(), u64::MAX)]));
        assert_eq!(told.error_codes(), BTreeMap::from([(OTHER.to_owned(), u64::MAX)]));
    }
}
