//! Where the published source of a crate lies on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// Names a folder that holds the sources, each as `NAME-VERSION` or `NAME`.
pub const OVERRIDE: &str = "MADRPC_BOA_SOURCE";

/// The folder of the published crate. cargo has put it there, since it is a build dependency of whoever asks: into its
/// registry, or, where dependencies are vendored, into a folder `vendor` in this folder or one above.
pub fn find(name: &str, version: &str) -> Result<PathBuf> {
    let full = format!("{name}-{version}");
    let mut looked = Vec::new();
    for folder in folders() {
        for path in [folder.join(&full), folder.join(name)] {
            if is_version(&path, version) {
                return Ok(path);
            }
        }
        looked.push(folder.display().to_string());
    }
    Err(format!(
        "the source of {full} is in none of: {}. Run `cargo fetch`, or name its folder by {OVERRIDE}",
        looked.join(", ")
    ))
}

fn folders() -> Vec<PathBuf> {
    if let Some(folder) = env::var_os(OVERRIDE) {
        return vec![folder.into()];
    }
    let mut folders = Vec::new();
    if let Ok(here) = env::current_dir() {
        folders.extend(here.ancestors().map(|above| above.join("vendor")).filter(|path| path.is_dir()));
    }
    let registries = cargo_home().join("registry/src");
    folders.extend(fs::read_dir(registries).into_iter().flatten().flatten().map(|entry| entry.path()));
    folders
}

fn cargo_home() -> PathBuf {
    let home = || env::home_dir().unwrap_or_default().join(".cargo");
    env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

fn is_version(path: &Path, version: &str) -> bool {
    let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let package = manifest.get("package").and_then(|package| package.get("version"));
    package.and_then(toml::Value::as_str) == Some(version)
}
