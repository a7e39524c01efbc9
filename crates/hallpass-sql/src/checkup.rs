use hallpass::Finding;

/// Returns whether every index that the tables were made with is among those that are there and in use.
pub fn index_finding<T: AsRef<str>>(made: &[&str], used: &[T]) -> Finding {
    let is_used = |name: &str| used.iter().any(|used| used.as_ref() == name);
    let missing: Vec<_> = made.iter().copied().filter(|name| !is_used(name)).collect();
    if missing.is_empty() {
        return Finding::good("indexes", format!("all {} are there and in use", made.len()));
    }
    let found = format!("missing, or not in use: {}", missing.join(", "));
    Finding::danger(
        "indexes",
        found,
        "make them again as they were, or restore a backup: without them revocations fail",
    )
}

/// Returns how large a table is.
pub fn table_finding(name: &'static str, rows: i64, dead: Option<i64>, bytes: i64) -> Finding {
    let dead = dead.map(|dead| format!(", {dead} dead rows")).unwrap_or_default();
    Finding::good(name, format!("about {rows} rows{dead}, {} MiB", bytes >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass::Health;

    #[test]
    fn an_index_that_is_missing_is_named() {
        let made = ["one", "two", "three"];
        assert_eq!(index_finding(&made, &made).health, Health::Good);
        let finding = index_finding(&made, &["two", "another"]);
        assert_eq!(finding.health, Health::Danger);
        assert_eq!(finding.found, "missing, or not in use: one, three");
    }
}
