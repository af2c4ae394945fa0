//! How bytes are changed.

use fastrand::Rng;

/// Longest case.
const LONGEST: usize = 64 * 1024;

/// What parsers look for, and numbers at the edges of their types.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b": ",
    b"; ",
    b", ",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[",
    b"null",
    b"true",
    b"1e999",
    b"-0",
    b"0",
    b"-1",
    b"1.5",
    b"127",
    b"128",
    b"255",
    b"256",
    b"65535",
    b"65536",
    b"2147483648",
    b"4294967296",
    b"9223372036854775808",
    b"18446744073709551616",
    b"ffffffffffffffff",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"GET ",
    b"POST ",
    b"chunked",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Connection: close\r\n",
    b"Upgrade: websocket\r\n",
    b"Expect: 100-continue\r\n",
    b"gzip",
    b"0\r\n\r\n",
    b"\x81\xfe",
    b"\x81\xff",
    b"\x88\x80",
    b"\x89\x80",
    b"\xef\xbb\xbf",
];

/// Cases, one after the other, the same for the same seed.
pub(super) struct Mutator<'a> {
    random: Rng,
    corpus: &'a [Vec<u8>],
}

impl<'a> Mutator<'a> {
    pub(super) fn new(seed: u64, corpus: &'a [Vec<u8>]) -> Self {
        Mutator { random: Rng::with_seed(seed), corpus }
    }

    /// One of the corpus with a few changes.
    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut case = self.any().to_vec();
        for _ in 0..=self.random.u8(..6) {
            self.change(&mut case);
            case.truncate(LONGEST);
        }
        case
    }

    fn any(&mut self) -> &'a [u8] {
        &self.corpus[self.random.usize(..self.corpus.len())]
    }

    fn change(&mut self, case: &mut Vec<u8>) {
        let random = &mut self.random;
        let at = random.usize(..=case.len());
        // Short parts are likelier than long ones.
        let longest = [4, 32, 1024][random.usize(..3)];
        let end = case.len().min(at + random.usize(..=longest));
        match random.u8(..8) {
            0 if at < case.len() => case[at] ^= 1 << random.u8(..8),
            1 if at < case.len() => case[at] = random.u8(..),
            2 => drop(case.drain(at..end)),
            3 => case.truncate(at),
            4 => {
                let part = case[at..end].to_vec();
                let most = [2, 20, 2_000][random.usize(..3)];
                let times = random.usize(1..=most);
                let repeated = part.repeat(times.min(LONGEST / part.len().max(1)));
                case.splice(at..at, repeated);
            }
            5 => {
                let word = WORDS[random.usize(..WORDS.len())];
                let end = if random.bool() { at } else { end };
                case.splice(at..end, word.iter().copied());
            }
            6 => {
                let other = self.any();
                let from = self.random.usize(..=other.len());
                case.splice(at.., other[from..].iter().copied());
            }
            _ => {
                let byte = [random.u8(..), b' ', b'9', b'"'][random.usize(..4)];
                case.insert(at, byte);
            }
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_cases() {
    let corpus = [b"GET / HTTP/1.1\r\n\r\n".to_vec(), br#"{"jsonrpc":"2.0"}"#.to_vec()];
    let cases = |seed| {
        let mut mutator = Mutator::new(seed, &corpus);
        (0..1_000).map(|_| mutator.next()).collect::<Vec<_>>()
    };
    assert_eq!(cases(7), cases(7));
    assert_ne!(cases(7), cases(8));
    assert!(cases(9).iter().all(|case| case.len() <= LONGEST));
}
