use std::collections::BTreeMap;

use crate::error::Fault;

/// What a server tells about itself, as far as it matters to sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFacts {
    /// The name that it has in the URL or options.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it throws away what was not used for long when its memory is full, instead of refusing what is new (`-M`).
    pub evicts: bool,
    /// How many bytes it may use for items (`-m`).
    pub memory: u64,
    /// How many bytes an item may have, its key and head included (`-I`).
    pub largest_item: usize,
    /// How many items it has thrown away since it started.
    pub evictions: u64,
    /// For how many seconds it has been running.
    pub uptime: u64,
}

/// The usual bound of an item, for servers that do not tell theirs.
const USUAL_ITEM: usize = 1 << 20;

impl ServerFacts {
    /// Returns what of its settings endangers sessions, each with what to do, for people to read.
    pub fn dangers(&self) -> Vec<String> {
        let mut dangers = Vec::new();
        if self.evictions > 0 {
            dangers.push(format!(
                "{}: has thrown away {} items since it started, and users were logged out; give it more memory (-m)",
                self.name, self.evictions
            ));
        }
        if self.largest_item < LEAST_ITEM {
            dangers.push(format!(
                "{}: takes items of at most {} bytes; a session may have 1 MiB of attributes: start it with -I 2m, or limit them",
                self.name, self.largest_item
            ));
        }
        dangers
    }

    /// Reads what a server told in `stats` and `stats settings`.
    pub(crate) fn read(
        name: &str,
        stats: &BTreeMap<String, String>,
        settings: &BTreeMap<String, String>,
    ) -> Result<Self, Fault> {
        let version = stats.get("version").cloned().unwrap_or_default();
        if is_too_old(&version) {
            return Err(Fault::TooOld(version));
        }
        let is = |name: &str, value: &str| settings.get(name).is_some_and(|found| found == value);
        if is("cas_enabled", "no") {
            return Err(Fault::NoCas);
        }
        let number = |told: &BTreeMap<String, String>, name: &str| told.get(name).and_then(|value| value.parse().ok());
        Ok(Self {
            name: name.to_owned(),
            version,
            evicts: !is("evictions", "off"),
            memory: number(settings, "maxbytes").unwrap_or_default(),
            largest_item: number(settings, "item_size_max")
                .and_then(|bytes: u64| usize::try_from(bytes).ok())
                .unwrap_or(USUAL_ITEM),
            evictions: number(stats, "evictions").unwrap_or_default(),
            uptime: number(stats, "uptime").unwrap_or_default(),
        })
    }
}

/// What a record with the most attributes takes.
const LEAST_ITEM: usize = (1 << 20) + (16 << 10);

/// Older ones do not number the answer that there is nothing, so that one that is out of step could look like an absence.
fn is_too_old(version: &str) -> bool {
    let digits = |part: &str| {
        part.bytes()
            .take_while(u8::is_ascii_digit)
            .fold(0_u32, |number, digit| number.saturating_mul(10).saturating_add(u32::from(digit - b'0')))
    };
    let mut parts = version.split('.').map(digits);
    let mut part = || parts.next().unwrap_or_default();
    (part(), part(), part()) < (1, 6, 18)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_a_server_tells_is_read() {
        let stats = told(&[("version", "1.6.18"), ("evictions", "3"), ("uptime", "9")]);
        let settings = told(&[
            ("evictions", "off"),
            ("maxbytes", "67108864"),
            ("item_size_max", "2097152"),
            ("cas_enabled", "yes"),
        ]);
        let facts = ServerFacts::read("a:11211", &stats, &settings).expect("a good server");
        assert_eq!((facts.evicts, facts.memory, facts.largest_item, facts.evictions), (false, 64 << 20, 2 << 20, 3));
        assert!(facts.dangers()[0].contains("a:11211: has thrown away 3 items"));
        let small = ServerFacts::read("a", &told(&[("version", "1.6.18")]), &told(&[])).expect("a good server");
        assert!(small.evicts && small.dangers()[0].contains("-I 2m"), "{small:?}");
    }

    #[test]
    fn a_server_that_cannot_be_used_is_told() {
        for (version, is_old) in [
            ("1.6.18", false),
            ("1.6.40_beta1", false),
            ("1.10.0", false),
            ("2.0", false),
            ("1.6.17", true),
            ("1.5", true),
            ("", true),
        ] {
            assert_eq!(is_too_old(version), is_old, "{version}");
        }
        let no_cas = ServerFacts::read("a", &told(&[("version", "1.6.18")]), &told(&[("cas_enabled", "no")]));
        assert!(matches!(no_cas, Err(Fault::NoCas)));
    }
}
