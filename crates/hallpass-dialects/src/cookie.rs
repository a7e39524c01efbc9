/// Which requests from other sites a cookie goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// None at all.
    Strict,
    /// Those that only navigate to the site.
    Lax,
    /// All.
    None,
}

impl SameSite {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Strict, Self::Lax, Self::None].into_iter().find(|one| one.as_str().eq_ignore_ascii_case(text))
    }
}

/// The attributes that a framework was configured to write its cookie with; whatever it has by default is the default of
/// the [`Dialect`](crate::Dialect).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CookieOptions {
    /// `Domain`.
    pub domain: Option<String>,
    /// `Path`.
    pub path: Option<String>,
    /// `Secure`.
    pub is_secure: bool,
    /// `HttpOnly`.
    pub is_http_only: bool,
    /// `SameSite`.
    pub same_site: Option<SameSite>,
    /// `Partitioned`.
    pub is_partitioned: bool,
}

/// Splits a `Cookie` header at semicolons into names and values, trimmed of spaces and tabs; what has no `=` is left out.
pub(crate) fn pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let header = &header[..header.len().min(LONGEST_HEADER)];
    header.split(|byte| *byte == b';').filter_map(|part| {
        let at = memchr::memchr(b'=', part)?;
        Some((trim(&part[..at]), trim(&part[at + 1..])))
    })
}

/// Returns the attributes of a `Set-Cookie` header, each behind a semicolon.
pub(crate) fn attributes(written: impl IntoIterator<Item = Option<String>>) -> String {
    written.into_iter().flatten().fold(String::new(), |line, attribute| line + "; " + &attribute)
}

/// How far into a header is looked, in bytes; servers take 8 to 16 KiB.
const LONGEST_HEADER: usize = 64 << 10;

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Returns the value without its pair of double quotes, if it has one.
pub(crate) fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_falls_into_trimmed_pairs() {
        let found: Vec<_> = pairs(b"a=1;\t b = 2 ;c; d==x;;=e").collect();
        assert_eq!(found, [(&b"a"[..], &b"1"[..]), (b"b", b"2"), (b"d", b"=x"), (b"", b"e")]);
    }

    #[test]
    fn one_pair_of_quotes_goes() {
        assert_eq!(unquoted(b"\"\"a\"\""), b"\"a\"");
        assert_eq!(unquoted(b"\"a"), b"\"a");
        assert_eq!(unquoted(b"\""), b"\"");
    }
}
