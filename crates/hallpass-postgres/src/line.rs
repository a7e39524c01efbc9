//! What nodes tell each other: a line for each record that changed.

use hallpass::{Change, Realm, SessionId};

/// Returns the line for a record.
pub(crate) fn of(realm: &Realm, id: &SessionId) -> String {
    format!("{realm} {id}")
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
    fn what_cannot_be_read_is_a_hole() {
        let (realm, id) = (Realm::new("r".repeat(64)).expect("a realm"), SessionId::random());
        let told: Vec<_> = read(&format!("!\ndefault nonsense\n{}", of(&realm, &id))).collect();
        assert_eq!(told, [Change::Hole, Change::Hole, Change::Session { realm, id }]);
    }
}
