//! Shows each fault in the published Boa: cargo run -p madrpc-boa --example unfixed [NAME]
//!
//! A fix whose rows all pass there is no longer needed: that is what to look for after an upgrade.

use std::sync::mpsc;
use std::time::Duration;

use unfixed as boa;

#[path = "../tests/runner/mod.rs"]
mod runner;

/// What takes longer is a fault by itself.
const LIMIT: Duration = Duration::from_secs(10);

fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    for file in runner::files(&std::env::args().nth(1).unwrap_or_default()) {
        let name = runner::name(&file);
        let rows = runner::count(&file);
        println!("{name}: {rows} rows");
        let mut failing = 0;
        for row in 0..rows {
            let (sender, receiver) = mpsc::channel();
            let file = file.clone();
            let run = move || sender.send(runner::failures(&file, &format!("(row) => row === {row}")));
            let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(run);
            let failures = thread.map(|_| receiver.recv_timeout(LIMIT));
            match failures {
                Ok(Ok(failures)) if failures.is_empty() => continue,
                Ok(Ok(failures)) => println!("    {}", failures.join("; ")),
                _ => println!("    row {row} has no end within {LIMIT:?}"),
            }
            failing += 1;
        }
        if failing == 0 {
            println!("    nothing fails: this fix is not needed, or has no row that shows its fault");
        }
    }
    // Threads that did not come to an end are not waited for.
    std::process::exit(0);
}
