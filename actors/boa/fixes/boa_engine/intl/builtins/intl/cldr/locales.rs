//! Patterns and names of languages, as the Unicode CLDR has them.
//!
//! `table.rs` is written by `actors/boa/locales/generate.mjs`. A line `KEY KEY=TEXT` belongs to the locale above it;
//! a region has what differs from its language.

use std::{collections::HashMap, sync::OnceLock};

use super::table::TEXT;

/// What is known of a locale.
#[derive(Debug)]
pub(crate) struct Locale {
    texts: HashMap<&'static str, &'static str>,
    language: Option<&'static str>,
}

/// The parts of the table, each of which is read when it is first asked for.
fn sections() -> &'static HashMap<&'static str, (&'static str, OnceLock<Locale>)> {
    static SECTIONS: OnceLock<HashMap<&str, (&str, OnceLock<Locale>)>> = OnceLock::new();
    SECTIONS.get_or_init(|| {
        let sections = TEXT.split('@').filter_map(|section| section.split_once('\n'));
        sections.map(|(tag, text)| (tag, (text, OnceLock::new()))).collect()
    })
}

fn section(tag: &str) -> Option<&'static Locale> {
    let (&tag, (text, locale)) = sections().get_key_value(tag)?;
    Some(locale.get_or_init(|| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let texts = lines.flat_map(|(keys, text)| keys.split(' ').map(move |key| (key, text))).collect();
        Locale { texts, language: tag.split_once('-').map(|(language, _)| language) }
    }))
}

impl Locale {
    /// The locale of a language tag, if the table has its language.
    pub(crate) fn find(tag: &str) -> Option<&'static Self> {
        let tag = tag.split("-u-").next().unwrap_or(tag);
        let mut parts = tag.split('-');
        let language = match parts.next()? {
            "no" => "nb",
            language => language,
        };
        let rest: Vec<_> = parts.collect();
        let region = rest.iter().copied().find(|part| part.len() == 2).or_else(|| rest.contains(&"Hant").then_some("TW"));
        let exact = region.and_then(|region| section(&format!("{language}-{region}")));
        exact.or_else(|| section(language))
    }

    /// The text of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'static str> {
        let own = self.texts.get(key).copied();
        own.or_else(|| section(self.language?)?.texts.get(key).copied())
    }

    /// A name of a list of names.
    pub(crate) fn name(&self, list: &str, index: usize) -> &'static str {
        self.get(&format!("#{list}")).and_then(|names| names.split(',').nth(index)).unwrap_or("")
    }
}

/// What `Intl.supportedValuesOf` answers with.
pub(crate) fn values(key: &str) -> Option<impl Iterator<Item = &'static str>> {
    Some(section("values")?.texts.get(key)?.split(','))
}

/// A part of formatted text, with its type as `formatToParts` calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// Calls `field` for each `{…}` of a pattern; what is between them is a literal.
pub(crate) fn fill(pattern: &str, mut field: impl FnMut(&str, &mut Vec<Part>)) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        literal(before, &mut parts);
        let Some((name, after)) = behind.split_once('}') else { break };
        field(name, &mut parts);
        rest = after;
    }
    literal(rest, &mut parts);
    parts
}

/// Adds literal text; what follows a literal joins it.
pub(crate) fn literal(text: &str, parts: &mut Vec<Part>) {
    if text.is_empty() {
        return;
    }
    match parts.last_mut() {
        Some(part) if part.kind == "literal" => part.text.push_str(text),
        _ => parts.push(Part { kind: "literal", text: text.to_owned() }),
    }
}
