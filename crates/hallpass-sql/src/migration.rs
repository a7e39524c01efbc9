/// A step from one schema to the next; forward only, and never changed once it was released.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The schema's number after it; the first is 1, and each is one more than the one before.
    pub version: u32,
    /// What it is for, in a few words.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// The error of meeting a schema that a later release made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its schema is number {found}, and this release knows them up to {known}")]
pub struct NewerSchema {
    /// The number of the schema that is there.
    pub found: u32,
    /// The highest number that is known here.
    pub known: u32,
}

/// Returns the number of the schema after all of `migrations`.
pub fn latest(migrations: &[Migration]) -> u32 {
    migrations.last().map_or(0, |migration| migration.version)
}

/// Returns those of `migrations` that a database with schema number `present` has not had.
///
/// # Errors
///
/// [`NewerSchema`] if it has had more than these.
pub fn pending(migrations: &'static [Migration], present: u32) -> Result<&'static [Migration], NewerSchema> {
    let known = latest(migrations);
    if present > known {
        return Err(NewerSchema { found: present, known });
    }
    let had = migrations.partition_point(|migration| migration.version <= present);
    Ok(&migrations[had..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[Migration] =
        &[Migration { version: 1, name: "one", sql: "" }, Migration { version: 2, name: "two", sql: "" }];

    #[test]
    fn only_what_is_missing_runs_and_a_newer_schema_is_refused() {
        let names = |present| pending(TWO, present).map(|some| some.iter().map(|one| one.name).collect::<Vec<_>>());
        assert_eq!(names(0), Ok(vec!["one", "two"]));
        assert_eq!(names(1), Ok(vec!["two"]));
        assert_eq!(names(2), Ok(vec![]));
        assert_eq!(names(3), Err(NewerSchema { found: 3, known: 2 }));
    }
}
