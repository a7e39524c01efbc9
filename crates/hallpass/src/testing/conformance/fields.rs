//! What is saved comes back as it was.

use bytes::Bytes;

use super::bench::Bench;
use super::handles::Handles;
use super::sample::{self, DAY, MINUTE};
use crate::event::EndReason;
use crate::id::SessionId;
use crate::name::{Actor, Method, Note, Profile, Subject};
use crate::record::{Ended, Record, Version};
use crate::store::{Expected, Outcome};
use crate::time::Timestamp;

pub(super) async fn an_unknown_session_is_absent(handles: Handles) {
    let bench = Bench::new(handles);
    bench.assert_absent(&SessionId::random()).await;
    bench.create([&bench.record()]).await;
    bench.assert_absent(&SessionId::random()).await;
}

pub(super) async fn every_field_comes_back(handles: Handles) {
    let bench = Bench::new(handles);
    let record = sample::full(bench.realm.clone(), bench.now);
    bench.create([&record]).await;
    bench.assert_stored(&record).await;
}

pub(super) async fn a_record_with_nothing_optional_comes_back(handles: Handles) {
    let bench = Bench::new(handles);
    let record = bench.record();
    bench.create([&record]).await;
    bench.assert_stored(&record).await;
}

pub(super) async fn a_tombstone_comes_back(handles: Handles) {
    let bench = Bench::new(handles);
    let full = sample::full(bench.realm.clone(), bench.now);
    let least = bench.record();
    bench.create([&full, &least]).await;
    let with_note = bench.end(&full).await;
    let ended = Ended {
        at: bench.now.minus(MINUTE),
        reason: EndReason::from_word("a_reason_of_a_newer_version"),
        actor: Actor::user(),
        note: None,
    };
    let without_note = bench.update(&least, |record| record.end(ended, bench.now.plus(DAY))).await;
    bench.assert_stored(&with_note).await;
    bench.assert_stored(&without_note).await;
}

pub(super) async fn attributes_of_one_mebibyte_come_back(handles: Handles) {
    let bench = Bench::new(handles);
    let mut record = bench.record();
    bench.create([&record]).await;
    for filling in ["x", "\u{1f3ab}"] {
        let value = filling.repeat(((1 << 20) - 8) / filling.len());
        record = bench.update(&record, |record| record.data = Bytes::from(format!("{{\"a\":\"{value}\"}}"))).await;
        bench.assert_stored(&record).await;
    }
}

pub(super) async fn text_of_every_script_comes_back(handles: Handles) {
    let texts = [
        "Zoë Ångström",
        "e\u{301} is not \u{e9}",
        "日本語 العربية עברית हिन्दी",
        "\u{1f469}\u{200d}\u{1f4bb}\u{fe0f} \u{10ffff} \u{202e}",
        "O'Brien \"; DROP TABLE sessions; --",
        "100% _underscore_ \\backslash\\ {brace} [bracket] a:b a/b a|b",
        " spaces at both ends ",
        "NULL",
    ];
    let bench = Bench::new(handles);
    for text in texts {
        let subject = Subject::new(text).expect("short, and without control characters");
        let mut record = bench.record_of(&subject);
        record.client.user_agent = Note::lossy(text);
        record.client.label = Note::lossy(text);
        record.data = Bytes::from(format!("{{\"text\":\"{}\"}}", text.replace('\\', "\\\\").replace('"', "\\\"")));
        bench.create([&record]).await;
        bench.assert_stored(&record).await;
        if bench.lists().await {
            let found = bench.ids(&bench.query_of(&subject)).await;
            assert_eq!(found, [record.id], "the subject {text:?} has one session");
        }
    }
}

pub(super) async fn the_longest_of_everything_comes_back(handles: Handles) {
    let bench = Bench::new(handles);
    let mut record = sample::full(bench.realm.clone(), bench.now);
    record.subject = Subject::new("\u{1f3ab}".repeat(63) + "abc").ok();
    record.profile = Profile::new("p".repeat(64)).expect("64 letters are allowed");
    record.client.user_agent = Note::lossy(&"é".repeat(256));
    record.client.label = Note::lossy(&"\u{1f3ab}".repeat(128));
    record.methods = (0..Record::MOST_METHODS)
        .map(|index| Method::new(format!("{index:a<64}")).expect("64 letters and digits are allowed"))
        .collect();
    assert_eq!(record.subject.as_ref().map(|subject| subject.as_str().len()), Some(255));
    bench.create([&record]).await;
    bench.assert_stored(&record).await;
}

pub(super) async fn times_and_versions_at_their_bounds_come_back(handles: Handles) {
    let bench = Bench::new(handles);
    // Databases count to 2^63 - 1, and nobody saves a record more often.
    for number in [1, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, i64::MAX as u64 - 1] {
        let mut record = bench.record();
        record.version = Version::new(number);
        record.created_at = Timestamp::UNIX_EPOCH;
        record.authenticated_at = Some(Timestamp::UNIX_EPOCH);
        record.seen_at = Timestamp::from_millis(1);
        record.expires_at = Timestamp::MAX;
        bench.create([&record]).await;
        bench.assert_stored(&record).await;
        let after = bench.update(&record, |record| record.seen_at = Timestamp::MAX).await;
        bench.assert_stored(&after).await;
    }
}

pub(super) async fn a_save_replaces_the_whole_record(handles: Handles) {
    let bench = Bench::new(handles);
    let full = sample::full(bench.realm.clone(), bench.now);
    bench.create([&full]).await;
    let mut least = bench.record();
    least.id = full.id;
    least.version = full.version.next();
    let outcome = bench.save(&least, Expected::Version(full.version)).await;
    assert_eq!(outcome, Outcome::Applied);
    bench.assert_stored(&least).await;
}

pub(super) async fn a_record_outlives_its_expiry(handles: Handles) {
    let bench = Bench::new(handles);
    let mut record = bench.record();
    record.created_at = bench.now.minus(DAY);
    record.seen_at = bench.now.minus(DAY);
    record.expires_at = bench.now.minus(30 * MINUTE);
    bench.create([&record]).await;
    bench.assert_stored(&record).await;
    if bench.lists().await {
        assert_eq!(bench.ids(&bench.query()).await, [record.id], "an expired record is listed like any other");
    }
    let seen_at = bench.now.minus(29 * MINUTE);
    let outcome = bench.touch(&record, seen_at, record.expires_at).await;
    assert_eq!(outcome, Outcome::Applied, "a store does not judge time, so a touch that is late is applied");
    record.seen_at = seen_at;
    let record = bench.update(&record, |record| record.expires_at = bench.now.minus(20 * MINUTE)).await;
    bench.assert_stored(&record).await;
}
