//! The parts of `Sessions`, and which of them do not make a whole.

use std::sync::Arc;

use hallpass::{
    Caller, MemoryStore, NewSession, Pepper, Profile, Realm, SessionState, Sessions, SessionsBuilder, Store, Subject,
};

#[test]
fn the_sessions_have_the_parts_that_were_chosen() {
    let shop = Realm::new("shop").expect("a name");
    let store = MemoryStore::new();
    let capabilities = store.capabilities();
    let sessions = Sessions::builder().store(store).realm(shop.clone()).data_limit(2048).build().expect("whole");
    assert_eq!(sessions.realm(), &shop);
    assert_eq!((sessions.capabilities(), sessions.data_limit()), (capabilities, 2048));
    assert!(capabilities.list, "else the one is as good as the other");
    assert!(sessions.has_profile(&Profile::remember()));
    assert!(!sessions.has_profile(&Profile::new("nobody-configured-it").expect("a name")));
    let default = sessions.in_realm(Realm::default());
    assert_eq!((default.realm(), default.data_limit()), (&Realm::default(), 2048));
}

#[test]
fn parts_that_do_not_make_a_whole_are_refused_with_what_to_do() {
    let said = |builder: SessionsBuilder| builder.build().map(|_| ()).expect_err("refused").to_string();
    assert_eq!(said(Sessions::builder()), "a session would have nowhere to live: choose a store");
    for bytes in [0, SessionsBuilder::LEAST_DATA_LIMIT - 1, SessionsBuilder::MOST_DATA_LIMIT + 1, usize::MAX] {
        let builder = Sessions::builder().store(MemoryStore::new()).data_limit(bytes);
        assert_eq!(said(builder), "attributes can be limited to 1 KiB up to 1 MiB", "{bytes}");
    }
    for bytes in [SessionsBuilder::LEAST_DATA_LIMIT, SessionsBuilder::MOST_DATA_LIMIT] {
        assert!(Sessions::builder().store(MemoryStore::new()).data_limit(bytes).build().is_ok(), "{bytes}");
    }
}

#[test]
fn the_states_of_a_session_have_words() {
    let words = [SessionState::Active, SessionState::Locked, SessionState::Ended].map(SessionState::as_str);
    assert_eq!(words, ["active", "locked", "ended"]);
}

#[tokio::test]
async fn a_replaced_token_is_recognised_only_under_the_pepper_that_it_was_replaced_under() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let node = |key: Option<&[u8; 32]>| {
        let mut builder = Sessions::builder().shared_store(Arc::clone(&store));
        if let Some(key) = key {
            builder = builder.pepper(Pepper::new(key).expect("long enough"));
        }
        builder.build().expect("whole")
    };
    let here = node(Some(b"the pepper of a fleet, 32 bytes."));
    let alice = Subject::new("alice").expect("a name");
    let old = here.create(NewSession::signed_in(alice), &Caller::user()).await.expect("made").token;
    let new = here.renew(old.expose(), &Caller::user()).await.expect("renewed").token;
    let same = node(Some(b"the pepper of a fleet, 32 bytes."));
    assert_eq!(same.renew(old.expose(), &Caller::user()).await.expect("within grace").token.expose(), new.expose());
    for other in [node(None), node(Some(b"quite another pepper of 32 bytes"))] {
        let refused = other.renew(old.expose(), &Caller::user()).await.expect_err("it leads nowhere");
        assert!(refused.is_inactive());
        assert!(other.open(new.expose(), &Caller::user()).await.is_ok(), "but the present token is good");
    }
}
