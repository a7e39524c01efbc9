use std::collections::HashMap;

use crate::name::{Realm, Subject};
use crate::store::Epoch;

/// The epochs of at most so many subjects; those of all others are one.
///
/// An epoch cannot be forgotten by itself: tokens that it had ended would be good again. So when there are too many, all
/// become the highest of them. That ends self-contained tokens of subjects whom nobody had asked for, which is to the safe
/// side, once in as many raises as there is room for.
pub(super) struct Epochs {
    raised: HashMap<(Realm, Subject), Epoch>,
    floor: Epoch,
    most: usize,
}

impl Epochs {
    pub(super) fn new(most: usize) -> Self {
        Self { raised: HashMap::new(), floor: Epoch::default(), most }
    }

    pub(super) fn of(&self, realm: &Realm, subject: &Subject) -> Epoch {
        self.raised.get(&(realm.clone(), subject.clone())).copied().unwrap_or(self.floor)
    }

    pub(super) fn raise(&mut self, realm: &Realm, subject: &Subject) -> Epoch {
        let raised = Epoch(self.of(realm, subject).0 + 1);
        let key = (realm.clone(), subject.clone());
        if self.raised.len() >= self.most && !self.raised.contains_key(&key) {
            self.floor = self.raised.values().copied().fold(raised, Epoch::max);
            self.raised.clear();
            return self.floor;
        }
        self.raised.insert(key, raised);
        raised
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_never_go_back_however_many_subjects_there_are() {
        let realm = Realm::default();
        let subject = |number: u64| Subject::new(&format!("user-{number}")).expect("a name");
        let mut epochs = Epochs::new(10);
        let mut known = vec![Epoch::default(); 50];
        for step in 0..1000_u64 {
            let raised = step * 7 % 50;
            let place = usize::try_from(raised).expect("small");
            let before = known[place];
            known[place] = epochs.raise(&realm, &subject(raised));
            assert!(known[place] > before, "a raise raises");
            for (number, known) in (0..).zip(&mut known) {
                let now = epochs.of(&realm, &subject(number));
                assert!(now >= *known, "that of {number} fell from {known:?} to {now:?}");
                *known = now;
            }
            assert!(epochs.raised.len() <= 10);
        }
    }

    #[test]
    fn while_there_is_room_nobody_elses_epoch_rises() {
        let realm = Realm::default();
        let mut epochs = Epochs::new(2);
        let subject = |name| Subject::new(name).expect("a name");
        assert_eq!(epochs.raise(&realm, &subject("ann")), Epoch(1));
        assert_eq!(epochs.raise(&realm, &subject("ann")), Epoch(2));
        assert_eq!(epochs.raise(&realm, &subject("bob")), Epoch(1));
        assert_eq!(epochs.of(&realm, &subject("eve")), Epoch(0));
    }
}
