//! The process: arguments in, exit code out.

use std::process::ExitCode;

use madrpc_actor::allocator::{self, ReportingAllocator};
use madrpc_actor::cli::{secrets, Command};
use madrpc_actor::commands;
use madrpc_actor::observe::{self, Terminal};

#[global_allocator]
static ALLOCATOR: ReportingAllocator = ReportingAllocator;

fn main() -> ExitCode {
    madrpc_actors::engine::heap::give_back_by(allocator::give_back);
    let terminal = Terminal::stderr();
    let command = match Command::parse(std::env::args_os(), &|name| std::env::var_os(name)) {
        Ok(command) => command,
        Err(usage) => return commands::show_usage(&terminal, &usage).into(),
    };
    let is_client = matches!(
        command,
        Command::Call(_)
            | Command::Drain(_)
            | Command::Bench(_)
            | Command::Sub(_)
            | Command::Pub(_)
            | Command::Trace(_)
    );
    let level = if is_client { "warn" } else { "info" };
    observe::init(&terminal, level, command.log_format());
    if let Err(error) = secrets::hide(&command, std::env::args_os()) {
        log::warn!("secrets stay visible among the arguments of this process: {error}");
    }
    match command {
        Command::Orchestrator(config) => finish(commands::orchestrator::run(config, terminal).map(|()| 0)),
        Command::Node(config) => finish(commands::node::run(config, terminal)),
        Command::Call(config) => commands::call::run(config, &terminal).into(),
        Command::Drain(config) => commands::drain::run(&config, &terminal).into(),
        Command::Trace(config) => commands::trace::run(&config, &terminal).into(),
        Command::Bench(config) => commands::bench::run(config, &terminal).into(),
        Command::Sub(config) => commands::subscribe::run(&config, &terminal).into(),
        Command::Pub(config) => commands::publish::run(&config, &terminal).into(),
        Command::Local(config) => commands::local::run(config, &terminal).into(),
        Command::Completions { shell } => {
            commands::completions::run(shell, &terminal);
            ExitCode::SUCCESS
        }
    }
}

fn finish(outcome: anyhow::Result<u8>) -> ExitCode {
    match outcome {
        Ok(code) => code.into(),
        Err(error) => {
            log::error!("{error:#}");
            commands::FAILED.into()
        }
    }
}
