//! How often all self-contained tokens of a subject were ended at once.

use super::bench::{Bench, answer};
use super::handles::Handles;
use super::sample;
use crate::name::Subject;
use crate::store::Epoch;

pub(super) async fn an_epoch_rises_by_one_each_time_it_is_raised(handles: Handles) {
    let bench = Bench::new(handles);
    let subject = sample::subject();
    let first = answer("epoch", bench.store().epoch(&bench.realm, &subject, false).await).0;
    for raised in 0..5 {
        for store in [bench.store(), bench.elsewhere()] {
            for _ in 0..2 {
                let asked = answer("epoch", store.epoch(&bench.realm, &subject, false).await);
                assert_eq!(asked, Epoch(first + raised), "asking does not raise");
            }
        }
        let store = bench.handles.store(usize::try_from(raised).expect("small"));
        assert_eq!(answer("epoch", store.epoch(&bench.realm, &subject, true).await), Epoch(first + raised + 1));
    }
}

pub(super) async fn raises_at_once_are_all_counted(handles: Handles) {
    let bench = Bench::new(handles);
    let subject = sample::subject();
    let mut raised = bench
        .at_once(20, |bench, _| {
            let subject = subject.clone();
            async move { answer("epoch", bench.store().epoch(&bench.realm, &subject, true).await).0 }
        })
        .await;
    raised.sort_unstable();
    let expected: Vec<_> = (raised[0]..raised[0] + 20).collect();
    assert_eq!(raised, expected, "20 raises at once are 20 epochs");
    let asked = answer("epoch", bench.store().epoch(&bench.realm, &subject, false).await);
    assert_eq!(Some(&asked.0), raised.last());
}

pub(super) async fn subjects_have_their_own_epochs(handles: Handles) {
    let bench = Bench::new(handles);
    let subject = sample::subject();
    let others = [format!("{subject} "), format!("{subject}x"), format!("{subject}%"), subject.as_str().to_uppercase()];
    let mut before = Vec::new();
    for other in others {
        let other = Subject::new(other).expect("short");
        let epoch = answer("epoch", bench.store().epoch(&bench.realm, &other, false).await);
        before.push((other, epoch));
    }
    let raised = answer("epoch", bench.store().epoch(&bench.realm, &subject, true).await);
    for (other, before) in before {
        let epoch = answer("epoch", bench.store().epoch(&bench.realm, &other, false).await);
        assert_eq!(epoch, before, "the epoch of {other:?} is not that of {subject:?}");
    }
    // The end of every session is not the end of the subject.
    let record = bench.record_of(&subject);
    bench.create([&record]).await;
    bench.end(&record).await;
    assert_eq!(answer("epoch", bench.store().epoch(&bench.realm, &subject, false).await), raised);
}
