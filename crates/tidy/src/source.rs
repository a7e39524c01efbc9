use std::fmt;

/// One text file.
#[derive(Clone)]
pub struct Source {
    /// The path inside the repository, with `/` between its parts.
    pub path: String,
    /// The text as it stands.
    pub text: String,
    code: String,
}

impl Source {
    /// Returns the file with this path and text.
    pub fn new(path: &str, text: &str) -> Self {
        let mut source = Self { path: path.to_owned(), text: text.to_owned(), code: String::new() };
        if source.is_rust() {
            source.code = blank(text);
        }
        source
    }

    /// Returns what follows the last dot of the file's name; nothing if there is no dot.
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Tells whether this is a Rust file.
    pub fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// Tells whether all of the file is test code or an example: nothing that a user runs.
    pub fn is_test(&self) -> bool {
        let parts = || self.path.split('/');
        let unpublished = self.path.starts_with("crates/") && !self.path.starts_with("crates/hallpass");
        unpublished || parts().any(|part| matches!(part, "tests" | "tests.rs" | "benches" | "examples" | "fuzz"))
    }

    /// Returns the lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Returns the lines with their numbers, with comments and the insides of literals blanked.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Returns the lines of [`Source::code`] before the file's inline tests; none if all of it is test code.
    pub fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_test() { 0 } else { self.inline_tests().unwrap_or(usize::MAX) };
        self.code().take_while(move |(number, _)| *number < end)
    }

    fn inline_tests(&self) -> Option<usize> {
        let mut lines = self.code().peekable();
        while let Some((number, line)) = lines.next() {
            let module = lines.peek().is_some_and(|(_, next)| next.starts_with("mod ") && next.ends_with('{'));
            if line.trim() == "#[cfg(test)]" && module {
                return Some(number);
            }
        }
        None
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

/// Blanks comments and the insides of string and character literals, and keeps every line break.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blanked = comment(rest).or_else(|| literal(rest, &out));
        let (length, keep) = blanked.map_or((first.len_utf8(), true), |length| (length, false));
        let (head, tail) = rest.split_at(length);
        if keep {
            out.push_str(head);
        } else {
            out.extend(head.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = tail;
    }
    out
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

fn literal(rest: &str, before: &str) -> Option<usize> {
    let in_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if let Some(inside) = rest.strip_prefix('\'') {
        // A lifetime has no closing quote after one character.
        let mut chars = inside.chars();
        return match (chars.next(), chars.next()) {
            (Some('\\'), _) | (Some(_), Some('\'')) => Some(quoted(rest, '\'')),
            _ => None,
        };
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).filter(|_| !in_word)?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let body = raw[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        blank(text)
    }

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        assert_eq!(code("a // b\nc"), "a     \nc");
        assert_eq!(code("a /* b /* c */ \n d */ e"), "a              \n      e");
        assert_eq!(code(r#"f("a \" b", 'x', '\'')"#), "f(        ,    ,     )");
        assert_eq!(code("f(r#\"a \" b\"#) + bar"), "f(          ) + bar");
    }

    #[test]
    fn lifetimes_are_no_literals() {
        assert_eq!(code("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
    }

    #[test]
    fn inline_tests_are_not_shipped() {
        let source = Source::new("crates/hallpass/src/b.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n");
        let shipped: Vec<_> = source.shipped().map(|(_, line)| line).collect();
        assert_eq!(shipped, ["fn a() {}"]);
        let elsewhere = Source::new("crates/hallpass/src/b.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!(elsewhere.shipped().count(), 3);
    }
}
