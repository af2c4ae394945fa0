//! Standard error as log and live line share it.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Standard error. Whatever writes there while a live line may stand goes through [`Terminal::suspend`], so that the
/// line is taken away first and drawn again below. Clones share the line.
#[derive(Clone, Debug)]
pub struct Terminal {
    bars: MultiProgress,
    live: bool,
}

impl Terminal {
    /// A live line is drawn only when standard error is a terminal that can move its cursor.
    pub fn stderr() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if io::stderr().is_terminal() && !dumb {
            Terminal { bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()), live: true }
        } else {
            Terminal::plain()
        }
    }

    /// Never draws a live line.
    pub fn plain() -> Self {
        Terminal { bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()), live: false }
    }

    /// Whether a live line is drawn, and figures for it are worth getting.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Runs `write`, which writes whole lines to standard error or output, with the live line out of the way. Must
    /// not be nested.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        if self.live {
            self.bars.suspend(write)
        } else {
            write()
        }
    }

    /// Writes `text` to standard error. An error is dropped, there being nowhere to tell it.
    pub fn write_stderr(&self, text: &[u8]) {
        self.suspend(|| drop(io::stderr().lock().write_all(text)));
    }

    /// Writes `text` to standard output at once. A reader that has gone away is no error.
    pub fn write_stdout(&self, text: &[u8]) {
        let _taken = self.feed_stdout(text);
    }

    /// As `write_stdout`, and tells whether anybody reads it still.
    pub fn feed_stdout(&self, text: &[u8]) -> bool {
        let mut written = Ok(());
        self.suspend(|| {
            let mut out = io::stdout().lock();
            written = out.write_all(text).and_then(|()| out.flush());
        });
        written.is_ok()
    }

    /// Takes away a live line that another process has left behind. The cursor stands at its end.
    pub fn erase_line(&self) {
        if self.live {
            self.write_stderr(b"\r\x1b[2K");
        }
    }

    /// A bar that is full after `length`; it goes away with the value.
    pub fn bar(&self, length: Duration) -> Bar {
        let bar = self.bars.add(ProgressBar::new(millis(length)));
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3}%  {wide_msg}") {
            bar.set_style(style);
        }
        Bar { bar }
    }

    /// The live line of something that takes a while: `text`, and for how long it has been going on.
    pub fn waiting(&self, text: String) -> LiveLine {
        let line = self.line();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            line.bar.set_style(style);
        }
        line.set(text);
        line
    }

    /// The live line; it goes away with the value.
    pub fn line(&self) -> LiveLine {
        let bar = self.bars.add(ProgressBar::new_spinner());
        // `wide_msg` cuts at the width of the terminal; a line that wraps could not be taken away again.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        if self.live {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        LiveLine { bar }
    }
}

/// How far something is that lasts for a known time.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// So much time has passed, and `text` is what there is to say.
    pub fn set(&self, passed: Duration, text: String) {
        self.bar.set_position(millis(passed));
        self.bar.set_message(text);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A line under the scrolling log.
#[derive(Debug)]
pub struct LiveLine {
    bar: ProgressBar,
}

impl LiveLine {
    /// So many are done, of so many if that is known.
    pub fn advance(&self, done: u64, total: Option<u64>) {
        let template = match total {
            Some(_) => "{spinner} {elapsed} {bar:24} {pos}/{len}  {wide_msg}",
            None => "{spinner} {elapsed} {pos} done  {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }

    /// Shows `text` from now on.
    pub fn set(&self, text: String) {
        self.bar.set_message(text);
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
