//! `madrpc-actor completions`.

use structopt::clap::Shell;

use crate::cli::Command;
use crate::observe::Terminal;

/// Prints the completion script for `shell`.
pub fn run(shell: Shell, terminal: &Terminal) {
    terminal.write_stdout(&Command::completions(shell));
}
