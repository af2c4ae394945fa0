//! Texts of others in the log and in errors: cut to a length, since a script or a client chooses how long they are.

use std::fmt::{self, Write};

/// The beginning of a text.
#[derive(Debug)]
pub struct Short<T> {
    text: T,
    most: usize,
    one_line: bool,
}

impl<T: fmt::Display> Short<T> {
    /// At most `most` bytes, on one line.
    pub fn line(text: T, most: usize) -> Self {
        Short { text, most, one_line: true }
    }

    /// At most `most` bytes.
    pub fn text(text: T, most: usize) -> Self {
        Short { text, most, one_line: false }
    }
}

impl<T: fmt::Display> fmt::Display for Short<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Limited<'a, 'b> {
            out: &'a mut fmt::Formatter<'b>,
            left: usize,
            one_line: bool,
        }
        impl Write for Limited<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                for c in text.chars() {
                    let Some(left) = self.left.checked_sub(c.len_utf8()) else {
                        return Err(fmt::Error);
                    };
                    self.left = left;
                    self.out.write_char(if self.one_line && c.is_control() { ' ' } else { c })?;
                }
                Ok(())
            }
        }
        let mut limited = Limited { out: f, left: self.most, one_line: self.one_line };
        // The error only says that the limit was met.
        if write!(limited, "{}", self.text).is_err() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_stays_on_one_line() {
        assert_eq!(Short::line("a\nb", 10).to_string(), "a b");
        assert_eq!(Short::text("a\nb", 10).to_string(), "a\nb");
        assert_eq!(Short::line("äöü", 4).to_string(), "äö…");
        assert_eq!(Short::line("äö", 4).to_string(), "äö");
    }
}
