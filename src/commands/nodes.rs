//! `madrpc-actor nodes`.

use std::time::Instant;

use super::watching::{self, Watch};
use crate::cli::NodesConfig;
use crate::observe::Terminal;
use crate::top::{nodes_table, Model};

/// Prints the table of nodes, and gives the exit code.
pub fn run(config: &NodesConfig, terminal: &Terminal) -> u8 {
    let looked = actix_rt::System::new().block_on(Watch::new(&config.url, &config.look).look());
    let mut model = Model::new(&watching::name(&config.url));
    match looked {
        Ok(answers) => model.feed(Instant::now(), watching::unix_ms(), Ok(answers)),
        Err((code, problem)) => {
            terminal.write_stderr(format!("{problem}\n").as_bytes());
            return code;
        }
    }
    let text = model.snapshot().map(|snapshot| match config.json {
        true => super::json_line(&snapshot.nodes),
        false => nodes_table(&snapshot),
    });
    terminal.write_stdout(text.unwrap_or_default().as_bytes());
    0
}
