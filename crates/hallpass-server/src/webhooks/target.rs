use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::forward_auth::Networks;

/// Where a receiver listens, and whether that may be in here.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(super) url: Url,
    is_internal: bool,
}

/// What is not on the public internet (RFC 6890), and what leads there by other names.
const NOT_PUBLIC: [&str; 23] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/9",
];

impl Target {
    const LONGEST: usize = 2048;

    /// Reads an address; says what it has to be if it cannot be taken.
    pub(crate) fn parse(text: &str, is_internal: bool) -> Result<Self, &'static str> {
        let rule = "this is an address that begins with https://, of at most 2,048 bytes, without user and fragment";
        let url = Url::parse(text).ok().filter(|_| text.len() <= Self::LONGEST).ok_or(rule)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        match url.scheme() {
            _ if !is_plain || !url.has_host() => return Err(rule),
            "https" => {}
            "http" if is_internal => {}
            "http" => return Err("this begins with https://; plain HTTP needs `danger_internal`"),
            _ => return Err(rule),
        }
        let target = Self { url, is_internal };
        // A name is looked up each time, and judged then.
        match target.literal() {
            Some(address) if !target.may_be_at(address) => {
                Err("this address is in a private network or on this machine: that needs `danger_internal`")
            }
            _ => Ok(target),
        }
    }

    fn literal(&self) -> Option<IpAddr> {
        self.url.host_str()?.trim_matches(['[', ']']).parse().ok()
    }

    fn may_be_at(&self, address: IpAddr) -> bool {
        self.is_internal || is_public(address)
    }

    /// Returns what looks up the name: only addresses where it may be are used, whatever the name says by then.
    pub(super) fn resolver(&self) -> Arc<Resolver> {
        Arc::new(Resolver(self.clone()))
    }
}

fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_multicast = address.is_multicast();
    let networks = Networks::parse(NOT_PUBLIC.into_iter()).unwrap_or_else(|word| unreachable!("{word} is a network"));
    !is_multicast && !networks.contain(address)
}

#[derive(Debug)]
pub(super) struct Resolver(Target);

#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network or to this machine: that needs `danger_internal`")]
struct Internal;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let target = self.0.clone();
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let usable: Vec<SocketAddr> = found.into_iter().filter(|address| target.may_be_at(address.ip())).collect();
            if usable.is_empty() {
                return Err(Internal.into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_over_tls_are_taken() {
        for good in ["https://hooks.example/a?b=c", "https://8.8.8.8/", "https://[2606:4700::1111]/"] {
            assert!(Target::parse(good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "http://hooks.example/",
            "ftp://hooks.example/",
            "https://user@hooks.example/",
            "https://hooks.example/#a",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.100.100.200/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://224.0.0.1/",
        ] {
            assert!(Target::parse(bad, false).is_err(), "{bad}");
        }
        assert!(Target::parse(&format!("https://hooks.example/{}", "x".repeat(2048)), false).is_err());
        assert!(Target::parse("http://127.0.0.1:8080/", true).is_ok());
        assert!(Target::parse("file:///etc/passwd", true).is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_followed() {
        let resolve = |is_internal| {
            let target = Target::parse("https://localhost/", is_internal).expect("a name");
            target.resolver().resolve("localhost".parse().expect("a name"))
        };
        assert!(resolve(false).await.is_err());
        assert!(resolve(true).await.is_ok());
    }
}
