//! What nodes tell each other: a line for each record that changed.

use std::fmt::Write;

use hallpass::{Change, Realm, SessionId};

/// What says that news was lost on its way.
const HOLE: &str = "!";

/// The most that the server takes in one notification is 7,999 bytes; a line has at most 88.
const LINES: usize = 80;

/// Returns the line for a record.
pub(crate) fn of(realm: &Realm, id: &SessionId) -> String {
    format!("{realm} {id}")
}

/// Returns the notifications for changes, each of many lines.
pub(crate) fn many(changes: &[Change]) -> Vec<String> {
    let payload = |chunk: &[Change]| {
        let mut lines = String::new();
        for change in chunk {
            // Writing to a string cannot fail.
            let _ = match change {
                Change::Session { realm, id } => writeln!(lines, "{realm} {id}"),
                Change::Hole => writeln!(lines, "{HOLE}"),
            };
        }
        lines
    };
    changes.chunks(LINES).map(payload).collect()
}

/// Returns what the lines say; what cannot be read may have been anything.
pub(crate) fn read(lines: &str) -> impl Iterator<Item = Change> {
    lines.lines().map(|line| session(line).unwrap_or(Change::Hole))
}

fn session(line: &str) -> Option<Change> {
    let (realm, id) = line.split_once(' ')?;
    Some(Change::Session { realm: Realm::new(realm).ok()?, id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_told_in_notifications_that_the_server_takes() {
        let realm = Realm::new("r".repeat(64)).expect("a realm");
        let change = |_| Change::Session { realm: realm.clone(), id: SessionId::random() };
        let mut changes: Vec<_> = (0..200).map(change).collect();
        changes.push(Change::Hole);
        let sent = many(&changes);
        assert!(sent.iter().all(|lines| lines.len() < 8000));
        let told: Vec<_> = sent.iter().flat_map(|lines| read(lines)).collect();
        assert_eq!(told, changes);
    }

    #[test]
    fn what_cannot_be_read_is_a_hole() {
        let id = SessionId::random();
        let told: Vec<_> = read(&format!("{HOLE}\ndefault nonsense\n{}", of(&Realm::default(), &id))).collect();
        assert_eq!(told, [Change::Hole, Change::Hole, Change::Session { realm: Realm::default(), id }]);
    }
}
