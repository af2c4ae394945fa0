//! A table: columns that give way when there is little room, rows that are sorted and filtered, and text that can't harm the
//! terminal it is written to.

use std::cmp::Ordering;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// Characters; the first column takes what is left.
    pub(super) width: u16,
    /// Columns with a high number give way first.
    pub(super) gives_way: u8,
}

/// How something should look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    Good,
    Doubtful,
    Bad,
}

/// A field of a row.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    /// What it is sorted by, the largest first; text is sorted from A to Z.
    pub(super) number: Option<f64>,
    pub(super) tone: Tone,
}

impl Cell {
    pub(super) fn text(text: &str) -> Cell {
        Cell { text: escaped(text), number: None, tone: Tone::Plain }
    }

    /// A figure that may be missing, as `show` writes it.
    pub(super) fn figure(number: Option<f64>, show: impl FnOnce(f64) -> String) -> Cell {
        Cell { text: number.map_or_else(|| "-".into(), show), number, tone: Tone::Plain }
    }

    pub(super) fn toned(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }
}

/// Which column a table is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) column: usize,
    pub(super) reversed: bool,
}

/// A table. Each row has a cell for each column.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// Keeps the rows whose first cell has `text` in it, whatever the case of its letters.
    pub(super) fn filter(&mut self, text: &str) {
        let text = text.to_lowercase();
        self.rows.retain(|row| row.first().is_some_and(|cell| cell.text.to_lowercase().contains(&text)));
    }

    /// Rows that are alike there stay in the order of their first cells.
    pub(super) fn sort(&mut self, order: Order) {
        self.rows.sort_by(|one, other| {
            let by_column = match (one.get(order.column), other.get(order.column)) {
                (Some(one), Some(other)) => compare(one, other, order.reversed),
                _ => Ordering::Equal,
            };
            by_column.then_with(|| one.first().map(|cell| &cell.text).cmp(&other.first().map(|cell| &cell.text)))
        });
    }

    /// The columns that have room, by index, when the first should have `first` characters.
    pub(super) fn fitting(&self, width: u16, first: u16) -> Vec<usize> {
        let mut kept: Vec<usize> = (0..self.columns.len()).collect();
        let needed = |kept: &[usize]| {
            let widths = kept.iter().skip(1).map(|index| usize::from(self.columns[*index].width) + 1);
            usize::from(first) + widths.sum::<usize>()
        };
        while kept.len() > 1 && needed(&kept) > usize::from(width) {
            // Of those that give way alike, the last one.
            let next = kept.iter().copied().skip(1).max_by_key(|index| (self.columns[*index].gives_way, *index));
            kept.retain(|index| Some(*index) != next);
        }
        kept
    }
}

/// The missing come last, whichever way round.
fn compare(one: &Cell, other: &Cell, reversed: bool) -> Ordering {
    let order = match (one.number, other.number) {
        (Some(one), Some(other)) => other.total_cmp(&one),
        (Some(_), None) => return Ordering::Less,
        (None, Some(_)) => return Ordering::Greater,
        (None, None) => one.text.cmp(&other.text),
    };
    if reversed {
        order.reverse()
    } else {
        order
    }
}

/// Text of another process for a terminal: what is no visible character is written as its escape.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            // They do no harm, and names may have them.
            '"' | '\'' => shown.push(char),
            _ => shown.extend(char.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { title: "name", width: 0, gives_way: 0 },
        Column { title: "a", width: 4, gives_way: 2 },
        Column { title: "b", width: 5, gives_way: 1 },
    ];

    fn sheet() -> Sheet {
        let row = |name: &str, a: Option<f64>| {
            vec![Cell::text(name), Cell::figure(a, |a| a.to_string()), Cell::figure(Some(1.0), |b| b.to_string())]
        };
        Sheet {
            columns: &COLUMNS,
            rows: vec![row("x", None), row("Yes", Some(1.0)), row("b", Some(10.0)), row("a", Some(1.0))],
        }
    }

    fn names(sheet: &Sheet) -> String {
        sheet.rows.iter().map(|row| row[0].text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn large_figures_come_first_and_missing_ones_last() {
        let mut sheet = sheet();
        sheet.sort(Order { column: 1, reversed: false });
        assert_eq!(names(&sheet), "b Yes a x");
        sheet.sort(Order { column: 1, reversed: true });
        assert_eq!(names(&sheet), "Yes a b x");
        sheet.sort(Order { column: 0, reversed: true });
        assert_eq!(names(&sheet), "x b a Yes");
        sheet.sort(Order { column: 2, reversed: false });
        assert_eq!(names(&sheet), "Yes a b x");
    }

    #[test]
    fn a_filter_looks_at_names_alone() {
        let mut sheet = sheet();
        sheet.filter("yE");
        assert_eq!(names(&sheet), "Yes");
        sheet.filter("1");
        assert_eq!(names(&sheet), "");
    }

    #[test]
    fn columns_give_way() {
        let sheet = sheet();
        assert_eq!(sheet.fitting(21, 10), [0, 1, 2]);
        assert_eq!(sheet.fitting(20, 10), [0, 2]);
        assert_eq!(sheet.fitting(15, 10), [0]);
        assert_eq!(sheet.fitting(0, 10), [0]);
    }

    #[test]
    fn text_of_others_can_not_move_the_cursor() {
        assert_eq!(escaped("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
        assert_eq!(escaped("x\u{9b}31m\u{202e}\u{7f}"), "x\\u{9b}31m\\u{202e}\\u{7f}");
        assert_eq!(escaped("é \"q\" 名"), "é \"q\" 名");
    }
}
