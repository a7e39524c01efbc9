use std::env;

use comfy_table::{
    Attribute, Cell as TableCell, Color, ColumnConstraint, ContentArrangement, Row, Table, Width, presets,
};
use unicode_width::UnicodeWidthStr as _;

use super::style::Tone;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    /// Among columns that do not fit, the one with the highest rank goes first; rank 0 stays.
    rank: u8,
    /// How narrow it may become, in characters; nothing if it is shown whole or not at all.
    least: Option<usize>,
    /// How wide it is at least, for rows that are still to come.
    usual: usize,
}

impl Column {
    /// Returns a column that is always shown, and whole.
    pub(crate) const fn new(title: &'static str) -> Self {
        Self { title, rank: 0, least: None, usual: 0 }
    }

    /// Lets it go if there is no room; the highest rank goes first.
    pub(crate) const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    /// Lets it be cut to this many characters if there is no room.
    pub(crate) const fn least(mut self, least: usize) -> Self {
        self.least = Some(least);
        self
    }

    /// Gives it this width at least, where there is room.
    pub(crate) const fn usual(mut self, usual: usize) -> Self {
        self.usual = usual;
        self
    }

    fn narrowest(&self, natural: usize) -> usize {
        self.least.map_or(natural, |least| least.min(natural))
    }
}

