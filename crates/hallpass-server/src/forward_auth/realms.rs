use std::cmp::Reverse;

use hallpass::Sessions;

use super::host::{Host, HostPattern};
use crate::config::ForwardAuthConfig;

/// Whose sessions are asked for, by host: several applications behind one proxy keep theirs apart.
#[derive(Debug)]
pub(crate) struct Realms {
    /// The narrowest pattern first.
    by_host: Vec<(HostPattern, Sessions)>,
    others: Sessions,
}

impl Realms {
    /// Takes a configuration that was checked.
    pub(crate) fn new(config: &ForwardAuthConfig, sessions: &Sessions) -> Self {
        let named = config.realms.iter().filter_map(|(host, realm)| {
            let pattern = HostPattern::parse(host)?;
            Some((host, pattern, sessions.in_realm(realm.clone())))
        });
        let mut named: Vec<_> = named.collect();
        named.sort_by_key(|(host, pattern, _)| (matches!(pattern, HostPattern::Below(_)), Reverse(host.len())));
        Self {
            by_host: named.into_iter().map(|(_, pattern, sessions)| (pattern, sessions)).collect(),
            others: sessions.in_realm(config.realm.clone()),
        }
    }

    /// Returns the sessions of the application at a host.
    pub(crate) fn at(&self, host: Option<&Host>) -> &Sessions {
        let named = host.and_then(|host| self.by_host.iter().find(|(pattern, _)| pattern.fits(host)));
        named.map_or(&self.others, |(_, sessions)| sessions)
    }
}

#[cfg(test)]
mod tests {
    use hallpass::MemoryStore;

    use super::*;
    use crate::Config;

    #[test]
    fn the_narrowest_name_holds() {
        let text = "
            [forward_auth]
            realm = 'others'
            [forward_auth.realms]
            '*.example' = 'wide'
            '*.shop.example' = 'shops'
            'a.shop.example' = 'a'
        ";
        let config = Config::parse(text).expect("a configuration");
        let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("the parts fit");
        let realms = Realms::new(&config.forward_auth, &sessions);
        for (host, realm) in [
            ("a.shop.example", "a"),
            ("A.Shop.Example.:8443", "a"),
            ("b.a.shop.example", "shops"),
            ("b.shop.example", "shops"),
            ("shop.example", "wide"),
            ("example", "others"),
            ("a.shop.example.evil.org", "others"),
        ] {
            let host = Host::parse(host).expect("a host");
            assert_eq!(realms.at(Some(&host)).realm().as_str(), realm, "{host:?}");
        }
        assert_eq!(realms.at(None).realm().as_str(), "others");
    }

    #[test]
    fn hosts_and_realms_that_cannot_be_are_named() {
        for bad in ["'Shop.example' = 'a'", "'shop.example:80' = 'a'", "'**' = 'a'", "'shop.example' = 'a b'"] {
            assert!(!Config::check(&format!("[forward_auth.realms]\n{bad}")).is_empty(), "{bad}");
        }
    }
}
