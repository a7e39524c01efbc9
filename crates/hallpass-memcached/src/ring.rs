use sha2::{Digest as _, Sha256};

/// Which server has which key: rendezvous hashing over the servers' names.
///
/// Every node with the same names, in any order, comes to the same answer, and it depends on nothing else: a server that is
/// away keeps its keys.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    servers: Vec<u64>,
}

impl Ring {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { servers: names.into_iter().map(|name| hash(name.as_bytes())).collect() }
    }

    /// Returns the number of the server that has a key.
    pub(crate) fn place(&self, key: &str) -> usize {
        let key = hash(key.as_bytes());
        let scores = self.servers.iter().map(|server| mix(server ^ key));
        let best = scores.enumerate().max_by_key(|(_, score)| *score);
        best.map_or(0, |(place, _)| place)
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): a bijection, so two servers never score alike.
const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a:11211", "b:11211", "c:11211", "127.0.0.1:11212"];

    fn keys() -> impl Iterator<Item = String> {
        (0..10_000).map(|number| format!("hallpass:session:default/{number}"))
    }

    #[test]
    fn the_order_of_the_servers_does_not_matter() {
        let ring = Ring::new(NAMES);
        let mut turned = NAMES;
        for _ in 0..NAMES.len() {
            turned.rotate_left(1);
            let other = Ring::new(turned);
            for key in keys().take(1000) {
                assert_eq!(NAMES[ring.place(&key)], turned[other.place(&key)], "{key}");
            }
        }
    }

    #[test]
    fn every_server_has_its_share() {
        let ring = Ring::new(NAMES);
        let mut shares = [0; NAMES.len()];
        keys().for_each(|key| shares[ring.place(&key)] += 1);
        assert!(shares.iter().all(|share| (2_300..2_700).contains(share)), "{shares:?}");
    }

    #[test]
    fn another_server_takes_keys_and_moves_none_between_the_others() {
        let (fewer, more) = (Ring::new([NAMES[0], NAMES[1], NAMES[2]]), Ring::new(NAMES));
        for key in keys() {
            let (before, after) = (fewer.place(&key), more.place(&key));
            assert!(after == before || after == 3, "{key}");
        }
    }

    /// A release that put keys elsewhere would log everybody out, or bring an old record back.
    #[test]
    fn where_keys_are_is_the_same_in_every_release() {
        let ring = Ring::new(NAMES);
        let places: Vec<_> = keys().take(16).map(|key| ring.place(&key)).collect();
        // As another implementation in another language has it.
        assert_eq!(places, [1, 3, 1, 1, 3, 1, 3, 2, 0, 2, 2, 2, 3, 1, 3, 2]);
    }
}
