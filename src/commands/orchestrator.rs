//! `madrpc-actor orchestrator`.

use crate::cli::OrchestratorConfig;
use crate::observe::Terminal;

/// Runs until it is told to end.
pub fn run(_config: OrchestratorConfig, _terminal: Terminal) -> anyhow::Result<()> {
    anyhow::bail!("the command orchestrator is not part of this build")
}
