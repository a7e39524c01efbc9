use hallpass_dialects::{Credential, Dialect, Framework};

/// What the keys of a dialect begin with.
#[derive(Debug, Clone)]
pub(super) struct Prefix(String);

impl Prefix {
    pub(super) fn of(dialect: &dyn Dialect) -> Self {
        let mark = Credential::new("credential").expect("it is neither empty nor long");
        let key = dialect.key(&mark);
        Self(key.strip_suffix(mark.danger_expose()).unwrap_or_default().to_owned())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether what is there are copies of rows, which another program keeps.
    pub(super) fn is_of_copies(&self) -> bool {
        self.0.ends_with(":django.contrib.sessions.cached_db")
    }

    /// Returns the pattern that all keys match, with everything in the prefix taken for itself.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.0.len() + 1);
        for character in self.0.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('*');
        pattern
    }
}

/// Returns the type that a session is kept as.
pub(super) fn kind(framework: Framework) -> &'static str {
    if framework == Framework::Spring { "hash" } else { "string" }
}

#[cfg(test)]
mod tests {
    use hallpass_dialects::django::{Cache, Django};
    use hallpass_dialects::express::Express;
    use hallpass_dialects::spring::{Repository, Serializer, Spring};

    use super::*;

    #[test]
    fn a_pattern_takes_the_prefix_for_itself() {
        let express = Express::new([]).prefix("a*[b]?\\:");
        assert_eq!(Prefix::of(&express).pattern(), "a\\*\\[b\\]\\?\\\\:*");
        let spring = Spring::new(Repository::Indexed, Serializer::Jdk);
        assert_eq!(Prefix::of(&spring).pattern(), "spring:session:sessions:*");
        let django = Django::cache(Cache::BuiltIn).cache_key("shop", 2);
        assert_eq!(Prefix::of(&django).pattern(), "shop:2:django.contrib.sessions.cache*");
        assert!(Prefix::of(&Django::db([])).is_empty() && !Prefix::of(&django).is_of_copies());
        assert!(Prefix::of(&Django::cached_db([], Cache::BuiltIn)).is_of_copies());
    }
}
