//! Fixes: which lines of which file give way to what.
//!
//! A fix names the lines of the published file that it replaces by their numbers, so no line of that file stands in it,
//! and the file by its checksum, so it can't be applied to another version. All fixes of a crate are applied to the
//! published text at once: their order does not matter, and two that replace the same line are an error.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::tree::{self, Tree};
use crate::Result;

/// One fault, and the edits that mend it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub name: String,
    /// What is wrong without it, in one sentence.
    pub fault: String,
    /// The smallest input that shows it.
    #[serde(default)]
    pub input: String,
    /// Where the authors of the crate have been told, or have mended it.
    #[serde(default)]
    pub upstream: String,
    /// The files that it edits.
    #[serde(default, rename = "file")]
    pub files: Vec<FileFix>,
    /// Whole files that it adds: those of the folder of its name.
    #[serde(skip)]
    pub added: Tree,
}

/// The edits of one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFix {
    /// Below the crate's `src`.
    pub path: String,
    /// SHA-256 of the published file, in hexadecimal digits.
    pub sha256: String,
    /// In the order of their lines.
    #[serde(rename = "edit")]
    pub edits: Vec<Edit>,
}

/// Text in place of lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// `FIRST-LAST`, counted from 1; `after N` replaces none.
    lines: String,
    /// Whole lines.
    pub text: String,
}

impl Edit {
    /// Index of the first line that is replaced, and of the first after it that is not.
    pub fn range(&self) -> Result<(usize, usize)> {
        let number = |text: &str| text.trim().parse::<usize>().ok();
        let range = match self.lines.strip_prefix("after ") {
            Some(line) => number(line).map(|line| (line, line)),
            None => self.lines.split_once('-').and_then(|(first, last)| {
                let range = (number(first)?.checked_sub(1)?, number(last)?);
                (range.0 < range.1).then_some(range)
            }),
        };
        range.ok_or_else(|| format!("{:?} is neither FIRST-LAST nor `after N`", self.lines))
    }
}

/// SHA-256 in hexadecimal digits.
pub fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fixes in a folder, in the order of their names.
pub fn read_all(folder: &Path) -> Result<Vec<Fix>> {
    let mut fixes = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(fixes) };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| told(&error))?;
        let mut fix: Fix = toml::from_str(&text).map_err(|error| told(&error))?;
        fix.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let files = folder.join(&fix.name);
        if files.is_dir() {
            fix.added = tree::read(&files)?;
        }
        fixes.push(fix);
    }
    fixes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(fixes)
}

/// An edit as it is applied, with the fix that it is of.
struct Placed<'a> {
    from: usize,
    to: usize,
    text: &'a str,
    fix: &'a str,
}

/// The published tree with all fixes.
pub fn apply(published: &Tree, fixes: &[Fix]) -> Result<Tree> {
    let mut fixed = published.clone();
    let mut by_file: BTreeMap<&str, Vec<Placed<'_>>> = BTreeMap::new();
    for fix in fixes {
        for file in &fix.files {
            let text = published.get(&file.path).ok_or_else(|| format!("{}: there is no {}", fix.name, file.path))?;
            let found = checksum(text);
            if found != file.sha256 {
                return Err(format!(
                    "{}: {} is not the file that this fix was made for: its SHA-256 is {found}",
                    fix.name, file.path
                ));
            }
            for edit in &file.edits {
                let (from, to) = edit.range().map_err(|error| format!("{}: {error}", fix.name))?;
                by_file.entry(&file.path).or_default().push(Placed { from, to, text: &edit.text, fix: &fix.name });
            }
        }
        for (path, text) in &fix.added {
            if fixed.insert(path.clone(), text.clone()).is_some() {
                return Err(format!("{}: {path} is there already", fix.name));
            }
        }
    }
    for (path, mut edits) in by_file {
        // Stable: of two insertions in one place the one of the earlier name comes first.
        edits.sort_by_key(|edit| (edit.from, edit.to));
        let text = edit_text(&published[path], &edits).map_err(|error| format!("{path}: {error}"))?;
        fixed.insert(path.to_owned(), text);
    }
    Ok(fixed)
}

fn edit_text(published: &str, edits: &[Placed<'_>]) -> Result<String> {
    let lines: Vec<&str> = published.split_inclusive('\n').collect();
    let mut text = String::with_capacity(published.len());
    let mut done = 0;
    let mut last = "";
    for edit in edits {
        if edit.from < done {
            return Err(format!("the fixes {last} and {} both replace line {}", edit.fix, edit.from + 1));
        }
        let kept = lines.get(done..edit.from).filter(|_| edit.to <= lines.len());
        text.extend(kept.ok_or_else(|| format!("{}: there is no line {}", edit.fix, edit.to))?.iter().copied());
        text.push_str(edit.text);
        (done, last) = (edit.to, edit.fix);
    }
    text.extend(lines[done..].iter().copied());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(name: &str, lines: &str, text: &str) -> Fix {
        let edit = Edit { lines: lines.into(), text: text.into() };
        let file = FileFix { path: "a.rs".into(), sha256: checksum("1\n2\n3\n"), edits: vec![edit] };
        let (name, fault) = (name.into(), String::new());
        Fix { name, fault, input: String::new(), upstream: String::new(), files: vec![file], added: Tree::new() }
    }

    fn applied(fixes: &[Fix]) -> Result<String> {
        let published = Tree::from([("a.rs".to_owned(), "1\n2\n3\n".to_owned())]);
        apply(&published, fixes).map(|tree| tree["a.rs"].clone())
    }

    #[test]
    fn lines_are_replaced_and_inserted_by_the_numbers_of_the_published_file() {
        assert_eq!(
            applied(&[fix("a", "2-2", "two\nmore\n"), fix("b", "after 3", "4\n")]),
            Ok("1\ntwo\nmore\n3\n4\n".into())
        );
        assert_eq!(applied(&[fix("a", "after 0", "0\n"), fix("b", "1-3", "")]), Ok("0\n".into()));
        assert_eq!(applied(&[fix("b", "after 1", "b\n"), fix("a", "after 1", "a\n")]), Ok("1\nb\na\n2\n3\n".into()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let both = applied(&[fix("a", "1-2", ""), fix("b", "2-3", "")]).expect_err("line 2 twice");
        assert_eq!(both, "a.rs: the fixes a and b both replace line 2");
        assert_eq!(applied(&[fix("a", "3-4", "")]), Err("a.rs: a: there is no line 4".into()));
        assert_eq!(applied(&[fix("a", "3-2", "")]), Err("a: \"3-2\" is neither FIRST-LAST nor `after N`".into()));
        let mut other = fix("a", "1-1", "");
        other.files[0].sha256 = checksum("another text");
        assert!(applied(&[other]).expect_err("a checksum").contains("is not the file that this fix was made for"));
    }
}
