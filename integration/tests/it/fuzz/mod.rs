//! Byte fuzzing of what is parsed from the network, on stable Rust: mutations of a small corpus, drawn from a seed.
//!
//! Each target goes on for `MADRPC_FUZZ_SECONDS`, seven by default, so that all of them take about a minute; `scripts/fuzz`
//! goes on for hours. What fails is told with its seed, which `MADRPC_FUZZ_SEED` takes, and with the bytes that are left
//! when all that can be left out is.

mod answers;
mod corpus;
mod mutation;
mod parsers;
mod requests;
mod sessions;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::mutation::Mutator;

/// Targets run one after the other: a panic of another thread must be that of this target.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How often a case that fails is tried again with less of it.
const SHRINKS: usize = 2_000;

/// Tries `check` with all of the corpus, and then with mutations of it. What it returns is what is wrong.
fn fuzz(target: &str, corpus: &[Vec<u8>], check: impl Fn(&[u8]) -> Result<(), String>) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let set = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = set("MADRPC_FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    let time = Duration::from_secs(set("MADRPC_FUZZ_SECONDS").unwrap_or(7));
    eprintln!("{target}: MADRPC_FUZZ_SEED={seed}");
    for bytes in corpus {
        if let Err(what) = tried(&check, bytes) {
            panic!("{target}, of the corpus: {what}: b\"{}\"", bytes.escape_ascii());
        }
    }
    let mut mutator = Mutator::new(seed, corpus);
    let (begun, mut cases) = (Instant::now(), 0_u64);
    while begun.elapsed() < time {
        let case = mutator.next();
        cases += 1;
        if let Err(what) = tried(&check, &case) {
            let shrunk = shrink(&case, |bytes| tried(&check, bytes).is_err());
            let (left, all) = (shrunk.len(), case.len());
            let shown = shrunk.escape_ascii();
            panic!("{target}, case {cases} of MADRPC_FUZZ_SEED={seed}: {what}\n{left} bytes of {all} are enough: b\"{shown}\"");
        }
    }
    eprintln!("{target}: {cases} cases");
}

/// A panic is wrong, too.
fn tried(check: &impl Fn(&[u8]) -> Result<(), String>, bytes: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| check(bytes))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

/// Leaves out parts, ever smaller ones, as long as what is left `fails`.
fn shrink(case: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut left = case.to_vec();
    let mut tries = 0;
    let mut part = left.len().div_ceil(2);
    while part > 0 && tries < SHRINKS {
        let mut begin = 0;
        while begin < left.len() && tries < SHRINKS {
            let end = (begin + part).min(left.len());
            let less = [&left[..begin], &left[end..]].concat();
            tries += 1;
            if fails(&less) {
                left = less;
            } else {
                begin = end;
            }
        }
        part /= 2;
    }
    left
}

#[test]
fn what_fails_is_shrunk_to_what_is_needed() {
    let case = b"some bytes, and the needle, and more of them".repeat(20);
    let left = shrink(&case, |bytes| bytes.windows(6).any(|window| window == b"needle"));
    assert_eq!(left, b"needle");
    let panics = |bytes: &[u8]| if bytes.contains(&b'x') { panic!("an x") } else { Ok(()) };
    assert_eq!(tried(&panics, b"axe"), Err("an x".into()));
    assert_eq!(tried(&panics, b"pick"), Ok(()));
}
