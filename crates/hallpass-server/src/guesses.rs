use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hallpass::Timestamp;

/// How many tokens and keys that open nothing each part of the network has shown, in memory that never grows.
///
/// It is asked after a token was found to open nothing, so whoever shows a good one is let in, whatever others did from the
/// same place. Of places whose count is kept in one slot, which a stranger cannot bring about on purpose, one may be
/// answered as the other is.
pub(crate) struct Guesses {
    hasher: RandomState,
    /// By when what each has shown is paid off, in microseconds (the generic cell rate algorithm).
    slots: Box<[AtomicU64]>,
    /// How long one guess takes to be paid off; nothing if nobody counts.
    each: Option<u64>,
}

/// A power of two; they take 128 KiB.
const SLOTS: usize = 1 << 14;
/// So much of an address tells where it is: one network of a provider's customer.
const IPV4_BITS: u32 = 24;
const IPV6_BITS: u32 = 64;
const MINUTE: u64 = 60_000_000;

impl Guesses {
    /// Allows so many a minute, and as many at once; any number if it is 0.
    pub(crate) fn new(each_minute: u32) -> Self {
        let slots = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
        let each = (each_minute > 0).then(|| (MINUTE / u64::from(each_minute)).max(1));
        Self { hasher: RandomState::new(), slots, each }
    }

    /// Counts a guess; returns how long its place is to wait if it was one too many.
    pub(crate) fn count(&self, from: Option<IpAddr>, now: Timestamp) -> Option<Duration> {
        let (Some(each), Some(from)) = (self.each, from) else { return None };
        let now = now.as_millis().saturating_mul(1000);
        let slot = self.slot(from);
        let paid_after = |paid_at: u64| paid_at.max(now).saturating_add(each);
        let allowed = |paid_at: u64| Some(paid_after(paid_at)).filter(|paid| *paid <= now.saturating_add(MINUTE));
        match slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, allowed) {
            Ok(_) => None,
            Err(paid_at) => {
                let wait = paid_after(paid_at).saturating_sub(now.saturating_add(MINUTE));
                Some(Duration::from_micros(wait))
            }
        }
    }

    fn slot(&self, from: IpAddr) -> &AtomicU64 {
        let hash = self.hasher.hash_one(network(from));
        let place = usize::try_from(hash % SLOTS as u64).unwrap_or_default();
        &self.slots[place]
    }
}

/// Returns the part of an address that is the same for all of one network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() >> (32 - IPV4_BITS) << (32 - IPV4_BITS)).into()),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> (128 - IPV6_BITS) << (128 - IPV6_BITS)))
        }
    }
}

impl fmt::Debug for Guesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guesses").field("each", &self.each).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + millis)
    }

    fn from(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn so_many_at_once_are_allowed_and_then_as_many_a_minute() {
        let guesses = Guesses::new(60);
        for _ in 0..60 {
            assert_eq!(guesses.count(Some(from("192.0.2.1")), at(0)), None);
        }
        assert_eq!(guesses.count(Some(from("192.0.2.1")), at(0)), Some(Duration::from_secs(1)));
        assert_eq!(
            guesses.count(Some(from("192.0.2.1")), at(400)),
            Some(Duration::from_millis(600)),
            "asking again costs nothing"
        );
        assert_eq!(guesses.count(Some(from("192.0.2.1")), at(1000)), None);
        assert!(guesses.count(Some(from("192.0.2.1")), at(1000)).is_some());
        assert_eq!(guesses.count(Some(from("192.0.2.1")), at(61_000)), None);
    }

    #[test]
    fn a_network_counts_as_one_place() {
        let guesses = Guesses::new(1);
        for (one, same, other) in
            [("192.0.2.1", "192.0.2.250", "192.0.3.1"), ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1")]
        {
            assert_eq!(guesses.count(Some(from(one)), at(0)), None);
            assert!(guesses.count(Some(from(same)), at(0)).is_some(), "{same}");
            assert_eq!(network(from(one)), network(from(same)));
            assert_ne!(network(from(one)), network(from(other)));
        }
        assert!(guesses.count(Some(from("::ffff:192.0.2.9")), at(0)).is_some(), "the same by another spelling");
    }

    #[test]
    fn a_million_places_take_no_more_memory_and_a_slot_is_free_again_after_a_minute() {
        let guesses = Guesses::new(1);
        let before = guesses.slots.len();
        for number in 0..1_000_000_u32 {
            let _ = guesses.count(Some(IpAddr::V4((number << 8).into())), at(0)); // most find their slot taken
        }
        assert_eq!(guesses.slots.len(), before);
        assert!(guesses.count(Some(from("192.0.2.1")), at(0)).is_some());
        assert_eq!(guesses.count(Some(from("192.0.2.1")), at(60_000)), None);
    }

    #[test]
    fn nobody_counts_where_none_is_to() {
        let guesses = Guesses::new(0);
        assert!((0..1000).all(|_| guesses.count(Some(from("192.0.2.1")), at(0)).is_none()));
        let guesses = Guesses::new(1);
        assert!((0..1000).all(|_| guesses.count(None, at(0)).is_none()), "nor where nobody knows from where it came");
    }
}
