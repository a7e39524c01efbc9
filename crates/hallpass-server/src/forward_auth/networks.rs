use std::net::IpAddr;

use ipnet::IpNet;

/// The networks of the proxies that are believed.
#[derive(Debug, Clone)]
pub(crate) struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads addresses and networks; returns the first word that is neither.
    pub(crate) fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Result<Self, &'a str> {
        let network = |word: &'a str| {
            let network = word.parse::<IpNet>().ok();
            network.or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from)).ok_or(word)
        };
        words.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Returns none at all: nobody is believed.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns who the client is, by what the proxies added to `X-Forwarded-For` on the way: read from its end, the first
    /// that is no proxy of ours. Whatever stands before it, the client may have written.
    pub(crate) fn client<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut nearest = peer.to_canonical();
        for word in forwarded.rev() {
            if !self.contain(nearest) {
                break;
            }
            let Ok(address) = word.trim().parse::<IpAddr>() else { break };
            nearest = address.to_canonical();
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(words: &[&'static str]) -> Networks {
        Networks::parse(words.iter().copied()).expect("networks")
    }

    fn client(peer: &str, forwarded: &str) -> String {
        let networks = networks(&["127.0.0.0/8", "10.0.0.1", "::1"]);
        networks.client(peer.parse().expect("an address"), forwarded.split(',')).to_string()
    }

    #[test]
    fn addresses_and_networks_are_read_and_nothing_else() {
        assert!(networks(&["10.0.0.0/8"]).contain("10.1.2.3".parse().expect("an address")));
        assert!(networks(&["10.0.0.0/8"]).contain("::ffff:10.1.2.3".parse().expect("an address")));
        assert!(!networks(&["10.0.0.1"]).contain("10.0.0.2".parse().expect("an address")));
        assert!(!networks(&[]).contain("127.0.0.1".parse().expect("an address")));
        for bad in ["", "10.0.0.0/33", "localhost", "10.0.0"] {
            assert_eq!(Networks::parse([bad].into_iter()).err(), Some(bad));
        }
    }

    #[test]
    fn the_client_is_the_last_that_is_no_proxy_of_ours() {
        assert_eq!(client("127.0.0.1", "203.0.113.7"), "203.0.113.7");
        assert_eq!(client("127.0.0.1", "203.0.113.7, 10.0.0.1"), "203.0.113.7");
        assert_eq!(client("127.0.0.1", "6.6.6.6, 203.0.113.7"), "203.0.113.7", "what it wrote itself stands before");
        assert_eq!(client("192.0.2.1", "203.0.113.7"), "192.0.2.1", "a stranger is not believed");
        assert_eq!(client("127.0.0.1", "203.0.113.7, unknown"), "127.0.0.1", "no further than can be read");
        assert_eq!(client("127.0.0.1", ""), "127.0.0.1");
    }
}
