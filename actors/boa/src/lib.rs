//! A published crate with our fixes: see `actors/boa/README.md`.
#![allow(
    warnings,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    macro_expanded_macro_exports_accessed_by_absolute_paths,
    reason = "the text is not ours, and is included as it is"
)]

include!(concat!(env!("OUT_DIR"), "/src/lib.rs"));
