//! The scripts that a node runs, as text.

use std::path::PathBuf;
use std::sync::Arc;

/// One script: where it came from, as stack traces show it, and its text.
#[derive(Clone, Debug)]
pub struct Script {
    /// As the user named it.
    pub path: PathBuf,
    /// Its text.
    pub source: String,
}

/// All scripts of a node, in the order in which they run.
pub type Program = Arc<[Script]>;

/// A script that does not load. Its text names file, line and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError(pub String);

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}
