//! The subcommands: each composes parts and ends with an exit code.

use crate::cli::Usage;
use crate::observe::Terminal;

pub mod bench;
pub mod call;
mod children;
pub mod completions;
pub mod drain;
mod json_layout;
pub mod local;
mod looks;
pub mod node;
pub mod orchestrator;
pub mod publish;
mod rpc;
mod serving;
pub mod subscribe;
pub mod trace;

/// The reply is an error, or the command failed.
pub const FAILED: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// The call could not be delivered.
pub const UNDELIVERED: u8 = 3;

/// Says what is wrong, or what was asked for, and gives the exit code.
pub fn show_usage(terminal: &Terminal, usage: &Usage) -> u8 {
    match usage {
        Usage::Shown(text) => {
            terminal.write_stdout(format!("{}\n", text.trim_end()).as_bytes());
            0
        }
        Usage::Wrong(text) => {
            terminal.write_stderr(format!("{}\n", text.trim_end()).as_bytes());
            USAGE
        }
    }
}
