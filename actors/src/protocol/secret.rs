//! A token or a key: compared in constant time, and shown by nothing that prints.

use std::fmt;
use std::str::FromStr;

use subtle::{Choice, ConstantTimeEq};

/// A secret in visible ASCII, as a header can hold it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for a header.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this secret. The time tells its length, and nothing else.
    pub fn is(&self, presented: &[u8]) -> bool {
        self.equals(presented).into()
    }

    /// Where `presented` is in `secrets`, all of which are looked at.
    pub fn position(secrets: &[Secret], presented: &[u8]) -> Option<usize> {
        let equal: Vec<Choice> = secrets.iter().map(|secret| secret.equals(presented)).collect();
        equal.into_iter().position(bool::from)
    }

    fn equals(&self, presented: &[u8]) -> Choice {
        self.0.as_bytes().ct_eq(presented)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for Secret {
    type Err = String;

    /// The error does not tell what was given.
    fn from_str(text: &str) -> Result<Self, String> {
        let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        // An empty one would look like protection and be none.
        if text.is_empty() || text.trim() != text || !text.bytes().all(visible) {
            return Err("at least one character, visible ASCII, no space at its ends".into());
        }
        Ok(Secret(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        text.parse().expect("a secret")
    }

    #[test]
    fn only_the_very_same_text_is_the_secret() {
        let one = secret("hunter2");
        assert!(one.is(b"hunter2"));
        for other in [&b""[..], b"hunter", b"hunter22", b"hunter3", b"Hunter2"] {
            assert!(!one.is(other), "{other:?}");
        }
        let several = [secret("a"), secret("bb"), secret("cc")];
        assert_eq!(Secret::position(&several, b"cc"), Some(2));
        assert_eq!(Secret::position(&several, b"c"), None);
        assert_eq!(Secret::position(&[], b""), None);
    }

    #[test]
    fn it_stays_secret() {
        assert!(!format!("{:?}", secret("hunter2")).contains("hunter2"));
        assert!(secret("correct horse").is(b"correct horse"));
        for bad in ["", " a", "a\n", "ä", "a\tb"] {
            assert!(!bad.parse::<Secret>().expect_err("refused").contains('ä'), "{bad:?}");
        }
    }
}
