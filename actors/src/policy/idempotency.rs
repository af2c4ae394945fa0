//! What calls with an idempotency key came to, so that a repeat is answered without running again.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::protocol::{CallError, CallResult, IdempotencyKey, JsonText};

/// How long an outcome is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(600);

/// What is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Keys, of calls that run and of those that have ended.
    pub keys: usize,
    /// Bytes of outcomes and of their keys. Beyond either, the oldest outcomes are forgotten before their time.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { keys: 100_000, bytes: 128 << 20 }
    }
}

/// Bytes that an entry costs beside its texts.
const OVERHEAD: usize = 256;

/// Tells one call from another: a hash of method and params as they were written.
pub type Fingerprint = [u64; 2];

/// What is to be done with a call that has a key.
#[derive(Debug)]
pub enum Claim<W> {
    /// It is the first: run it, and say under this number what it came to.
    Run(u64),
    /// The first still runs; the waiter is kept.
    Wait(u64),
    /// The waiter gets this at once.
    Answer(W, CallResult),
}

/// The table. `W` is whoever waits for an outcome.
#[derive(Debug)]
pub struct Outcomes<W> {
    bounds: Bounds,
    entries: HashMap<IdempotencyKey, Entry<W>>,
    /// Those that have ended, in that order; numbers tell an entry from a later one with the same key.
    ended: VecDeque<(Instant, u64, IdempotencyKey)>,
    bytes: usize,
    next: u64,
}

#[derive(Debug)]
struct Entry<W> {
    number: u64,
    fingerprint: Fingerprint,
    state: State<W>,
}

#[derive(Debug)]
enum State<W> {
    Runs(Vec<(Instant, W)>),
    Ended(CallResult),
}

impl<W> Outcomes<W> {
    /// An empty table.
    pub fn new(bounds: Bounds) -> Self {
        Outcomes { bounds, entries: HashMap::new(), ended: VecDeque::new(), bytes: 0, next: 0 }
    }

    /// A call with `key` has come, and `waiter` waits for its outcome until `deadline`.
    ///
    /// Answers `IdempotencyConflict` when the key belongs to another call, and `Overloaded` when too many run.
    pub fn claim(
        &mut self,
        key: IdempotencyKey,
        fingerprint: Fingerprint,
        deadline: Instant,
        waiter: W,
        now: Instant,
    ) -> Claim<W> {
        self.forget(now, self.bounds.keys);
        if let Some(entry) = self.entries.get_mut(&key) {
            return match &mut entry.state {
                _ if entry.fingerprint != fingerprint => Claim::Answer(waiter, Err(CallError::IdempotencyConflict)),
                State::Ended(result) => Claim::Answer(waiter, result.clone()),
                State::Runs(waiters) => {
                    waiters.push((deadline, waiter));
                    Claim::Wait(entry.number)
                }
            };
        }
        self.forget(now, self.bounds.keys.saturating_sub(1));
        if self.entries.len() >= self.bounds.keys {
            return Claim::Answer(waiter, Err(CallError::Overloaded));
        }
        self.next += 1;
        let state = State::Runs(vec![(deadline, waiter)]);
        self.entries.insert(key, Entry { number: self.next, fingerprint, state });
        Claim::Run(self.next)
    }

    /// Shows the waiter for whom the call runs.
    pub fn first_waiter(&self, key: &IdempotencyKey, show: impl FnOnce(&W)) {
        if let Some(Entry { state: State::Runs(waiters), .. }) = self.entries.get(key) {
            if let Some((_, waiter)) = waiters.first() {
                show(waiter);
            }
        }
    }

