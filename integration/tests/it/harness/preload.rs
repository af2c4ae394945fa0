//! Functions of the system that never return, for scripts that nothing inside the engine can stop.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::script::repository;
use super::tools::succeed;

/// A library for `LD_PRELOAD`: with it `Math.sinh` runs without end, and `Math.cosh` takes memory without end.
pub(crate) fn overruns() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("overruns-{}.so", std::process::id()));
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-shared", "-fPIC", "-O1", "-fno-builtin", "-o"]).arg(&library);
        succeed(compiler.arg(repository("integration/preload/overruns.c")));
        library
    })
}
