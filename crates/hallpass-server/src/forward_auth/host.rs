/// The host that was asked for, as everybody writes it: in lower case, without a port and the dot at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    name: String,
    port: Option<u16>,
}

/// The hosts that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostPattern {
    /// One.
    Exactly(String),
    /// All whose name ends so, with the dot before it.
    Below(String),
}

const LONGEST: usize = 253;

impl Host {
    /// Reads the authority of a request; nothing if it has what no host has, or can be read in two ways.
    pub(crate) fn parse(authority: &str) -> Option<Self> {
        let (name, port) = if let Some(rest) = authority.strip_prefix('[') {
            let (inside, port) = rest.split_once(']')?;
            let address: std::net::Ipv6Addr = inside.parse().ok()?;
            (format!("[{address}]"), port.strip_prefix(':').or(port.is_empty().then_some(""))?)
        } else {
            let (name, port) = authority.split_once(':').unwrap_or((authority, ""));
            (name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase(), port)
        };
        // `+80` is a number for `parse`, and no port.
        let port = match port {
            "" if authority.ends_with(':') => return None,
            "" => None,
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            _ => return None,
        };
        (name.starts_with('[') || is_name(&name)).then_some(Self { name, port })
    }

    /// Returns the origin of its pages, as browsers write it.
    pub(crate) fn origin(&self, is_secure: bool) -> String {
        let (scheme, default) = if is_secure { ("https", 443) } else { ("http", 80) };
        match self.port.filter(|port| *port != default) {
            Some(port) => format!("{scheme}://{}:{port}", self.name),
            None => format!("{scheme}://{}", self.name),
        }
    }
}

/// Tells whether text is the name or address of a host and nothing more.
pub(crate) fn is_plain_host(text: &str) -> bool {
    Host::parse(text).is_some_and(|host| host.name == text)
}

impl HostPattern {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = |name: &str| Host::parse(name).is_some_and(|host| host.name == name && host.port.is_none());
        match text.strip_prefix("*.") {
            Some(parent) => (is_plain(parent) && is_name(parent)).then(|| Self::Below(format!(".{parent}"))),
            None => is_plain(text).then(|| Self::Exactly(text.to_owned())),
        }
    }

    pub(crate) fn fits(&self, host: &Host) -> bool {
        match self {
            Self::Exactly(name) => *name == host.name,
            Self::Below(end) => host.name.len() > end.len() && host.name.ends_with(end.as_str()),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= LONGEST && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(authority: &str) -> Option<String> {
        Host::parse(authority).map(|host| host.name)
    }

    #[test]
    fn however_a_host_is_written_it_is_one() {
        for authority in ["app.example", "APP.Example", "app.example.", "app.example:8443", "App.Example.:443"] {
            assert_eq!(name(authority).as_deref(), Some("app.example"), "{authority}");
        }
        assert_eq!(name("[::1]:80").as_deref(), Some("[::1]"));
        assert_eq!(name("[0:0::0:1]").as_deref(), Some("[::1]"));
        assert_eq!(name("127.0.0.1:7070").as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_no_host() {
        for authority in [
            "",
            ".",
            "app.example..",
            "app..example",
            "a b",
            "a,b",
            "user@app.example",
            "app.example/",
            "app.example:80:80",
            "app.example:",
            "app.example:+80",
            "app.example:65536",
            "app%2eexample",
            "app.ex\u{e4}mple",
            "[::1",
            "[::1]80",
            "[app]",
            "*.example",
        ] {
            assert_eq!(name(authority), None, "{authority}");
        }
    }

    #[test]
    fn a_pattern_is_about_one_host_or_all_below_one() {
        let host = |text: &str| Host::parse(text).expect("a host");
        let exactly = HostPattern::parse("app.example").expect("a pattern");
        assert!(exactly.fits(&host("APP.example.:1")) && !exactly.fits(&host("x.app.example")));
        let below = HostPattern::parse("*.example").expect("a pattern");
        assert!(below.fits(&host("App.Example")) && below.fits(&host("a.b.example")));
        assert!(!below.fits(&host("example")) && !below.fits(&host("badexample")));
        for bad in ["", "*", "App.example", "app.example:80", "app.example.", "a*.example", "*.*.example", "*.[::1]"] {
            assert_eq!(HostPattern::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_origin_is_as_browsers_write_it() {
        let origin = |text: &str, is_secure| Host::parse(text).expect("a host").origin(is_secure);
        assert_eq!(origin("App.example:443", true), "https://app.example");
        assert_eq!(origin("app.example:443", false), "http://app.example:443");
        assert_eq!(origin("app.example:80", false), "http://app.example");
        assert_eq!(origin("app.example.:8443", true), "https://app.example:8443");
    }
}
