use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use zeroize::Zeroizing;

use super::Carried;
use crate::keys::KeyMark;
use crate::record::Record;

/// Tokens that were verified, and what they say: the second time costs a look-up instead of a signature.
///
/// The whole text is the key, so that no other signature, header or claim can ride on what was verified (`JWT-12` is
/// about lists of what is *refused*). Texts are wiped when they give way. With each stands the key that verified it, and
/// not its name only: another key may have the same name later.
///
/// A text is compared only with one whose hash, under a key that nobody knows, is the same, so that the time it takes
/// tells nothing of what is remembered.
pub(super) struct Memo(Cache<Text, Verified, Weight>);

type Verified = (Arc<Carried>, KeyMark);

/// In bytes: the text, what it says, which is no longer, and the record around that.
#[derive(Clone)]
struct Weight;

impl Weighter<Text, Verified> for Weight {
    fn weight(&self, text: &Text, _: &Verified) -> u64 {
        (size_of::<Record>() + 2 * text.0.len()) as u64
    }
}

struct Text(Zeroizing<Box<[u8]>>);

#[derive(PartialEq, Eq, Hash)]
struct Asked<'a>(&'a [u8]);

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asked(&self.0).hash(state);
    }
}

impl Equivalent<Text> for Asked<'_> {
    fn equivalent(&self, text: &Text) -> bool {
        self.0 == &**text.0
    }
}

impl Memo {
    /// How many tokens are remembered, and fewer where they are long: they have 2 KiB each.
    pub(super) const MOST: usize = 16 * 1024;
    const EACH: u64 = 2048;

    pub(super) fn new(most: usize) -> Self {
        Self(Cache::with_weighter(most, most as u64 * Self::EACH, Weight))
    }

    pub(super) fn find(&self, text: &[u8]) -> Option<Verified> {
        self.0.get(&Asked(text))
    }

    pub(super) fn keep(&self, text: &[u8], carried: Arc<Carried>, key: KeyMark) {
        self.0.insert(Text(Zeroizing::new(text.into())), (carried, key));
    }

    pub(super) fn forget(&self, text: &[u8]) {
        self.0.remove(&Asked(text));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::id::SessionId;
    use crate::name::{Profile, Realm};
    use crate::policy::Policy;
    use crate::store::Epoch;
    use crate::time::Timestamp;
    use crate::token::{Chain, Generation};

    fn carried() -> Arc<Carried> {
        let now = Timestamp::from_millis(1);
        let (chain, terms) = (Chain::start(Generation::FIRST, now).chain, Policy::default().terms());
        let record = Record::new(SessionId::random(), Realm::default(), Profile::default(), terms, chain, now);
        Arc::new(Carried::new(record, Epoch::default(), now, now.plus(Duration::from_mins(5))))
    }

    fn remembered(memo: &Memo, length: usize) -> usize {
        let texts: Vec<_> =
            (0..4096_u32).map(|number| [&number.to_be_bytes()[..], &vec![0; length]].concat()).collect();
        for text in &texts {
            memo.keep(text, carried(), KeyMark::default());
        }
        texts.iter().filter(|text| memo.find(text).is_some()).count()
    }

    #[test]
    fn of_usual_tokens_as_many_are_remembered_as_was_said_and_of_long_ones_fewer() {
        assert!(remembered(&Memo::new(4096 * 2), 600) >= 4096 * 9 / 10);
        let long = remembered(&Memo::new(4096), 8 * 1024);
        assert!((1..=4096 / 8).contains(&long), "{long} tokens of 8 KiB, in 8 MiB");
        assert_eq!(remembered(&Memo::new(0), 600), 0);
    }

    #[test]
    fn jwt_12_another_signature_of_a_token_is_not_remembered() {
        let memo = Memo::new(16);
        memo.keep(b"header.claims.signature", carried(), KeyMark::default());
        assert!(memo.find(b"header.claims.signature").is_some());
        for other in [&b"header.claims.signaturf"[..], b"header.claims.signatur", b"header.claims.", b""] {
            assert!(memo.find(other).is_none());
        }
    }
}
