use percent_encoding::percent_decode;

/// The ways in which servers may read one path, decoded. A request has to meet the rules of every one of them.
///
/// Some servers take `/a//b` for `/a/b`, some end a path at a `?` that was encoded, some drop `;x=y`, the slash at the end
/// or the dots that Windows drops, and some do not tell `/A` from `/a`. Which one stands behind the proxy is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Readings(Vec<Reading>);

/// One way in which a path may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    path: String,
    /// Whether large and small letters are one.
    folds: bool,
}

/// The paths that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    parts: Vec<Part>,
    /// Whether it is also about all below.
    is_tree: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Any,
    Named { exactly: String, folded: String },
}

/// How many different readings are looked at: six habits, each with it or without.
const MOST: usize = 64;
/// Longer paths are refused: every reading is compared with every rule.
const LONGEST: usize = 8 << 10;

impl Readings {
    /// Reads the path of a request target, up to its query; nothing if servers would not agree where it leads.
    ///
    /// That is so for dot segments, encoded slashes and backslashes, percent signs that are encoded themselves, what is no
    /// UTF-8, and control characters: no client of good faith sends them, browsers least of all.
    pub(crate) fn of(target: &str) -> Option<Self> {
        let path = target.split('?').next().unwrap_or_default();
        let is_plain = path.starts_with('/')
            && path.len() <= LONGEST
            && path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        if !is_plain || !escapes(path).all(|hex| hex.is_some_and(is_clear)) {
            return None;
        }
        let decoded = percent_decode(path.as_bytes()).decode_utf8().ok()?;
        let is_escaped_again = escapes(&decoded).any(|hex| hex.is_some());
        let has_dots = decoded.split('/').any(|part| is_hollow(without_parameters(part)));
        if is_escaped_again || has_dots || decoded.chars().any(char::is_control) {
            return None;
        }
        let mut readings = vec![Reading { path: decoded.clone().into_owned(), folds: false }];
        for habit in [cut_query, drop_parameters, merge_slashes, drop_ends, drop_last_slash] {
            let more: Vec<_> =
                readings.iter().map(|reading| Reading { path: habit(&reading.path), ..*reading }).collect();
            add(&mut readings, more);
        }
        if decoded.chars().any(char::is_alphabetic) {
            let more = readings.iter().map(|reading| Reading { path: lower(&reading.path), folds: true }).collect();
            add(&mut readings, more);
        }
        Some(Self(readings))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Reading> {
        self.0.iter()
    }
}

fn add(readings: &mut Vec<Reading>, more: Vec<Reading>) {
    for reading in more {
        if readings.len() < MOST && !readings.contains(&reading) {
            readings.push(reading);
        }
    }
}

/// Returns the byte of each percent sign, or nothing for one that is followed by no two digits.
fn escapes(text: &str) -> impl Iterator<Item = Option<u8>> {
    text.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'%').map(|(at, _)| {
        let digits = text.as_bytes().get(at + 1..at + 3)?;
        let value = |digit: u8| char::from(digit).to_digit(16);
        u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()
    })
}

/// Tells whether a byte means the same whether it is encoded or not.
fn is_clear(byte: u8) -> bool {
    !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\')
}

/// Tells whether nothing but dots and spaces stands between two slashes: it leads elsewhere, or is dropped by some.
fn is_hollow(part: &str) -> bool {
    !part.is_empty() && part.trim_matches(['.', ' ']).is_empty()
}

fn without_parameters(part: &str) -> &str {
    part.split([';', '?', '#']).next().unwrap_or_default()
}

/// Whoever decodes a path before its query is cut off cuts it at what was encoded.
fn cut_query(path: &str) -> String {
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn drop_parameters(path: &str) -> String {
    path.split('/').map(without_parameters).collect::<Vec<_>>().join("/")
}

fn merge_slashes(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    merged.extend(
        path.chars()
            .zip(std::iter::once('x').chain(path.chars()))
            .filter_map(|(c, before)| (c != '/' || before != '/').then_some(c)),
    );
    merged
}

/// Windows drops dots and spaces at the end of a name.
fn drop_ends(path: &str) -> String {
    path.split('/').map(|part| part.trim_end_matches(['.', ' '])).collect::<Vec<_>>().join("/")
}

fn drop_last_slash(path: &str) -> String {
    path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path).to_owned()
}