    /// The call that was given `number` came to `result`, which is kept if running it again would be wrong. Gives
    /// those who wait for it.
    pub fn settle(&mut self, key: &IdempotencyKey, number: u64, result: &CallResult, now: Instant) -> Vec<W> {
        let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.number == number) else {
            return Vec::new();
        };
        let State::Runs(waiters) = &mut entry.state else { return Vec::new() };
        let waiters = std::mem::take(waiters);
        if is_functions_own(result) {
            entry.state = State::Ended(result.clone());
            self.bytes += size(key, result);
            self.ended.push_back((now, number, key.clone()));
            self.forget(now, self.bounds.keys);
        } else {
            self.entries.remove(key);
        }
        waiters.into_iter().map(|(_, waiter)| waiter).collect()
    }

    /// Takes out those whose time is up while the call that was given `number` still runs.
    pub fn overdue(&mut self, key: &IdempotencyKey, number: u64, now: Instant) -> Vec<W> {
        let entry = self.entries.get_mut(key).filter(|entry| entry.number == number);
        let Some(State::Runs(waiters)) = entry.map(|entry| &mut entry.state) else { return Vec::new() };
        let all = std::mem::take(waiters);
        let (late, waiting): (Vec<_>, Vec<_>) = all.into_iter().partition(|(deadline, _)| *deadline <= now);
        *waiters = waiting;
        late.into_iter().map(|(_, waiter)| waiter).collect()
    }

    /// Forgets what is too old, and as many of the oldest as it takes to keep `keys` keys and the bytes.
    fn forget(&mut self, now: Instant, keys: usize) {
        while let Some((at, number, _)) = self.ended.front() {
            let old = now.saturating_duration_since(*at) >= KEPT_FOR;
            if !old && self.entries.len() <= keys && self.bytes <= self.bounds.bytes {
                return;
            }
            let number = *number;
            let Some((_, _, key)) = self.ended.pop_front() else { return };
            if self.entries.get(&key).is_some_and(|entry| entry.number == number) {
                if let Some(Entry { state: State::Ended(result), .. }) = self.entries.remove(&key) {
                    self.bytes -= size(&key, &result);
                }
            }
        }
    }
}

fn size(key: &IdempotencyKey, result: &CallResult) -> usize {
    let text = match result {
        Ok(text) => text.len(),
        Err(CallError::Remote(remote)) => remote.object.len(),
        Err(CallError::Script(error)) => error.message.len() + error.data.as_ref().map_or(0, JsonText::len),
        Err(_) => 0,
    };
    OVERHEAD + 2 * key.key.len() + text
}

