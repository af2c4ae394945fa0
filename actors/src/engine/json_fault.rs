//! What is wrong with text that is no JSON, in the words of V8.

/// Characters of the text that a message shows before and after the place.
const CONTEXT: usize = 10;

/// The message for `text`, which is no JSON.
pub(super) fn message(text: &str) -> String {
    let units: Vec<char> = text.chars().collect();
    let mut reader = Reader { text: &units, at: 0 };
    let fault = match reader.document() {
        Err(fault) => fault,
        // Whatever else was wrong with it.
        Ok(()) => return "the text is not valid JSON".to_owned(),
    };
    // V8 counts UTF-16 units.
    let at: usize = units[..reader.at.min(units.len())].iter().map(|c| c.len_utf16()).sum();
    match (fault, units.get(reader.at)) {
        (Fault::Told(what), _) => format!("{what} in JSON at position {at}"),
        (Fault::After, _) => format!("Unexpected non-whitespace character after JSON at position {at}"),
        (Fault::End, _) | (Fault::Token, None) => "Unexpected end of JSON input".to_owned(),
        (Fault::Token, Some(_)) if matches!(text, "undefined" | "[object Object]") => {
            format!("\"{text}\" is not valid JSON")
        }
        (Fault::Token, Some('"')) => format!("Unexpected string in JSON at position {at}"),
        (Fault::Token, Some(c)) if c.is_ascii_digit() => format!("Unexpected number in JSON at position {at}"),
        (Fault::Token, Some(c)) => {
            let start = if units.len() > 2 * CONTEXT { reader.at.saturating_sub(CONTEXT) } else { 0 };
            let end = if units.len() > 2 * CONTEXT { (reader.at + CONTEXT).min(units.len()) } else { units.len() };
            let shown: String = units[start..end].iter().collect();
            let (before, after) = (if start > 0 { "..." } else { "" }, if end < units.len() { "... " } else { " " });
            format!("Unexpected token '{c}', {before}\"{shown}\"{after}is not valid JSON")
        }
    }
}

/// What is wrong at a place.
enum Fault {
    /// The character there.
    Token,
    /// The text ends there.
    End,
    /// Something follows the value.
    After,
    /// What V8 has words for.
    Told(&'static str),
}

struct Reader<'a> {
    text: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) -> Option<char> {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
        self.peek()
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    /// Reads one value and the end; what is open is kept in a list, so that no depth is too much.
    fn document(&mut self) -> Result<(), Fault> {
        let mut open: Vec<char> = Vec::new();
        loop {
            match self.space() {
                None => return Err(Fault::End),
                Some('{') => {
                    self.at += 1;
                    match self.space() {
                        Some('}') => self.at += 1,
                        Some('"') => {
                            self.name()?;
                            open.push('}');
                            continue;
                        }
                        _ => return Err(Fault::Told("Expected property name or '}'")),
                    }
                }
                Some('[') => {
                    self.at += 1;
                    if self.space() != Some(']') {
                        open.push(']');
                        continue;
                    }
                    self.at += 1;
                }
                Some('"') => self.string()?,
                Some('-' | '0'..='9') => self.number()?,
                Some('t') => self.word("true")?,
                Some('f') => self.word("false")?,
                Some('n') => self.word("null")?,
                Some(_) => return Err(Fault::Token),
            }
            // A value has ended: what it stands in goes on or ends.
            loop {
                let next = self.space();
                let Some(&close) = open.last() else {
                    return if next.is_none() { Ok(()) } else { Err(Fault::After) };
                };
                match next {
                    Some(',') => {
                        self.at += 1;
                        if close == '}' {
                            if self.space() != Some('"') {
                                return Err(Fault::Told("Expected double-quoted property name"));
                            }
                            self.name()?;
                        }
                        break;
                    }
                    Some(c) if c == close => {
                        self.at += 1;
                        open.pop();
                    }
                    _ if close == '}' => return Err(Fault::Told("Expected ',' or '}' after property value")),
                    _ => return Err(Fault::Told("Expected ',' or ']' after array element")),
                }
            }
        }
    }

    fn name(&mut self) -> Result<(), Fault> {
        self.string()?;
        if self.space() != Some(':') {
            return Err(Fault::Told("Expected ':' after property name"));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        for letter in word.chars() {
            match self.peek() {
                Some(c) if c == letter => self.at += 1,
                Some(_) => return Err(Fault::Token),
                None => return Err(Fault::End),
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        loop {
            self.at += 1;
            match self.peek() {
                None => return Err(Fault::Told("Unterminated string")),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('\0'..='\u{1f}') => return Err(Fault::Told("Bad control character in string literal")),
                Some('\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {}
                        Some('u') => {
                            for _ in 0..4 {
                                self.at += 1;
                                if !self.peek().is_some_and(|c| c.is_ascii_hexdigit()) {
                                    return Err(Fault::Told("Bad Unicode escape"));
                                }
                            }
                        }
                        None => return Err(Fault::Told("Unterminated string")),
                        Some(_) => return Err(Fault::Told("Bad escaped character")),
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some('-') {
            self.at += 1;
            if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
                return Err(Fault::Told("No number after minus sign"));
            }
        }
        if self.peek() == Some('0') {
            self.at += 1;
            if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                return Err(Fault::Token);
            }
        } else {
            self.digits();
        }
        if self.peek() == Some('.') {
            self.at += 1;
            if !self.digits() {
                return Err(Fault::Told("Unterminated fractional number"));
            }
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            if !self.digits() {
                return Err(Fault::Told("Exponent part is missing a number"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::message;

    const TEXTS: [&str; 30] = [
        "",
        " ",
        "{",
        "{a",
        "[1,]",
        "[1 2]",
        "abc",
        "undefined",
        "[object Object]",
        "{\"a\": 1, b}",
        "{\"a\": 1,}",
        "{\"a\" 1}",
        "{\"a\": 1 \"b\": 2}",
        "<html>",
        "<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>",
        "{\"a\":01}",
        "\"abc",
        "{\"a\":1}x",
        "{\"a\":1} {\"b\":2}",
        "\"a\nb\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "-",
        "1.",
        "1e",
        "tru",
        "trux",
        "nul",
        "[1,\"😀\",}",
        "'a'",
    ];

    #[test]
    fn messages_are_those_of_node() {
        let program = "for (const text of JSON.parse(process.argv[1])) { try { JSON.parse(text); console.log('none'); } catch (error) { console.log(JSON.stringify(error.message)); } }";
        let texts = serde_json::to_string(&TEXTS[..]).expect("JSON");
        let output =
            Command::new("node").args(["-e", program, &texts]).output().expect("Node.js is there: it is the reference");
        let expected: Vec<String> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
            .collect();
        assert_eq!(expected.len(), TEXTS.len());
        for (text, expected) in TEXTS.iter().zip(expected) {
            assert_eq!(message(text), expected, "{text:?}");
        }
    }
}
