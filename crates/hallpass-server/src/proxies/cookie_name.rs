use std::fmt;
use std::str::FromStr;

/// The name of a cookie, with nothing in it that a configuration, a pattern or a script would read as something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieName(String);

/// The error of reading the name of a cookie: it cannot stand in the configuration of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cookie that a proxy takes away has a name of letters, digits, `-` and `_`")]
pub struct InvalidCookieName;

impl FromStr for CookieName {
    type Err = InvalidCookieName;

    fn from_str(text: &str) -> Result<Self, InvalidCookieName> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if is_plain && (1..=128).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err(InvalidCookieName) }
    }
}

impl fmt::Display for CookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_nothing_else() {
        assert_eq!("__Host-sid".parse::<CookieName>().expect("a name").to_string(), "__Host-sid");
        for bad in ["", "a b", "a;b", "a\"b", "a.b", "a$b", "a\nb", "a=b", "{a}", &"a".repeat(129)] {
            assert_eq!(bad.parse::<CookieName>(), Err(InvalidCookieName), "{bad:?}");
        }
    }
}
