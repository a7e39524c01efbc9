//! What must hold of a home of the audit trail.

use std::sync::Arc;

use super::bench::answer;
use crate::audit::{ChainHash, Line, Seal, SealedEvent};
use crate::event::{Event, EventKind};
use crate::name::{Realm, Subject};
use crate::store::{Outcome, PageLimit, Store, Trail};
use crate::time::Timestamp;

/// Checks what must hold of the trail of a store that is empty, and that nobody else uses; it leaves events behind.
///
/// # Panics
///
/// With what does not hold.
pub async fn check_trail(store: &dyn Store) {
    let trail = store.trail().expect("a store that keeps a sealed trail");
    let trail = &*trail;
    let kept = what_is_kept_is_unsealed_in_its_order(store, trail).await;
    what_is_sealed_comes_back_and_not_again(store, trail, &kept).await;
    of_two_sealers_one_wins(store).await;
    what_is_purged_is_gone_and_the_last_line_stays(store, trail).await;
}

fn all() -> PageLimit {
    PageLimit::MOST
}

async fn keep(store: &dyn Store, count: u64) -> Vec<Event> {
    let mut kept = Vec::new();
    for number in 0..count {
        let realm = if number % 2 == 0 { Realm::default() } else { Realm::new("other").expect("a name") };
        let mut event = Event::new(EventKind::KeyCreated, realm, Timestamp::from_millis(1_800_000_000_000));
        event.subject = Subject::new(format!("subject {number}")).ok();
        answer("append", store.append(std::slice::from_ref(&event)).await);
        kept.push(event);
    }
    kept
}

/// Returns what seals events after a line.
fn seals(number: u64, hash: ChainHash, events: &[Event]) -> Vec<Seal> {
    let mut hash = hash;
    let seal = |(number, event): (u64, &Event)| {
        hash = hash.after(number, &Line::text_of(event));
        Seal {
            number,
            event: event.id,
            hash,
            checkpoint: (number % 2 == 0).then(|| format!("{{\"number\":{number}}}")),
        }
    };
    (number + 1..).zip(events).map(seal).collect()
}

async fn seal(trail: &dyn Trail, seals: &[Seal]) -> Outcome {
    answer("seal", trail.seal(seals).await)
}

async fn sealed(trail: &dyn Trail, after: u64, limit: PageLimit) -> Vec<SealedEvent> {
    answer("sealed", trail.sealed(after, limit).await)
}

async fn what_is_kept_is_unsealed_in_its_order(store: &dyn Store, trail: &dyn Trail) -> Vec<Event> {
    assert_eq!(answer("last", trail.last().await), None, "nothing is sealed yet");
    assert_eq!(answer("first", trail.first().await), None);
    assert_eq!(answer("unsealed", trail.unsealed(None, all()).await), []);
    let kept = keep(store, 6).await;
    assert_eq!(answer("unsealed", trail.unsealed(None, all()).await), kept);
    let two = PageLimit::new(2).expect("small");
    assert_eq!(answer("unsealed", trail.unsealed(None, two).await), kept[..2], "no more than were asked for");
    assert_eq!(answer("unsealed", trail.unsealed(Some(kept[3].id), all()).await), kept[4..]);
    kept
}

async fn what_is_sealed_comes_back_and_not_again(store: &dyn Store, trail: &dyn Trail, kept: &[Event]) {
    let all_seals = seals(0, ChainHash::START, kept);
    assert_eq!(seal(trail, &all_seals[..4]).await, Outcome::Applied);
    assert_eq!(answer("last", trail.last().await).as_ref(), Some(&all_seals[3]));
    assert_eq!(answer("first", trail.first().await).as_ref(), Some(&all_seals[0]));
    for (what, conflict) in [
        ("a number that is taken", seals(3, all_seals[2].hash, &kept[4..])),
        ("an event that is sealed", seals(4, all_seals[3].hash, &[kept[4].clone(), kept[0].clone()])),
    ] {
        assert_eq!(seal(trail, &conflict).await, Outcome::Conflict, "{what}");
        assert_eq!(answer("last", trail.last().await).as_ref(), Some(&all_seals[3]), "{what}: nothing was written");
    }
    for after in [None, Some(kept[3].id)] {
        assert_eq!(answer("unsealed", trail.unsealed(after, all()).await), kept[4..]);
    }
    let found = sealed(trail, 0, all()).await;
    let expected = |(seal, event): (&Seal, &Event)| SealedEvent { seal: seal.clone(), event: Some(event.clone()) };
    let lines: Vec<_> = all_seals.iter().zip(kept).map(expected).collect();
    assert_eq!(found, lines[..4]);
    assert_eq!(sealed(trail, 2, PageLimit::new(1).expect("small")).await, lines[2..3]);
    assert_eq!(sealed(trail, 4, all()).await, []);
    // What became visible in between comes after what was given before.
    let later = keep(store, 2).await;
    assert_eq!(answer("unsealed", trail.unsealed(Some(kept[5].id), all()).await), later);
    assert_eq!(seal(trail, &all_seals[4..]).await, Outcome::Applied);
    assert_eq!(answer("unsealed", trail.unsealed(Some(kept[5].id), all()).await), later);
}

/// Many go on from the same line at once, and one is applied whole.
async fn of_two_sealers_one_wins(store: &dyn Store) {
    let trail: Arc<dyn Trail> = store.trail().expect("a trail");
    let last = answer("last", trail.last().await).expect("a line");
    let events = answer("unsealed", trail.unsealed(Some(last.event), all()).await);
    let contenders: Vec<_> =
        (1..=8_u8).map(|contender| seals(last.number, ChainHash::from_bytes([contender; 32]), &events)).collect();
    let tries = contenders.clone().into_iter().map(|seals| {
        let trail = Arc::clone(&trail);
        tokio::spawn(async move { answer("seal", trail.seal(&seals).await) })
    });
    let tries: Vec<_> = tries.collect();
    let mut winners = Vec::new();
    for (contender, attempt) in contenders.iter().zip(tries) {
        if attempt.await.expect("it ends") == Outcome::Applied {
            winners.push(contender);
        }
    }
    let [winner] = &winners[..] else { panic!("{} of 8 were applied", winners.len()) };
    let found: Vec<_> = sealed(&*trail, last.number, all()).await.into_iter().map(|line| line.seal).collect();
    assert_eq!(&found, *winner);
}

async fn what_is_purged_is_gone_and_the_last_line_stays(store: &dyn Store, trail: &dyn Trail) {
    let before = sealed(trail, 0, all()).await;
    let last = before.last().expect("lines").seal.clone();
    assert_eq!(answer("forget", trail.forget(3).await), 3);
    assert_eq!(answer("forget", trail.forget(3).await), 0, "it was done");
    assert_eq!(sealed(trail, 0, all()).await, before[3..]);
    let events = answer("events", store.events(&crate::store::EventQuery::default()).await).items;
    let gone = before[..3].iter().filter_map(|line| line.event.as_ref());
    for gone in gone {
        assert!(events.iter().all(|event| event.id != gone.id), "{} is still there", gone.id);
    }
    answer("forget", trail.forget(u64::MAX).await);
    assert_eq!(answer("last", trail.last().await).as_ref(), Some(&last), "numbers go on from the last line");
    assert_eq!(answer("first", trail.first().await), Some(last));
    let later = keep(store, 1).await;
    let last = answer("last", trail.last().await).expect("a line");
    assert_eq!(answer("unsealed", trail.unsealed(Some(last.event), all()).await), later);
}
