//! Makes a fix of what was edited in a working copy.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::build::{fixes_of, published, CRATES};
use crate::fix::{self, Fix};
use crate::tree::{self, Tree};
use crate::Result;

/// Writes the fixed sources to `work`, a folder per crate.
pub fn check_out(work: &Path) -> Result<()> {
    for (name, version) in CRATES {
        let fixed = fix::apply(&published(name, version)?, &fix::read_all(&fixes_of(name))?)?;
        let folder = work.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        tree::write(&fixed, &folder)?;
    }
    Ok(())
}

/// Makes, or makes anew, the fix `fix` of all that differs in `work` from the sources with every other fix. Returns the
/// files written.
pub fn record(work: &Path, name: &str) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for (krate, version) in CRATES {
        let published = published(krate, version)?;
        let (own, others): (Vec<Fix>, Vec<Fix>) =
            fix::read_all(&fixes_of(krate))?.into_iter().partition(|fix| fix.name == name);
        let wanted = tree::read(&work.join(krate))?;
        let base = fix::apply(&published, &others)?;
        if base == wanted {
            continue;
        }
        let text = written_fix(&published, &others, &base, &wanted, own.first())?;
        let folder = fixes_of(krate);
        let path = folder.join(format!("{name}.toml"));
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(&folder).map_err(told)?;
        fs::write(&path, text).map_err(told)?;
        let added: Tree = wanted.into_iter().filter(|(path, _)| !base.contains_key(path)).collect();
        if !added.is_empty() {
            let files = folder.join(name);
            fs::create_dir_all(&files).map_err(told)?;
            tree::write(&added, &files)?;
        }
        written.push(path.display().to_string());
    }
    Ok(written)
}

fn written_fix(published: &Tree, others: &[Fix], base: &Tree, wanted: &Tree, own: Option<&Fix>) -> Result<String> {
    let (fault, input, upstream) =
        own.map_or(("", "", ""), |fix| (fix.fault.as_str(), fix.input.as_str(), fix.upstream.as_str()));
    let mut text = format!("fault = {}\ninput = {}\nupstream = {}\n", quoted(fault), quoted(input), quoted(upstream));
    if let Some(gone) = base.keys().find(|path| !wanted.contains_key(*path)) {
        return Err(format!("{gone} is gone from the working copy"));
    }
    for (path, wanted) in wanted.iter().filter(|(path, text)| base.get(*path).is_some_and(|base| base != *text)) {
        let Some(original) = published.get(path) else {
            return Err(format!("{path} was added by another fix: edit it there"));
        };
        let _infallible =
            write!(text, "\n[[file]]\npath = {}\nsha256 = {}\n", quoted(path), quoted(&fix::checksum(original)));
        for hunk in hunks(&base[path], wanted) {
            let (from, to) = in_published(path, original, others, hunk.from, hunk.to)?;
            let lines = if from == to { format!("after {from}") } else { format!("{}-{to}", from + 1) };
            let _infallible = write!(text, "\n[[file.edit]]\nlines = \"{lines}\"\ntext = {}\n", block(&hunk.text));
        }
    }
    Ok(text)
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A multi-line string; literal where that can hold it.
fn block(text: &str) -> String {
    if text.contains("'''") || text.contains('\r') {
        return quoted(text);
    }
    format!("'''\n{text}'''")
}

/// Where lines of the base are in the published file. `others` are what made the one of the other.
fn in_published(path: &str, published: &str, others: &[Fix], from: usize, to: usize) -> Result<(usize, usize)> {
    let mut edits = Vec::new();
    for fix in others {
        for edit in fix.files.iter().filter(|file| file.path == path).flat_map(|file| &file.edits) {
            let (first, end) = edit.range()?;
            edits.push((first, end, edit.text.split_inclusive('\n').count(), fix.name.as_str()));
        }
    }
    edits.sort_by_key(|(first, end, ..)| (*first, *end));
    // Stretches of lines that the base has as they were published: (in the published file, in the base, how many).
    let mut stretches = Vec::new();
    let (mut before, mut now) = (0, 0);
    let mut near = Vec::new();
    for (first, end, inserted, name) in edits {
        stretches.push((before, now, first - before));
        now += first - before;
        if from < now + inserted && to > now {
            near.push(name);
        }
        now += inserted;
        before = end;
    }
    stretches.push((before, now, published.split_inclusive('\n').count() - before));
    let inside = stretches.iter().find(|(_, start, count)| *start <= from && to <= start + count);
    match inside {
        Some((published, start, _)) => Ok((published + (from - start), published + (to - start))),
        None => Err(format!(
            "{path}:{}-{to} of the working copy without this fix was changed by {} too: put both changes into one fix",
            from + 1,
            near.join(", ")
        )),
    }
}

/// Lines `from..to` give way to the text.
struct Hunk {
    from: usize,
    to: usize,
    text: String,
}

fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let edits = similar::capture_diff_slices(similar::Algorithm::Myers, &old, &new);
    let changes = edits.into_iter().filter(|edit| edit.tag() != similar::DiffTag::Equal);
    let hunk = |edit: similar::DiffOp| {
        let (from, to) = (edit.old_range().start, edit.old_range().end);
        Hunk { from, to, text: new[edit.new_range()].concat() }
    };
    changes.map(hunk).collect()
}
