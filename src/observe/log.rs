//! The log: env_logger on standard error, one record a line.

use std::io::{self, Write};

use env_logger::{Builder, Env, Target, WriteStyle};

use super::Terminal;

/// Starts the log at `default_level` unless `RUST_LOG` says otherwise. Panics go to the log as well, so that their
/// text does not tear the live line. A second call changes nothing.
pub fn init(terminal: &Terminal, default_level: &str) {
    let colour = terminal.is_live() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // All that actix-http has to say is that a stranger sent no HTTP.
    let filter = format!("{default_level},actix_server=warn,actix_http=off");
    let logger = Builder::from_env(Env::new().filter_or("RUST_LOG", filter))
        .format_timestamp_millis()
        .write_style(if colour { WriteStyle::Always } else { WriteStyle::Never })
        .target(Target::Pipe(Box::new(Sink { terminal: terminal.clone() })))
        .try_init();
    if logger.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let backtrace = std::backtrace::Backtrace::capture();
            ::log::error!("thread {:?}: {panic}\n{backtrace}", thread.name().unwrap_or("unnamed"));
        }));
    }
}

/// Gets each record in one write.
struct Sink {
    terminal: Terminal,
}

impl Write for Sink {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.terminal.write_stderr(record);
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
