//! The log: env_logger on standard error, one record a line, as text or as JSON.

use std::io::{self, Write};
use std::str::FromStr;

use env_logger::{Builder, Env, Target, WriteStyle};

use super::{json_log, Terminal};

/// How the lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(format!("{text:?} is not allowed: text or json")),
        }
    }
}

/// Starts the log at `default_level` unless `RUST_LOG` says otherwise. Panics go to the log as well, so that their
/// text does not tear the live line. A second call changes nothing.
pub fn init(terminal: &Terminal, default_level: &str, format: LogFormat) {
    let colour = terminal.is_live()
        && format == LogFormat::Text
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // All that actix-http has to say is that a stranger sent no HTTP.
    let filter = format!("{default_level},actix_server=warn,actix_http=off");
    let mut builder = Builder::from_env(Env::new().filter_or("RUST_LOG", filter));
    builder
        .format_timestamp_millis()
        .write_style(if colour { WriteStyle::Always } else { WriteStyle::Never })
        .target(Target::Pipe(Box::new(Sink { terminal: terminal.clone() })));
    if format == LogFormat::Json {
        builder.format(json_log::write);
    }
    if builder.try_init().is_ok() {
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
