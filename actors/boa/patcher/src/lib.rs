//! Applies fixes, which are kept as data, to the published source of a crate.
//!
//! - [`source`] finds the published source, which cargo has fetched and checked.
//! - [`fix`] reads the fixes of a crate and applies them to a tree of files in memory.
//! - [`build`] is what the build scripts of the fixed crates run.
//! - [`record`] makes a fix of what was edited in a working copy.

pub mod build;
pub mod fix;
pub mod record;
pub mod source;
pub mod tree;

/// What went wrong, as a sentence for the person who builds.
pub type Result<T> = std::result::Result<T, String>;
