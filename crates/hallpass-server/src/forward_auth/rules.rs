use std::time::Duration;

use axum::http::Method;
use hallpass::{Demand, Level};

use super::host::{Host, HostPattern};
use super::path::{PathPattern, Reading, Readings};
use crate::config::{Access, ForwardAuthConfig, RouteRule, Unmatched};

/// What requests need, by host, path and method.
#[derive(Debug)]
pub(crate) struct Rules {
    list: Vec<Rule>,
    default: Needs,
}

#[derive(Debug)]
struct Rule {
    hosts: Vec<HostPattern>,
    paths: Vec<PathPattern>,
    methods: Vec<String>,
    needs: Needs,
}

/// What a request needs to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Nothing,
    /// A session that meets a demand, and has one role of each of these lists.
    Session(Demand, Vec<Vec<String>>),
    /// Nobody is let in.
    Denied,
    /// Nobody is let in, since it cannot be told which rule holds.
    Unclear,
}

impl Rules {
    /// Returns the rules of a configuration: one that was built in code, and has what does not parse, lets nobody in.
    pub(crate) fn new(config: &ForwardAuthConfig) -> Self {
        Self {
            list: config.rules.iter().map(Rule::new).collect(),
            default: match config.default {
                Unmatched::Deny => Needs::Denied,
                Unmatched::SignedIn => Needs::Session(Demand::signed_in(), Vec::new()),
            },
        }
    }

    /// Returns what a request needs: what the first rule says that is about it, for every way in which it can be read.
    pub(crate) fn needs(&self, host: &Host, target: &str, method: &Method) -> Needs {
        // Some servers take `get` for `GET`.
        let method = method.as_str().to_ascii_uppercase();
        // Where no rule for this host is about a path, it does not matter how it is read.
        if !self.list.iter().any(|rule| !rule.paths.is_empty() && rule.is_at(host)) {
            return self.first(host, None, &method).clone();
        }
        let Some(readings) = Readings::of(target) else { return Needs::Unclear };
        let needs = readings.iter().map(|reading| self.first(host, Some(reading), &method));
        needs.fold(Needs::Nothing, Needs::and)
    }

    fn first(&self, host: &Host, reading: Option<&Reading>, method: &str) -> &Needs {
        let rule = self.list.iter().find(|rule| rule.is_about(host, reading, method));
        rule.map_or(&self.default, |rule| &rule.needs)
    }
}

impl Rule {
    fn new(rule: &RouteRule) -> Self {
        let demand = Demand::signed_in();
        let demand = rule.level.and_then(Level::new).map_or(demand, |level| demand.level(level));
        let demand = rule.fresh_within.map_or(demand, |seconds| demand.fresh(Duration::from_secs(seconds.into())));
        let roles = if rule.roles.is_empty() { Vec::new() } else { vec![rule.roles.0.clone()] };
        if !rule.broken().is_empty() {
            return Self { hosts: Vec::new(), paths: Vec::new(), methods: Vec::new(), needs: Needs::Denied };
        }
        Self {
            hosts: rule.host.words().filter_map(HostPattern::parse).collect(),
            paths: rule.path.words().filter_map(|path| PathPattern::parse(path).ok()).collect(),
            methods: rule.methods.0.clone(),
            needs: match rule.access {
                Access::Public => Needs::Nothing,
                Access::SignedIn => Needs::Session(demand, roles),
                Access::Deny => Needs::Denied,
            },
        }
    }

    fn is_at(&self, host: &Host) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|pattern| pattern.fits(host))
    }

    fn is_about(&self, host: &Host, reading: Option<&Reading>, method: &str) -> bool {
        // What answers GET answers HEAD, and does the same work for it.
        let is_method = |named: &String| named == method || (named == "GET" && method == "HEAD");
        self.is_at(host)
            && (self.methods.is_empty() || self.methods.iter().any(is_method))
            && (self.paths.is_empty()
                || reading.is_some_and(|path| self.paths.iter().any(|pattern| pattern.fits(path))))
    }
}

