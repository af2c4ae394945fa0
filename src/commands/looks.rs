//! How what a command prints is to look.

use std::io::IsTerminal;

/// Columns where nobody tells how many there are.
const COLUMNS: usize = 100;

/// How standard output is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looks {
    /// Columns of a line.
    pub(super) columns: usize,
    /// Whether colours are understood and wanted.
    pub(super) colour: bool,
}

impl Looks {
    /// For whoever reads it.
    pub(super) const PLAIN: Looks = Looks { columns: COLUMNS, colour: false };

    /// A terminal's own width, with colours unless `NO_COLOR` is set (<https://no-color.org>).
    pub(super) fn of_stdout() -> Self {
        let out = std::io::stdout();
        if !out.is_terminal() {
            return Looks::PLAIN;
        }
        let columns = rustix::termios::tcgetwinsize(&out).map_or(0, |size| usize::from(size.ws_col));
        let set =
            |name: &str, means: fn(&std::ffi::OsStr) -> bool| std::env::var_os(name).is_some_and(|text| means(&text));
        let colour = !set("NO_COLOR", |text| !text.is_empty()) && !set("TERM", |text| text == "dumb");
        Looks { columns: if columns == 0 { COLUMNS } else { columns }, colour }
    }
}
