//! Writers that meet.

use axum::http::StatusCode;
use bytes::Bytes;
use hallpass::testing::{Fault, Method};
use hallpass::{Actor, Caller, EventKind, EventQuery, Realm, Subject};

use crate::app::App;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_increments_at_once_end_at_fifty() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let mut browser = browser.clone();
            tokio::spawn(async move { browser.get("/count/n").await.expect(StatusCode::OK) })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(browser.get("/count/n").await.body, "51");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_keys_set_at_once_are_all_kept() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let tasks: Vec<_> = (0..50)
        .map(|key| {
            let mut browser = browser.clone();
            tokio::spawn(async move { browser.get(&format!("/set/k{key}/{key}")).await.expect(StatusCode::OK) })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    for key in 0..50 {
        assert_eq!(browser.get(&format!("/get/k{key}")).await.body, key.to_string());
    }
}

#[tokio::test]
async fn a_key_that_was_read_and_then_set_is_not_written_over_a_change() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    browser.get("/set/key/1").await.expect(StatusCode::OK);
    let slow = browser.start("/read-then-set/key/2").await;
    browser.get("/set/key/3").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    let reply = slow.await.expect("no panic").expect(StatusCode::CONFLICT);
    assert_eq!(reply.code(), "conflict");
    assert_eq!(browser.get("/get/key").await.body, "3");
    let slow = browser.start("/read-then-set/key/4").await;
    browser.get("/set/other/1").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    slow.await.expect("no panic").expect(StatusCode::OK);
    assert_eq!(browser.get("/get/key").await.body, "4", "another key is no conflict");
}

#[tokio::test]
async fn changes_are_discarded_when_the_session_changed_hands() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/set/a/1").await.expect(StatusCode::OK);
    let slow = browser.start("/slow-set/admin/yes").await;
    browser.get("/login/alice").await.expect(StatusCode::OK);
    app.slow.go_on.notify_one();
    slow.await.expect("no panic").expect(StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get("/get/admin").await.body, "nothing", "what was set before the login stays before it");
}

#[tokio::test]
async fn a_conflict_costs_one_more_round_and_nothing_else() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    app.store.script(Method::Save, [Fault::Conflict, Fault::Conflict]);
    let before = app.store.calls();
    browser.get("/set/key/value").await.expect(StatusCode::OK);
    let after = app.store.calls();
    assert_eq!((after.save - before.save, after.load - before.load), (3, 3));
    assert_eq!(browser.get("/get/key").await.body, "value");
}