/// What stands in a table at one place.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Returns a cell in a tone.
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// Returns a cell for what may be missing.
    pub(crate) fn or_dash(text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => Self::new(text, Tone::Plain),
            None => Self::new("-", Tone::Faint),
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// A table that is written piece by piece: the first piece decides which columns there is room for, and how wide.
#[derive(Debug)]
pub(crate) struct Columns {
    all: Vec<Column>,
    room: Option<usize>,
    fitted: Option<Vec<(usize, usize)>>,
}

/// Between two columns.
const GAP: usize = 2;

impl Columns {
    /// Returns a table for lines of at most `room` characters, or of any length.
    pub(crate) fn new(columns: impl Into<Vec<Column>>, room: Option<usize>) -> Self {
        Self { all: columns.into(), room, fitted: None }
    }

    /// Returns these rows as text; the first time with the header.
    pub(crate) fn piece(&mut self, rows: &[Vec<Cell>]) -> String {
        let is_first = self.fitted.is_none();
        let fitted = self.fitted.take().unwrap_or_else(|| self.fit(rows));
        let text = self.render(rows, &fitted, is_first);
        self.fitted = Some(fitted);
        text
    }

    /// Chooses columns, by their place, and their widths.
    fn fit(&self, rows: &[Vec<Cell>]) -> Vec<(usize, usize)> {
        let natural = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.text.width());
            cells.chain([self.all[at].title.width(), self.all[at].usual]).max().unwrap_or_default()
        };
        let mut fitted: Vec<_> = (0..self.all.len()).map(|at| (at, natural(at))).collect();
        let Some(room) = self.room else { return fitted };
        let gaps = |count: usize| GAP * count.saturating_sub(1);
        loop {
            let least: usize = fitted.iter().map(|(at, width)| self.all[*at].narrowest(*width)).sum();
            let least_wanted = fitted.iter().enumerate().max_by_key(|(_, (at, _))| self.all[*at].rank);
            match least_wanted {
                Some((place, (at, _))) if least + gaps(fitted.len()) > room && self.all[*at].rank > 0 => {
                    fitted.remove(place);
                }
                _ => break,
            }
        }
        // The widest gives first, so that short columns stay whole.
        while fitted.iter().map(|(_, width)| width).sum::<usize>() + gaps(fitted.len()) > room {
            let widest = fitted
                .iter_mut()
                .filter(|(at, width)| *width > self.all[*at].narrowest(*width))
                .max_by_key(|(_, width)| *width);
            match widest {
                Some((_, width)) => *width -= 1,
                None => break,
            }
        }
        fitted
    }

    fn render(&self, rows: &[Vec<Cell>], fitted: &[(usize, usize)], with_header: bool) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        // Colour is always written here; what prints the text takes it out where it may not be.
        table.enforce_styling().set_width(u16::MAX);
        table.style_text_only();
        if with_header {
            let title = |(at, _): &(usize, usize)| TableCell::new(self.all[*at].title).add_attribute(Attribute::Bold);
            table.set_header(one_line(fitted.iter().map(title)));
        }
        for row in rows {
            table.add_row(one_line(fitted.iter().map(|(at, _)| row.get(*at).map_or_else(blank, Cell::draw))));
        }
        let last = fitted.len().saturating_sub(1);
        for (place, (_, width)) in fitted.iter().enumerate() {
            let Some(column) = table.column_mut(place) else { continue };
            let gap = if place == last { 0 } else { GAP };
            column.set_padding((0, u16::try_from(gap).unwrap_or_default()));
            let width = Width::Fixed(u16::try_from(width + gap).unwrap_or(u16::MAX));
            // Without a bound to the lines, nothing of a longer cell further down is cut off.
            let is_bound = self.room.is_some();
            let constraint = if is_bound { ColumnConstraint::Absolute } else { ColumnConstraint::LowerBoundary };
            column.set_constraint(constraint(width));
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

impl Cell {
    fn draw(&self) -> TableCell {
        let cell = TableCell::new(&self.text);
        match self.tone {
            Tone::Good => cell.fg(Color::DarkGreen),
            Tone::Warning => cell.fg(Color::DarkYellow),
            Tone::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
            Tone::Faint => cell.add_attribute(Attribute::Dim),
            Tone::Strong => cell.add_attribute(Attribute::Bold),
            Tone::Plain => cell,
        }
    }
}

fn blank() -> TableCell {
    TableCell::new("")
}

fn one_line(cells: impl Iterator<Item = TableCell>) -> Row {
    let mut row = Row::from(cells.collect::<Vec<_>>());
    row.max_height(1);
    row
}

/// Returns the width that `COLUMNS` says, or that of the terminal behind standard output.
pub(super) fn terminal_width() -> Option<usize> {
    let said = env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|width| *width > 0);
    said.or_else(|| Table::new().width().map(usize::from).filter(|width| *width > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] =
        [Column::new("ID"), Column::new("SUBJECT").least(7), Column::new("CLIENT").least(6).rank(1)];

    fn row(subject: &str, client: &str) -> Vec<Cell> {
        vec!["1234".into(), subject.into(), client.into()]
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_table_without_bounds_shows_everything_and_keeps_its_columns() {
        let mut table = Columns::new(COLUMNS, None);
        assert_eq!(plain(&table.piece(&[row("alice", "Firefox")])), "ID    SUBJECT  CLIENT\n1234  alice    Firefox\n");
        assert_eq!(plain(&table.piece(&[row("bob", "a longer name")])), "1234  bob      a longer name\n");
    }

    #[test]
    fn a_narrow_table_first_cuts_and_then_drops() {
        let rows = [row("a.very.long.subject", "Firefox on Linux")];
        let cut = plain(&Columns::new(COLUMNS, Some(30)).piece(&rows));
        assert!(cut.lines().all(|line| line.width() <= 30), "{cut}");
        assert!(cut.contains("CLIENT") && cut.contains('…'), "{cut}");
        let dropped = plain(&Columns::new(COLUMNS, Some(16)).piece(&rows));
        assert!(dropped.lines().all(|line| line.width() <= 16) && !dropped.contains("CLIENT"), "{dropped}");
    }

    #[test]
    fn wide_characters_do_not_break_the_columns() {
        let table = plain(&Columns::new(COLUMNS, Some(40)).piece(&[row("日本", "x"), row("bob", "y")]));
        assert_eq!(table, "ID    SUBJECT  CLIENT\n1234  日本     x\n1234  bob      y\n");
    }
}
