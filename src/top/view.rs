//! What the person at the terminal has chosen: order, filter, pause, help. Keys change it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::model::{Curves, Model};
use super::sheet::{Order, Sheet};
use super::sheets::{self, METHODS_BY};
use super::snapshot::Snapshot;

/// Longest filter.
const MAX_FILTER: usize = 60;

/// Lines that a page key moves by.
const PAGE: usize = 10;

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    GoOn,
    /// It ends.
    Quit,
}

/// The two tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Focus {
    #[default]
    Nodes,
    Methods,
}

/// Order and place of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Pane {
    pub(super) order: Order,
    /// What the names in it have in them.
    pub(super) filter: String,
    /// Rows above the first one shown.
    pub(super) above: usize,
}

/// What the person at the terminal has chosen.
#[derive(Debug)]
pub struct View {
    pub(super) focus: Focus,
    pub(super) nodes: Pane,
    pub(super) methods: Pane,
    /// The filter is being typed.
    pub(super) typing: bool,
    pub(super) help: bool,
    /// What stands still while it is paused.
    pub(super) paused: Option<Box<(Snapshot, Curves)>>,
    pub(super) color: bool,
}

impl View {
    /// `color` says whether the terminal should show colours.
    pub fn new(color: bool) -> View {
        View {
            focus: Focus::default(),
            nodes: Pane::default(),
            methods: Pane { order: Order { column: METHODS_BY, reversed: false }, ..Pane::default() },
            typing: false,
            help: false,
            paused: None,
            color,
        }
    }

    /// Takes a key. `model` is what is shown.
    pub fn key(&mut self, key: KeyEvent, model: &Model) -> Then {
        if key.kind == KeyEventKind::Release {
            return Then::GoOn;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            let quits = matches!(key.code, KeyCode::Char('c' | 'd'));
            return if quits { Then::Quit } else { Then::GoOn };
        }
        if self.typing {
            self.type_filter(key.code);
            return Then::GoOn;
        }
        if self.help {
            // Any key takes it away.
            self.help = false;
            return if key.code == KeyCode::Char('q') { Then::Quit } else { Then::GoOn };
        }
        match key.code {
            KeyCode::Char('q') => return Then::Quit,
            KeyCode::Char('?' | 'h') => self.help = true,
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Esc => self.pane().filter.clear(),
            KeyCode::Char('p' | ' ') => {
                let still = || model.snapshot().map(|snapshot| Box::new((snapshot, model.curves.clone())));
                self.paused = if self.paused.is_some() { None } else { still() };
            }
            KeyCode::Tab | KeyCode::BackTab => {
                self.focus = if self.focus == Focus::Nodes { Focus::Methods } else { Focus::Nodes };
            }
            KeyCode::Char('r') => self.pane().order.reversed ^= true,
            KeyCode::Char('s') | KeyCode::Right => self.sort_by(1),
            KeyCode::Char('S') | KeyCode::Left => self.sort_by(-1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(|above| above.saturating_add(1)),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(|above| above.saturating_sub(1)),
            KeyCode::PageDown => self.scroll(|above| above.saturating_add(PAGE)),
            KeyCode::PageUp => self.scroll(|above| above.saturating_sub(PAGE)),
            KeyCode::Home => self.scroll(|_| 0),
            KeyCode::End => self.scroll(|_| usize::MAX),
            _ => {}
        }
        Then::GoOn
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.pane().filter.clear();
                self.typing = false;
            }
            KeyCode::Backspace => drop(self.pane().filter.pop()),
            KeyCode::Char(char) if self.pane().filter.len() < MAX_FILTER && !char.is_control() => {
                self.pane().filter.push(char);
            }
            _ => {}
        }
        self.pane().above = 0;
    }

    /// The filter of the table that keys are for.
    pub(super) fn filter(&self) -> &str {
        match self.focus {
            Focus::Nodes => &self.nodes.filter,
            Focus::Methods => &self.methods.filter,
        }
    }

    fn pane(&mut self) -> &mut Pane {
        match self.focus {
            Focus::Nodes => &mut self.nodes,
            Focus::Methods => &mut self.methods,
        }
    }

    fn scroll(&mut self, to: impl FnOnce(usize) -> usize) {
        let pane = self.pane();
        pane.above = to(pane.above);
    }

    fn sort_by(&mut self, step: isize) {
        let columns = match self.focus {
            Focus::Nodes => sheets::NODE_COLUMNS,
            Focus::Methods => sheets::METHOD_COLUMNS,
        };
        let pane = self.pane();
        let column = pane.order.column.checked_add_signed(step).unwrap_or(columns - 1) % columns;
        (pane.order, pane.above) = (Order { column, reversed: false }, 0);
    }

    /// A table as it is chosen: filtered, in order. Keeps the place within it.
    pub(super) fn arrange(&mut self, focus: Focus, mut sheet: Sheet, room: usize) -> Sheet {
        let pane = match focus {
            Focus::Nodes => &mut self.nodes,
            Focus::Methods => &mut self.methods,
        };
        sheet.filter(&pane.filter);
        sheet.sort(pane.order);
        pane.above = pane.above.min(sheet.rows.len().saturating_sub(room));
        sheet
    }
}
