//! The tool for whoever makes a fix: see `actors/boa/README.md`.

use std::path::Path;
use std::process::ExitCode;

use madrpc_boa_patcher::{record, Result};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done: Result<()> = match arguments.as_slice() {
        ["checkout", work] => record::check_out(Path::new(work)),
        ["record", work, name] => record::record(Path::new(work), name).map(|written| {
            for path in written {
                eprintln!("{path}");
            }
        }),
        _ => Err("usage: checkout FOLDER | record FOLDER NAME".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