/// Makes one of all letters that somebody takes for one: `\u{17f}` is a small letter, and its large one is `S`, whose small
/// one is `s`.
fn lower(text: &str) -> String {
    let upper = text.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).collect()
}

impl PathPattern {
    /// Reads a pattern, or says what one is.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(rest) = text.strip_prefix('/') else { return Err("a path begins with a slash") };
        if text.contains("//") {
            return Err("a path has no empty parts");
        }
        if text.len() > LONGEST || text.chars().any(|c| c.is_control() || matches!(c, '%' | '?' | '#' | '\\' | ';')) {
            return Err("a path is written decoded, without query, `%`, `;` or `\\`");
        }
        let (rest, is_tree) = match rest.strip_suffix("**") {
            Some("") => ("", true),
            Some(before) if before.ends_with('/') => (&before[..before.len() - 1], true),
            Some(_) => return Err("`**` is the last part, for all below"),
            None => (rest, false),
        };
        let words: Vec<_> = if rest.is_empty() && is_tree { Vec::new() } else { rest.split('/').collect() };
        let mut parts = Vec::with_capacity(words.len());
        for word in words {
            parts.push(match word {
                "*" => Part::Any,
                "." | ".." => return Err("a path has no dot segments"),
                word if word.contains('*') => return Err("`*` is a whole part, and `**` the last one"),
                word => Part::Named { exactly: word.to_owned(), folded: lower(word) },
            });
        }
        Ok(Self { parts, is_tree })
    }

    pub(crate) fn fits(&self, reading: &Reading) -> bool {
        let mut words = reading.path.strip_prefix('/').unwrap_or_default().split('/');
        let fits = |part: &Part, word: &str| match part {
            Part::Any => !word.is_empty(),
            Part::Named { folded, .. } if reading.folds => folded == word,
            Part::Named { exactly, .. } => exactly == word,
        };
        self.parts.iter().all(|part| words.next().is_some_and(|word| fits(part, word)))
            && (self.is_tree || words.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).unwrap_or_else(|rule| panic!("{text}: {rule}"))
    }

    /// Tells whether any way of reading a target leads to where a pattern is about.
    fn may_reach(text: &str, target: &str) -> bool {
        let readings = Readings::of(target).unwrap_or_else(|| panic!("{target} can be read"));
        readings.iter().any(|reading| pattern(text).fits(reading))
    }

    /// Returns a path with what is beyond ASCII encoded.
    fn url(path: &str) -> String {
        percent_encoding::utf8_percent_encode(path, percent_encoding::CONTROLS).to_string()
    }

    #[test]
    fn letters_that_somebody_takes_for_one_are_one() {
        for (one, other) in
            [("\u{17f}", "S"), ("\u{212a}", "K"), ("\u{131}", "I"), ("\u{1e9e}", "\u{df}"), ("\u{c4}", "\u{e4}")]
        {
            assert_eq!(lower(one), lower(other), "{one}");
        }
        assert_ne!(lower("a"), lower("b"));
    }

    #[test]
    fn a_pattern_is_about_one_path_or_a_tree_of_them() {
        for (text, inside, outside) in [
            ("/admin", &["/admin", "/admin?x=/y"][..], &["/admins", "/admin/x", "/", "/x/admin"][..]),
            ("/admin/**", &["/admin", "/admin/", "/admin/a/b"], &["/admins", "/", "/x/admin/a"]),
            ("/**", &["/", "/a", "/a/b"], &[]),
            ("/", &["/", "/?a"], &["/a"]),
            ("/users/*/edit", &["/users/7/edit"], &["/users/edit", "/users/7/8/edit", "/users//edit", "/users/7"]),
            ("/a b/\u{e4}", &["/a%20b/%C3%A4"], &["/a+b/%C3%A4", "/ab/a"]),
        ] {
            for target in inside {
                assert!(may_reach(text, target), "{text} is about {target}");
            }
            for target in outside {
                assert!(!may_reach(text, target), "{text} is not about {target}");
            }
        }
    }

    #[test]
    fn no_other_spelling_of_a_path_gets_past_a_pattern() {
        for target in [
            "/admin/x",
            "/%61dmin/x",
            "/%61%64%6d%69%6E/x",
            "//admin/x",
            "///admin//x",
            "/ADMIN/x",
            "/admin;v=1/x",
            "/admin;/x;a=b",
            "/;a/admin/x",
            "/admin./x",
            "/admin%20/x",
            "/admin.../x",
            "/Admin;a=b//x/",
            "/admin/x%3Fy",
            "/admin%3bv=1/x",
            "/admin%3fx",
            "/admin%23",
            "/admin%3F/x",
            "/adm\u{131}n/x",
        ] {
            let target: String = url(target);
            let target = target.as_str();
            assert!(may_reach("/admin/**", target), "{target}");
        }
    }

    #[test]
    fn what_servers_would_not_agree_about_is_refused() {
        for target in [
            "",
            "admin",
            "*",
            "http://app.example/admin",
            "/public/../admin",
            "/public/..",
            "/./admin",
            "/public/%2e%2e/admin",
            "/public/.%2E/admin",
            "/public/..;/admin",
            "/public/..;a=b/admin",
            "/public/..%20/admin",
            "/.../admin",
            "/%20/admin",
            "/.%20;a/admin",
            "/public/..%3F/admin",
            "/public/..%23x",
            "/public%2F..%2Fadmin",
            "/public%2fadmin",
            "/public%5cadmin",
            "/public\\admin",
            "/public%252fadmin",
            "/%2561dmin",
            "/admin%00",
            "/admin%0a",
            "/admin%7f",
            "/admin%c2%85",
            "/%ff",
            "/%c0%afadmin",
            "/%u0061dmin",
            "/admin%",
            "/admin%2",
            "/admin#x",
            "/a\u{e4}",
        ] {
            assert_eq!(Readings::of(target), None, "{target}");
        }
        assert!(Readings::of("/100%25").is_some(), "a percent sign by itself is one");
        assert!(Readings::of("/.well-known/x").is_some() && Readings::of("/a..b/...c").is_some());
    }

    #[test]
    fn a_pattern_that_would_never_fit_is_refused() {
        for bad in ["", "a", "/a/../b", "/a//b", "/a*", "/**/a", "/a%20b", "/a?b", "/a;b", "/a\\b", "/a/./b", "/a**"] {
            assert!(PathPattern::parse(bad).is_err(), "{bad}");
        }
        assert!(pattern("/a/").fits(&Reading { path: "/a/".into(), folds: false }));
    }

    proptest! {
        #[test]
        fn whatever_is_read_has_few_readings_and_no_dots(target in "/[a-cA-C/.;%2eEfF5c ?]{0,24}") {
            if let Some(readings) = Readings::of(&target) {
                prop_assert!((1..=MOST).contains(&readings.iter().count()));
                for reading in readings.iter() {
                    prop_assert!(reading.path.starts_with('/'));
                    prop_assert!(!reading.path.split('/').any(is_hollow), "{:?}", reading);
                }
            }
        }

        #[test]
        fn encoding_letters_changes_no_reading(word in "[a-z]{1,8}", mask in any::<u8>()) {
            let spelled: String = word.bytes().enumerate().map(|(at, byte)| {
                if mask >> (at % 8) & 1 == 1 { format!("%{byte:02x}") } else { char::from(byte).to_string() }
            }).collect();
            prop_assert_eq!(Readings::of(&format!("/{spelled}")), Readings::of(&format!("/{word}")));
        }
    }
}
