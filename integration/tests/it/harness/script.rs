//! Files that the tests use: those of the repository, and scripts written for one test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A path of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// One of the programs that are shipped.
pub(crate) fn example(name: &str) -> PathBuf {
    repository("scripts/examples").join(name)
}

/// One of the programs that only the tests use.
pub(crate) fn program(name: &str) -> PathBuf {
    repository("integration/programs").join(name)
}

/// A file that lives as long as the test.
#[derive(Debug)]
pub(crate) struct Script {
    folder: PathBuf,
    path: PathBuf,
}

impl Script {
    /// Writes `text` to a file called `name` in a folder of its own.
    pub(crate) fn new(name: &str, text: &str) -> Script {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("it-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the test folder can be made");
        let path = folder.join(name);
        std::fs::write(&path, text).expect("the test file can be written");
        Script { folder, path }
    }

    /// Puts another file in its place, so that nobody ever reads a half-written one.
    pub(crate) fn rewrite(&self, text: &str) {
        let other = self.path.with_extension("new");
        std::fs::write(&other, text).expect("the test file can be written");
        std::fs::rename(&other, &self.path).expect("the test file can be replaced");
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for Script {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