#[tokio::test]
async fn data_larger_than_allowed_is_refused_before_anything_is_written() {
    let app = App::with(|builder| builder.data_limit(1024));
    let mut browser = app.signed_in("alice").await;
    let saves = app.store.calls().save;
    let reply = browser.get("/large/1025").await.expect(StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(reply.code(), "data_too_large");
    assert_eq!(browser.get("/large/1013").await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(app.store.calls().save, saves);
    browser.get("/large/1012").await.expect(StatusCode::OK);
    browser.get("/large/1000").await.expect(StatusCode::OK);
    browser.get("/set/b/1234567890123").await.expect(StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(browser.get("/get/b").await.body, "nothing");
}

#[tokio::test]
async fn data_is_edited_by_name_without_losing_a_concurrent_write() {
    let app = App::new();
    let mut browser = app.signed_in("alice").await;
    let id = hallpass::ReferenceToken::parse(browser.token()).expect("ours").id;
    app.store.script(Method::Save, [Fault::Conflict]);
    let mut seen = 0;
    let shop = Caller::new(Actor::application("shop"));
    let edit = |_: &Bytes| {
        seen += 1;
        Ok::<_, ()>(Bytes::from_static(br#"{"key":"edited"}"#))
    };
    let edited = app.sessions.edit_data(&id, edit, &shop);
    edited.await.expect("it is there").expect("not refused");
    assert_eq!(seen, 2);
    assert_eq!(browser.get("/get/key").await.body, "edited");
    let refused = app.sessions.edit_data(&id, |_| Err("stale"), &shop).await.expect("it is there");
    assert_eq!(refused.expect_err("refused"), "stale");
    let broken = app.sessions.edit_data(&id, |_| Ok::<_, ()>(Bytes::from_static(b"[1]")), &shop).await;
    assert!(broken.expect_err("not an object").is_value());
    let version = app.sessions.find(&id).await.expect("a store").expect("it is there").version;
    let same = app.sessions.edit_data(&id, |data| Ok::<_, ()>(data.clone()), &shop).await;
    assert_eq!(same.expect("it is there").expect("not refused").version, version, "what is as it was is not written");
    let mut query = EventQuery::of_session(Realm::default(), id);
    query.kind = Some(EventKind::DataChanged);
    let told = app.sessions.events(&query).await.expect("a store").items;
    let told: Vec<_> = told.iter().map(|event| (event.actor.as_str(), event.subject.as_ref())).collect();
    let alice = Subject::new("alice").expect("a subject");
    assert_eq!(told, [("application:shop", Some(&alice))], "one event for one change, and none for the others");
    assert_eq!(app.observer.count(&EventKind::DataChanged), 1);
    browser.get("/logout").await.expect(StatusCode::OK);
    let gone = app.sessions.edit_data(&id, |data| Ok::<_, ()>(data.clone()), &shop).await;
    assert!(gone.expect_err("ended").is_not_found());
}

#[tokio::test]
async fn a_session_is_opened_once_for_a_request_and_shared_by_its_clones() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    let clone = session.clone();
    clone.set("a", &1).expect("small");
    assert_eq!(session.get::<u8>("a").expect("a number"), Some(1));
    session.commit().await.expect("saved");
    clone.set("b", &2).expect("small");
    clone.commit().await.expect("saved on top of the first");
    let again = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    assert_eq!((again.get::<u8>("a").expect("a number"), again.get::<u8>("b").expect("a number")), (Some(1), Some(2)));
}

#[tokio::test]
async fn what_could_not_be_saved_is_tried_again_by_the_next_commit() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    session.set("a", &1).expect("small");
    session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1).expect("small");
    app.store.script(Method::Save, [Fault::Unavailable]);
    assert!(session.commit().await.expect_err("the store is away").is_unavailable());
    session.set("b", &2).expect("small");
    session.set("a", &3).expect("small");
    session.commit().await.expect("it is back");
    let again = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    let kept = ["a", "b", "n"].map(|key| again.get::<u32>(key).expect("a number"));
    assert_eq!(kept, [Some(3), Some(2), Some(1)]);
}

#[tokio::test]
async fn a_commit_that_was_given_up_is_never_followed_by_success() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    session.set("a", &1).expect("small");
    let gate = app.store.hold_next(Method::Save);
    tokio::select! {
        biased;
        _ = session.commit() => unreachable!("the store holds it"),
        () = gate.reached() => {}
    }
    gate.open();
    for _ in 0..2 {
        assert!(session.commit().await.expect_err("its outcome is not known").is_unavailable());
    }
}

#[tokio::test]
async fn a_change_that_is_too_large_leaves_the_one_before() {
    let app = App::with(|builder| builder.data_limit(1024));
    let browser = app.signed_in("alice").await;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    let large = || "x".repeat(1020);
    session.set("kept", "small").expect("small");
    assert!(session.set("kept", &large()).expect_err("too large").is_too_large());
    session.update("text", |_: Option<String>| "a".to_owned()).expect("small");
    assert!(session.update("text", move |_: Option<String>| large()).expect_err("too large").is_too_large());
    assert!(session.set("other", &"x".repeat(1000)).expect_err("too large").is_too_large());
    session.commit().await.expect("what is left fits");
    let again = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    let kept = ["kept", "text", "other"].map(|key| again.get::<String>(key).expect("text"));
    assert_eq!(kept, [Some("small".to_owned()), Some("a".to_owned()), None]);
}

#[tokio::test]
async fn an_update_by_a_clone_while_another_is_saved_is_not_lost() {
    let app = App::new();
    let mut browser = app.browser();
    browser.get("/count/n").await.expect(StatusCode::OK);
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    let plus_one = |n: Option<u64>| n.unwrap_or(0) + 1;
    session.update("n", plus_one).expect("a number");
    let gate = app.store.hold_next(Method::Save);
    let saving = tokio::spawn({
        let session = session.clone();
        async move { session.commit().await }
    });
    gate.reached().await;
    session.update("n", plus_one).expect("a number");
    gate.open();
    saving.await.expect("no panic").expect("saved");
    session.commit().await.expect("saved");
    assert_eq!(session.get::<u64>("n").expect("a number"), Some(3));
    browser.get("/count/n").await.expect(StatusCode::OK);
    assert_eq!(browser.get("/count/n").await.body, "5", "it was saved as well");
}

#[tokio::test]
async fn an_update_that_meets_nobody_is_computed_once() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let session = app.sessions.open(&browser.token(), &Caller::user()).await.expect("it lives");
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = {
        let calls = std::sync::Arc::clone(&calls);
        move |n: Option<u64>| {
            calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            n.unwrap_or(0) + 1
        }
    };
    session.update("n", count).expect("a number");
    session.commit().await.expect("saved");
    assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 1);
}
