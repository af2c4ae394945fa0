//! What the build scripts of the fixed crates run: published source, plus fixes, into `OUT_DIR/src`.

#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

use std::env;
use std::path::{Path, PathBuf};

use crate::tree::{self, Tree};
use crate::{fix, source, Result};

/// Names the folder of a working copy, which takes the place of source and fixes while a fix is being made.
pub const WORK: &str = "MADRPC_BOA_WORK";

/// The crates that are fixed, each with its version.
pub const CRATES: [(&str, &str); 7] = [
    ("boa_ast", "0.22.0"),
    ("boa_engine", "0.22.0"),
    ("boa_gc", "0.22.0"),
    ("boa_interner", "0.22.0"),
    ("boa_parser", "0.22.0"),
    ("boa_string", "0.22.0"),
    ("regress", "0.12.0"),
];

/// Where the fixes of a crate are kept.
pub fn fixes_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixes").join(name)
}

/// The published tree of a crate.
pub fn published(name: &str, version: &str) -> Result<Tree> {
    tree::read(&source::find(name, version)?.join("src"))
}

/// Lays out the source of the crate whose build script this is.
pub fn run() -> Result<()> {
    let package = env::var("CARGO_PKG_NAME").map_err(|error| error.to_string())?;
    let name = match package.as_str() {
        "madrpc-boa" => "boa_engine".to_owned(),
        other => other.trim_start_matches("madrpc-").replace('-', "_"),
    };
    let (_, version) = CRATES.iter().find(|(known, _)| *known == name).ok_or(format!("{name} is not fixed here"))?;
    println!("cargo::rerun-if-env-changed={WORK}");
    println!("cargo::rerun-if-env-changed={}", source::OVERRIDE);
    let mut tree = match env::var_os(WORK) {
        Some(work) => {
            let folder = Path::new(&work).join(&name);
            println!("cargo::rerun-if-changed={}", folder.display());
            tree::read(&folder)?
        }
        None => {
            let folder = fixes_of(&name);
            // It must be there even when empty: cargo takes what is missing for changed each time.
            println!("cargo::rerun-if-changed={}", folder.display());
            fix::apply(&published(&name, version)?, &fix::read_all(&folder)?)?
        }
    };
    if let Some(root) = tree.get_mut("lib.rs") {
        *root = includable(root);
    }
    let out = env::var_os("OUT_DIR").ok_or("build scripts have an OUT_DIR")?;
    tree::write(&tree, &Path::new(&out).join("src"))
}

/// A crate's root without its inner attributes and documentation, which can't stand in what is included.
fn includable(root: &str) -> String {
    let documented = root.strip_prefix("/*!").and_then(|root| root.split_once("*/"));
    let root = documented.map_or(root, |(_, root)| root);
    let mut text = String::with_capacity(root.len());
    let mut open = 0_i32;
    for line in root.split_inclusive('\n') {
        if open == 0 && line.starts_with("//!") {
            continue;
        }
        if open > 0 || line.starts_with("#![") {
            let code = line.split("//").next().unwrap_or_default();
            let count = |brackets: [char; 2]| i32::try_from(code.matches(brackets).count()).unwrap_or(0);
            open += count(['[', '(']) - count([']', ')']);
            continue;
        }
        text.push_str(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_attributes_and_documentation_of_a_root_go() {
        let root = "//! Docs\n#![no_std]\n#![allow(\n    // why (not\n    a,\n)]\n#[doc(inline)]\nmod a; // b\n";
        assert_eq!(includable(root), "#[doc(inline)]\nmod a; // b\n");
        assert_eq!(includable("/*!\nDocs\n*/\n#![no_std]\nmod a;\n"), "\nmod a;\n");
    }

    #[test]
    fn all_fixes_fit_the_published_sources() {
        for (name, version) in CRATES {
            let fixes = fix::read_all(&fixes_of(name)).expect("readable");
            fix::apply(&published(name, version).expect("fetched"), &fixes).expect("fitting");
        }
    }
}
