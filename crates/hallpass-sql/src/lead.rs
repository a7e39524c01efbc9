use hallpass::Query;

/// The index that leads to what a listing asks for; each filter that narrows has one, of the same name in every store.
///
/// A planner that knows no numbers takes the index that has the order of the listing, and then walks past every living
/// session to find those that are over. So a listing names its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// By subject, newest first.
    Subject,
    /// By the end of its time.
    Expiry,
    /// By its last use.
    Use,
    /// By the client's address.
    Address,
    /// Tombstones, newest first.
    End,
    /// By profile, newest first.
    Profile,
    /// By level, newest first.
    Level,
    /// All, newest first: what has no narrower way is a walk from the newest to the oldest.
    Creation,
}

impl Lead {
    /// Every index of a listing.
    pub const ALL: [Self; 8] =
        [Self::Subject, Self::Expiry, Self::Use, Self::Address, Self::End, Self::Profile, Self::Level, Self::Creation];

    /// Returns the index for a question, the one that narrows most first.
    ///
    /// What lives longer than some time (`expires_after` alone) and what has a word in its client's description is
    /// usually common: it is looked for from the newest on.
    pub fn of(query: &Query) -> Self {
        let has = [
            (query.subject.is_some(), Self::Subject),
            (query.expires_by.is_some(), Self::Expiry),
            (query.seen_before.is_some(), Self::Use),
            (query.ip.is_some(), Self::Address),
            (query.ended == Some(true), Self::End),
            (query.profile.is_some(), Self::Profile),
            (query.level.is_some(), Self::Level),
        ];
        has.into_iter().find_map(|(asked, lead)| asked.then_some(lead)).unwrap_or(Self::Creation)
    }

    /// Returns the name of the index.
    pub fn index(self) -> &'static str {
        match self {
            Self::Subject => "sessions_by_subject",
            Self::Expiry => "sessions_by_expiry",
            Self::Use => "sessions_by_use",
            Self::Address => "sessions_by_address",
            Self::End => "sessions_by_end",
            Self::Profile => "sessions_by_profile",
            Self::Level => "sessions_by_level",
            Self::Creation => "sessions_by_creation",
        }
    }

    /// Tells whether the index has what it finds newest first, realm by realm.
    ///
    /// Where it has not, all that is found is sorted, whatever its realm.
    pub fn is_newest_first(self) -> bool {
        !self.is_range()
    }

    /// Tells whether more may be found than is worth sorting for one page: a filter that hardly narrows.
    ///
    /// What is over, without another bound, is always few, and always the oldest.
    pub fn may_find_most(self, query: &Query) -> bool {
        self.is_range() && (self != Self::Expiry || query.expires_after.is_some())
    }

    fn is_range(self) -> bool {
        matches!(self, Self::Expiry | Self::Use | Self::Address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass::{Realm, Subject, Timestamp};

    #[test]
    fn what_narrows_most_leads() {
        let mut query = Query::default();
        query.realm = Some(Realm::default());
        assert_eq!(Lead::of(&query), Lead::Creation);
        query.ended = Some(false);
        query.expires_after = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(Lead::of(&query), Lead::Creation);
        query.seen_before = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(Lead::of(&query), Lead::Use);
        query.expires_by = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(Lead::of(&query), Lead::Expiry);
        query.subject = Some(Subject::new("ann").expect("a subject"));
        assert_eq!(Lead::of(&query), Lead::Subject);
    }
}