impl Needs {
    /// Returns what meets both.
    fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Unclear, _) | (_, Self::Unclear) => Self::Unclear,
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            (Self::Nothing, other) => other.clone(),
            (needs, Self::Nothing) => needs,
            (Self::Session(demand, mut roles), Self::Session(other, more)) => {
                for list in more {
                    if !roles.contains(list) {
                        roles.push(list.clone());
                    }
                }
                Self::Session(demand.and(*other), roles)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Words};

    const RULES: &str = "
        [[forward_auth.rules]]
        host = 'shop.example'
        path = ['/public/**', '/favicon.ico']
        access = 'public'
        [[forward_auth.rules]]
        host = 'shop.example'
        path = '/admin/**'
        level = 2
        roles = ['admin', 'boss']
        [[forward_auth.rules]]
        host = 'shop.example'
        methods = ['DELETE', 'GET']
        path = '/orders/*'
        fresh_within = 60
        [[forward_auth.rules]]
        host = '*.internal.example'
        access = 'deny'
    ";

    fn needs(host: &str, target: &str, method: &str) -> Needs {
        let config = Config::parse(RULES).expect("rules");
        let host = Host::parse(host).expect("a host");
        Rules::new(&config.forward_auth).needs(&host, target, &method.parse().expect("a method"))
    }

    fn signed_in() -> Needs {
        Needs::Session(Demand::signed_in(), Vec::new())
    }

    fn admin() -> Needs {
        Needs::Session(Demand::signed_in().level(Level::TWO_FACTORS), vec![vec!["admin".into(), "boss".into()]])
    }

    #[test]
    fn the_first_rule_that_is_about_a_request_holds() {
        assert_eq!(needs("shop.example", "/public/x", "GET"), Needs::Nothing);
        assert_eq!(needs("other.example", "/public/x", "GET"), signed_in());
        assert_eq!(needs("shop.example", "/admin", "POST"), admin());
        let fresh = Needs::Session(Demand::signed_in().fresh(Duration::from_mins(1)), Vec::new());
        assert_eq!(needs("shop.example", "/orders/7", "DELETE"), fresh);
        assert_eq!(needs("shop.example", "/orders/7", "delete"), fresh);
        assert_eq!(needs("shop.example", "/orders/7", "HEAD"), fresh, "it is GET without its body");
        assert_eq!(needs("shop.example", "/orders/7", "POST"), signed_in());
        assert_eq!(needs("db.internal.example", "/", "GET"), Needs::Denied);
        assert_eq!(needs("shop.example", "/", "GET"), signed_in());
    }

    #[test]
    fn every_reading_of_a_path_has_to_be_met() {
        for target in ["/Admin/x", "//admin", "/admin;a/x", "/%61dmin/x", "/public;/../../x;/admin"] {
            let needs = needs("SHOP.example.", target, "GET");
            assert!(needs == admin() || needs == Needs::Unclear, "{target}: {needs:?}");
        }
        // One server takes it for what is public, another does not.
        assert_eq!(needs("shop.example", "/PUBLIC/x", "GET"), signed_in());
        assert_eq!(needs("shop.example", "/public/../admin", "GET"), Needs::Unclear);
        assert_eq!(needs("shop.example", "/public%2fadmin", "GET"), Needs::Unclear);
    }

    #[test]
    fn a_rule_that_cannot_be_read_opens_nothing() {
        let public = RouteRule { access: Access::Public, ..RouteRule::default() };
        for rule in [
            RouteRule { path: Words::from(["public/**"]), ..public.clone() },
            RouteRule { path: Words::from(["/public/**", "/a/../b"]), ..public.clone() },
            RouteRule { host: Words::from(["App.example"]), ..public },
        ] {
            let config = ForwardAuthConfig { rules: vec![rule], ..ForwardAuthConfig::default() };
            let needs = Rules::new(&config).needs(&Host::parse("a.example").expect("a host"), "/x", &Method::GET);
            assert_eq!(needs, Needs::Denied);
        }
    }

    #[test]
    fn a_rule_about_paths_concerns_its_own_host_only() {
        let config = Config::parse(RULES).expect("rules");
        let config = config.forward_auth;
        let rules = Rules::new(&config);
        let needs = |host: &str| rules.needs(&Host::parse(host).expect("a host"), "/group%2Fproject", &Method::GET);
        assert_eq!((needs("other.example"), needs("shop.example")), (signed_in(), Needs::Unclear));
    }

    #[test]
    fn where_no_rule_is_about_paths_none_is_unclear() {
        let config =
            Config::parse("[forward_auth]\ndefault = 'deny'\n[[forward_auth.rules]]\nhost = 'a.example'\nlevel = 2")
                .expect("rules");
        let rules = Rules::new(&config.forward_auth);
        let needs = |host: &str| rules.needs(&Host::parse(host).expect("a host"), "/group%2Fproject", &Method::GET);
        assert_eq!(needs("A.example:8443"), Needs::Session(Demand::signed_in().level(Level::TWO_FACTORS), Vec::new()));
        assert_eq!(needs("b.example"), Needs::Denied);
    }
}
