//! The scripts that a node runs, as text: those that it was given, and the files that they import.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::protocol::Short;

/// Files that one program may import, and the longest of them, in bytes.
const MAX_IMPORTS: usize = 1_000;
const MAX_FILE: u64 = 16 << 20;

/// Longest text that is told of scripts that do not load, in bytes.
const MAX_TOLD: usize = 16 << 10;

/// One script: where it came from, as stack traces show it, and its text.
#[derive(Clone, Debug)]
pub struct Script {
    /// As the user named it.
    pub path: PathBuf,
    /// Its text.
    pub source: String,
}

impl Script {
    /// True for an ES module.
    pub fn is_module(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "mjs")
    }
}

/// All scripts of a node, in the order in which they run. Each imported file is read once, so that every executor and
/// every context runs the same text; clones share it.
#[derive(Clone, Debug)]
pub struct Program(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    scripts: Vec<Script>,
    imported: Mutex<BTreeMap<PathBuf, Arc<str>>>,
}

impl Program {
    /// A program of these scripts.
    pub fn new(scripts: Vec<Script>) -> Self {
        Program(Arc::new(Inner { scripts, imported: Mutex::default() }))
    }

    /// The scripts, without what they import.
    pub fn scripts(&self) -> &[Script] {
        &self.0.scripts
    }

    /// True when one of them is an ES module.
    pub fn has_modules(&self) -> bool {
        self.0.scripts.iter().any(Script::is_module)
    }

    /// The files imported so far.
    pub fn imported(&self) -> Vec<PathBuf> {
        self.0.imported.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// True when some file does not say any more what was read from it.
    pub fn is_stale(&self) -> bool {
        let imported = self.0.imported.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = |path: &Path, text: &str| !std::fs::read_to_string(path).is_ok_and(|now| now == text);
        self.0.scripts.iter().any(|script| changed(&script.path, &script.source))
            || imported.iter().any(|(path, text)| changed(path, text))
    }

    /// The text of an imported file, whose path has no symlinks left.
    pub(super) fn import(&self, path: &Path) -> io::Result<Arc<str>> {
        let mut imported = self.0.imported.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = imported.get(path) {
            return Ok(text.clone());
        }
        if imported.len() >= MAX_IMPORTS {
            return Err(io::Error::other(format!("more than {MAX_IMPORTS} imported files")));
        }
        let file = std::fs::metadata(path)?;
        if !file.is_file() || file.len() > MAX_FILE {
            return Err(io::Error::other(format!("no file of at most {MAX_FILE} bytes")));
        }
        let text: Arc<str> = std::fs::read_to_string(path)?.into();
        imported.insert(path.to_owned(), text.clone());
        Ok(text)
    }
}

/// A script that does not load. Its text names file, line and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError(pub String);

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What a script threw, with its stack: the log is told of it, and so are subscribers.
        write!(f, "{}", Short::text(&self.0, MAX_TOLD))
    }
}

impl std::error::Error for LoadError {}
