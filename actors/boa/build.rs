//! Lays out the published source with our fixes, for `src/lib.rs` to include.

fn main() {
    if let Err(error) = madrpc_boa_patcher::build::run() {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}
