//! `madrpc-actor node`.

use crate::cli::NodeConfig;
use crate::observe::Terminal;

/// Runs until it is told to end.
pub fn run(_config: NodeConfig, _terminal: Terminal) -> anyhow::Result<()> {
    anyhow::bail!("the command node is not part of this build")
}
