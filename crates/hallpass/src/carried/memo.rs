use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use super::Carried;
use crate::keys::KeyMark;

/// Tokens that were verified, and what they say: the second time costs a look-up instead of a signature.
///
/// The whole text is the key, so that no other signature, header or claim can ride on what was verified (`JWT-12` is
/// about lists of what is *refused*). Texts are wiped when they give way. With each stands the key that verified it, and
/// not its name only: another key may have the same name later.
pub(super) struct Memo(Cache<Text, (Arc<Carried>, KeyMark)>);

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
    /// How many tokens are remembered.
    pub(super) const MOST: usize = 16 * 1024;

    pub(super) fn new(most: usize) -> Self {
        Self(Cache::new(most))
    }

    pub(super) fn find(&self, text: &[u8]) -> Option<(Arc<Carried>, KeyMark)> {
        self.0.get(&Asked(text))
    }

    pub(super) fn keep(&self, text: &[u8], carried: Arc<Carried>, key: KeyMark) {
        self.0.insert(Text(Zeroizing::new(text.into())), (carried, key));
    }

    pub(super) fn forget(&self, text: &[u8]) {
        self.0.remove(&Asked(text));
    }
}
