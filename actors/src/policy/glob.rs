//! Patterns of channels, as Redis has them: `*` any characters, `?` one, `[ab]`, `[a-z]`, `[^a]`, and `\` before a
//! character that stands for itself.
//!
//! A class that is not closed ends with the pattern, and a range may be written from either end, as in Redis.

/// A pattern, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Any,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Glob {
    /// Reads a pattern. Every text is one.
    pub fn new(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars();
        while let Some(next) = rest.next() {
            let token = match next {
                '*' if tokens.last() == Some(&Token::Any) => continue,
                '*' => Token::Any,
                '?' => Token::One,
                '[' => class(&mut rest),
                // The last character stands for itself whatever it is.
                '\\' => Token::Literal(rest.next().unwrap_or('\\')),
                literal => Token::Literal(literal),
            };
            tokens.push(token);
        }
        Glob(tokens)
    }

    /// The only name that the pattern matches, if there is just one.
    pub fn literal(&self) -> Option<String> {
        let literal = |token: &Token| match token {
            Token::Literal(literal) => Some(*literal),
            _ => None,
        };
        self.0.iter().map(literal).collect()
    }

    /// Whether all of `name` is what the pattern says. Takes at most the product of both lengths.
    pub fn matches(&self, name: &str) -> bool {
        let tokens = &self.0;
        let mut rest = name.chars();
        let mut at = 0;
        // Where to go on when what follows the last `*` does not match: it then takes a character more.
        let mut retry = None;
        loop {
            let here = rest.clone();
            match (tokens.get(at), rest.next()) {
                (Some(Token::Any), _) => {
                    at += 1;
                    retry = Some((at, here.clone()));
                    rest = here;
                }
                (Some(token), Some(character)) if token.is(character) => at += 1,
                (None, None) => return true,
                _ => {
                    let Some((after, from)) = &mut retry else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    (at, rest) = (*after, from.clone());
                }
            }
        }
    }
}

impl Token {
    fn is(&self, character: char) -> bool {
        match self {
            Token::Literal(literal) => *literal == character,
            Token::One => true,
            Token::Any => false,
            Token::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *negated
            }
        }
    }
}

/// What follows a `[`, to its end.
fn class(rest: &mut std::str::Chars<'_>) -> Token {
    let negated = rest.as_str().starts_with('^');
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    while let Some(next) = rest.next() {
        let first = match next {
            ']' => break,
            '\\' => rest.next().unwrap_or('\\'),
            other => other,
        };
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if next != '\\' => {
                *rest = ahead;
                ranges.push((first.min(last), first.max(last)));
            }
            _ => ranges.push((first, first)),
        }
    }
    Token::Class { negated, ranges }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).matches(name)
    }

    #[test]
    fn patterns_mean_what_they_mean_in_redis() {
        for (pattern, name) in [
            ("news", "news"),
            ("*", ""),
            ("*", "a.b.c"),
            ("news.*", "news.art.new"),
            ("h?llo", "hëllo"),
            ("h[ae]llo", "hallo"),
            ("h[a-c]llo", "hbllo"),
            ("h[c-a]llo", "hbllo"),
            ("h[^e]llo", "hallo"),
            (r"h\*llo", "h*llo"),
            (r"h[\]]llo", "h]llo"),
            ("h[ab", "ha"),
            (r"a\", r"a\"),
            ("a*b*c", "a1b2b3c"),
            ("_node.*", "_node.joined"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("news", "news.art"),
            ("news.*", "news"),
            ("?", ""),
            ("?", "ab"),
            ("h[ae]llo", "hillo"),
            ("h[^e]llo", "hello"),
            ("[]", "]"),
            (r"h\*llo", "hello"),
            ("a*b*c", "a1b2b3"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_without_wildcards_is_one_name() {
        assert_eq!(Glob::new(r"a.\*").literal().as_deref(), Some("a.*"));
        for pattern in ["a*", "a?", "[a]"] {
            assert_eq!(Glob::new(pattern).literal(), None, "{pattern}");
        }
    }

    #[test]
    fn stars_do_not_multiply_the_time() {
        let name = "a".repeat(200);
        assert!(!matches(&format!("{}b", "*a".repeat(90)), &name));
    }

    /// Redis's own algorithm, `stringmatchlen`, over characters.
    fn naive(pattern: &[char], name: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['*', rest @ ..] => (0..=name.len()).any(|taken| naive(rest, &name[taken..])),
            ['?', rest @ ..] => !name.is_empty() && naive(rest, &name[1..]),
            ['[', rest @ ..] => {
                let Some((character, name)) = name.split_first() else { return false };
                let (negated, mut rest) = match rest {
                    ['^', rest @ ..] => (true, rest),
                    rest => (false, rest),
                };
                let mut found = false;
                rest = loop {
                    rest = match rest {
                        ['\\', escaped, rest @ ..] => {
                            found |= escaped == character;
                            rest
                        }
                        [']', rest @ ..] => break rest,
                        [] => break &[],
                        [first, '-', last, rest @ ..] => {
                            found |= (first.min(last)..=first.max(last)).contains(&character);
                            rest
                        }
                        [one, rest @ ..] => {
                            found |= one == character;
                            rest
                        }
                    };
                };
                found != negated && naive(rest, name)
            }
            ['\\', escaped, rest @ ..] => name.first() == Some(escaped) && naive(rest, &name[1..]),
            [literal, rest @ ..] => name.first() == Some(literal) && naive(rest, &name[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn a_pattern_matches_what_the_naive_model_says(pattern in r"[abc*?\[\]^\\-]{0,9}", name in r"[abc\]-]{0,7}") {
            let (letters, characters): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(matches(&pattern, &name), naive(&letters, &characters), "{} {}", pattern, name);
        }
    }
}
