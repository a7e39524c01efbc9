use std::collections::HashSet;
use std::fmt::Display;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::value::CorruptRow;

/// How many damaged rows are remembered; beyond that they are told again.
const REMEMBERED: usize = 1024;

/// A table whose rows a driver gives as `R`, and what is in them.
#[derive(Debug)]
pub struct Table<R, T> {
    /// What the store is called in the log.
    pub store: &'static str,
    /// The table's name.
    pub name: &'static str,
    /// Reads a row.
    pub read: fn(&R) -> Result<T, CorruptRow>,
    /// Returns the name of what is in a row, also of a damaged one.
    pub id: fn(&R) -> &[u8],
}

/// The rows that a store found damaged: each is told once, by its name and never by what it holds.
///
/// A listing goes on without them, so that one row stops no revocation and no sweep. Who asks for such a row by name is
/// told that it is corrupt.
#[derive(Debug, Default)]
pub struct Damage {
    told: Mutex<HashSet<Bytes>>,
}

impl Damage {
    /// Returns what can be read of these rows; the others are [told](Self::tell).
    pub fn sift<R, T>(&self, table: &Table<R, T>, rows: &[R]) -> Vec<T> {
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            match (table.read)(row) {
                Ok(item) => found.push(item),
                Err(error) => self.tell(&table.store, table.name, (table.id)(row), &error),
            }
        }
        found
    }

    /// Writes to the log that the row of `table` with this name is damaged, unless that was told before.
    pub fn tell(&self, store: &dyn Display, table: &'static str, id: &[u8], error: &CorruptRow) {
        let is_news = {
            let mut told = self.told.lock();
            if told.len() >= REMEMBERED {
                told.clear();
            }
            told.insert(Bytes::copy_from_slice(id))
        };
        if is_news {
            tracing::error!(
                target: "hallpass::sql",
                %store,
                table,
                id = %Hex(id),
                %error,
                "a row is damaged, and is left out of listings; restore it from a backup, or remove it"
            );
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How many rows to ask for, so that a page is full also where damaged rows are left out of it.
#[derive(Debug, Clone, Copy)]
pub struct Width {
    wanted: usize,
    asked: usize,
}

impl Width {
    /// Returns the width for one item more than a page has, which shows whether there are more.
    pub fn one_more_than(page: usize) -> Self {
        Self { wanted: page + 1, asked: page + 1 }
    }

    /// Returns how many rows to ask for now.
    pub fn rows(self) -> usize {
        self.asked
    }

    /// Returns the width for another try, or nothing if what was found is all that there is, or enough.
    #[must_use]
    pub fn wider(self, rows: usize, items: usize) -> Option<Self> {
        let is_over = items >= self.wanted || rows < self.asked;
        (!is_over).then(|| Self { asked: self.asked.saturating_mul(2), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_damaged_rows_is_asked_for_again_until_it_is_full_or_all_is_read() {
        let width = Width::one_more_than(10);
        assert_eq!(width.rows(), 11);
        assert!(width.wider(11, 11).is_none(), "nothing was damaged");
        assert!(width.wider(7, 3).is_none(), "there are no more rows");
        let wider = width.wider(11, 9).expect("two are missing");
        assert_eq!(wider.rows(), 22);
        assert!(wider.wider(22, 20).is_none(), "more than enough");
    }

    #[test]
    fn a_name_is_told_in_hexadecimal() {
        assert_eq!(Hex(&[0, 10, 255]).to_string(), "000aff");
    }
}
