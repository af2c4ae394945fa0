//! Programs of others that tests need, kept below `target/` from one run to the next: they are installed when first missed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::script::repository;

/// What is installed from npm.
const PACKAGES: [&str; 2] = ["playwright-core@1", "ws@8"];

/// Where Debian and its kin put the browser.
const BROWSERS: [&str; 2] = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/// The longest that a program may run, in seconds; it bounds its own steps more tightly.
const LONGEST_S: &str = "180";

fn folder() -> PathBuf {
    repository("target/ci-tools")
}

/// A folder in which Node.js finds the packages.
pub(crate) fn node_packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // Not the folder of the other tools: npm removes what it is not asked for.
        let folder = folder().join("clients");
        if !folder.join("node_modules/ws").exists() || !folder.join("node_modules/playwright-core").exists() {
            let mut npm = Command::new("npm");
            npm.args(["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&folder);
            succeed(npm.args(PACKAGES));
        }
        folder
    })
}

/// A Python that has `websockets`.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let venv = folder().join("venv");
        let python = venv.join("bin/python");
        let has_it = || Command::new(&python).args(["-c", "import websockets.asyncio"]).output();
        if !has_it().is_ok_and(|output| output.status.success()) {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv));
            succeed(Command::new(&python).args(["-m", "pip", "install", "--quiet", "websockets>=14"]));
        }
        python
    })
}

/// The browser.
pub(crate) fn chromium() -> &'static Path {
    let found = BROWSERS.iter().map(Path::new).find(|path| path.exists());
    found.expect("these tests need Chromium: apt-get install chromium, as .ci/run does")
}

/// A command that is ended when it takes far too long.
pub(crate) fn bounded(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LONGEST_S]).arg(program);
    command
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn succeed(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?} {}:\n{}", output.status, told.concat());
}

/// A program of `integration/browser`, about to run in Chromium with what it is given as JSON.
pub(crate) fn in_browser(program: &str, given: &serde_json::Value) -> Command {
    let mut command = bounded(Path::new("node"));
    command.arg(repository("integration/browser").join(program));
    command.arg(node_packages()).arg(chromium()).arg(given.to_string());
    command
}

/// A program that is ended with the test.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
