use hallpass::{Checkup, Finding};
use rusqlite::Connection;

use crate::error::Fault;

/// From which share of free pages on it is worth making the file smaller, where it is not small anyway.
const FREE: u64 = 2;
const SMALL: u64 = 64 << 20;

/// Looks at the file: whether what is acknowledged lasts, and how large it is.
pub(crate) fn checkup(connection: &Connection, is_durable: bool) -> Result<Checkup, Fault> {
    let number = |pragma: &str| -> Result<u64, Fault> {
        let number: i64 = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        Ok(u64::try_from(number).unwrap_or_default())
    };
    let mut checkup = Checkup::default();
    checkup.server = Some(format!("SQLite {}", rusqlite::version()));
    checkup.findings.push(if is_durable {
        Finding::good("durability", "every write is synced before it is acknowledged")
    } else {
        let found = "writes are not synced before they are acknowledged: power loss may undo a logout";
        Finding::danger("durability", found, "open the store without `synchronous`")
    });
    let (page, pages, free) = (number("page_size")?, number("page_count")?, number("freelist_count")?);
    let size = page.saturating_mul(pages);
    let found = format!("{} MiB, of which {} are free", size >> 20, page.saturating_mul(free) >> 20);
    let is_roomy = size > SMALL && free > pages / FREE;
    checkup.findings.push(if is_roomy {
        Finding::warning("file", found, "run VACUUM while no service uses the file")
    } else {
        Finding::good("file", found)
    });
    Ok(checkup)
}