/// Whether the function itself came to this: then it has had its effect, and must not run again. Whatever else went
/// wrong may go right the next time.
pub fn is_functions_own(result: &CallResult) -> bool {
    use crate::protocol::Code;
    match result.as_ref().map_err(CallError::kind) {
        Ok(_) | Err(CallError::Script(_) | CallError::NotSerialisable { .. } | CallError::TooLarge { .. }) => true,
        // By its code alone, another process's error of ours can't be told from one that a script made up.
        Err(CallError::Remote(remote)) => {
            let infrastructure = [
                Code::PARSE_ERROR,
                Code::INVALID_REQUEST,
                Code::METHOD_NOT_FOUND,
                Code::INTERNAL,
                Code::TIMEOUT,
                Code::RATE_LIMITED,
                Code::OVERLOADED,
                Code::NO_NODE,
                Code::UNREACHABLE,
                Code::UNAUTHORIZED,
                Code::LIMIT_EXCEEDED,
                Code::DEPTH_EXCEEDED,
                Code::CANCELLED,
            ];
            remote.fault.is_none() && !infrastructure.contains(&remote.code)
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::error::{Code, Fault, RemoteError, ScriptError};

    const NO_BOUNDS: Bounds = Bounds { keys: usize::MAX, bytes: usize::MAX };
    const ONE: Fingerprint = [1, 1];

    struct Fixture {
        outcomes: Outcomes<u32>,
        now: Instant,
    }

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey { client: 0, key: text.into() }
    }

    fn text(text: &str) -> CallResult {
        Ok(JsonText::parse(text).expect("JSON"))
    }

    impl Fixture {
        fn new(bounds: Bounds) -> Self {
            Fixture { outcomes: Outcomes::new(bounds), now: Instant::now() }
        }

        /// What a claim comes to, in words.
        fn claim(&mut self, name: &str, fingerprint: Fingerprint, waiter: u32) -> String {
            let deadline = self.now + Duration::from_secs(u64::from(waiter));
            match self.outcomes.claim(key(name), fingerprint, deadline, waiter, self.now) {
                Claim::Run(number) => format!("run {number}"),
                Claim::Wait(number) => format!("wait {number}"),
                Claim::Answer(_, Ok(text)) => text.as_str().to_owned(),
                Claim::Answer(_, Err(error)) => error.to_string(),
            }
        }

        fn settle(&mut self, name: &str, number: u64, result: &CallResult) -> Vec<u32> {
            self.outcomes.settle(&key(name), number, result, self.now)
        }
    }

    #[test]
    fn a_key_runs_once_and_everybody_gets_its_outcome() {
        let mut fixture = Fixture::new(NO_BOUNDS);
        assert_eq!(fixture.claim("k", ONE, 1), "run 1");
        assert_eq!(fixture.claim("k", ONE, 2), "wait 1");
        assert_eq!(fixture.claim("other", ONE, 3), "run 2");
        assert_eq!(fixture.settle("k", 1, &text("7")), [1, 2]);
        assert_eq!(fixture.claim("k", ONE, 4), "7");
        fixture.now += KEPT_FOR - Duration::from_secs(1);
        assert_eq!(fixture.claim("k", ONE, 5), "7");
        fixture.now += Duration::from_secs(1);
        assert_eq!(fixture.claim("k", ONE, 6), "run 3");
        assert_eq!(fixture.settle("k", 1, &text("8")), [0u32; 0], "that was another one");
        assert_eq!(fixture.settle("k", 3, &text("9")), [6]);
    }

    #[test]
    fn a_key_is_one_call_of_one_client() {
        let mut fixture = Fixture::new(NO_BOUNDS);
        fixture.claim("k", ONE, 1);
        assert_eq!(fixture.claim("k", [1, 2], 2), "-32010 Idempotency conflict");
        fixture.settle("k", 1, &text("7"));
        assert_eq!(fixture.claim("k", [2, 1], 2), "-32010 Idempotency conflict");
        let others = IdempotencyKey { client: 1, key: "k".into() };
        let claim = fixture.outcomes.claim(others, [1, 2], fixture.now, 3, fixture.now);
        assert!(matches!(claim, Claim::Run(2)));
    }

    #[test]
    fn what_the_infrastructure_did_is_not_kept() {
        let script = ScriptError { code: Code::SCRIPT, message: "no".into(), data: None };
        let remote = |code, fault| {
            let object = JsonText::parse("{}").expect("JSON");
            Err(CallError::Remote(Box::new(RemoteError { object, code, fault })))
        };
        for (result, kept) in [
            (Err(CallError::Script(Box::new(script))), true),
            (remote(Code::SCRIPT, None), true),
            (remote(Code(42), None), true),
            (remote(Code(42), Some(Fault::Failed)), false),
            (remote(Code::TIMEOUT, None), false),
            (remote(Code::LIMIT_EXCEEDED, None), false),
            (Err(CallError::Timeout), false),
            (Err(CallError::Unreachable { sent: true }), false),
            (Err(CallError::Cancelled), false),
        ] {
            let mut fixture = Fixture::new(NO_BOUNDS);
            fixture.claim("k", ONE, 1);
            assert_eq!(fixture.settle("k", 1, &result), [1]);
            assert_eq!(fixture.claim("k", ONE, 2) != "run 2", kept, "{result:?}");
        }
    }

    #[test]
    fn who_waits_waits_no_longer_than_it_may() {
        let mut fixture = Fixture::new(NO_BOUNDS);
        for waiter in [5, 2, 9] {
            fixture.claim("k", ONE, waiter);
        }
        fixture.now += Duration::from_secs(5);
        assert_eq!(fixture.outcomes.overdue(&key("k"), 1, fixture.now), [5, 2]);
        assert_eq!(fixture.outcomes.overdue(&key("k"), 2, fixture.now), [0u32; 0]);
        assert_eq!(fixture.settle("k", 1, &text("7")), [9]);
    }

    #[test]
    fn the_oldest_make_room_and_what_runs_stays() {
        let mut fixture = Fixture::new(Bounds { keys: 2, ..NO_BOUNDS });
        for (number, name) in [(1, "a"), (2, "b")] {
            fixture.claim(name, ONE, 1);
            fixture.settle(name, number, &text("7"));
        }
        assert_eq!(fixture.claim("a", ONE, 1), "7");
        assert_eq!(fixture.claim("c", ONE, 1), "run 3");
        assert_eq!(fixture.claim("b", ONE, 1), "7");
        assert_eq!(fixture.claim("a", ONE, 1), "run 4");
        assert_eq!(fixture.claim("d", ONE, 1), "-32003 Overloaded");
        assert_eq!(fixture.settle("c", 3, &text("7")), [1]);
        assert_eq!(fixture.claim("d", ONE, 1), "run 5");
    }

    #[test]
    fn outcomes_are_bounded_in_bytes() {
        let long = format!("\"{}\"", "x".repeat(1000));
        let mut fixture = Fixture::new(Bounds { bytes: 3 * (1000 + OVERHEAD + 10), ..NO_BOUNDS });
        for number in 1..=10 {
            let name = number.to_string();
            fixture.claim(&name, ONE, 1);
            fixture.settle(&name, number, &text(&long));
        }
        let kept = (1..=10).filter(|number| fixture.claim(&number.to_string(), ONE, 1) == long).count();
        assert_eq!(kept, 3);
        assert!(fixture.outcomes.bytes <= 3 * (1000 + OVERHEAD + 10));
    }
}
