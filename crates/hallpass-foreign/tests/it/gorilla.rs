use hallpass_dialects::Secret;
use hallpass_dialects::gorilla::Gorilla;
use hallpass_foreign::{Changes, Clues, Committed, Home as _, RedisHome, commit, detect};

use crate::app::{App, Browser, all, connect, now_ms, of, script};

#[tokio::test]
async fn what_gorilla_keeps_is_listed_changed_and_ended_here() {
    let Some(redis) = rig::redis(&[]) else { return };
    let Some(frameworks) = rig::frameworks() else { return };
    let folder = rig::scratch();
    let Some(mut command) = frameworks.go_server(&script("gorilla"), &folder.path().join("app")) else { return };
    command.env("REDIS_ADDRESS", format!("127.0.0.1:{}", redis.port()));
    let app = App::start(command);
    let key = Secret::new("a hash key of 32 bytes, for tests");
    let home =
        RedisHome::new(connect(&redis).await, Gorilla::redistore("session-name", [(key, None)])).expect("a home");
    let mut browser = Browser::default();
    app.get(&mut browser, "/login?user=ann").await;

    let found = all(&home).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].user(home.dialect()).map(|user| user.id).as_deref(), Some("ann"));
    let detected = detect(&connect(&redis).await, &Clues::default()).await.expect("the store answers");
    assert_eq!(detected.len(), 1);
    assert_eq!(detected[0].description, "gorilla (redistore) at session_");

    let mine = of(&home, &browser).await.expect("a session");
    app.get(&mut browser, "/set?name=theirs&value=x").await;
    let mut changes = Changes::new();
    changes.set("ours", "é🦀");
    assert!(matches!(commit(&home, &mine, &changes, now_ms()).await.expect("it is written"), Committed::Saved(_)));
    let values = &app.get(&mut browser, "/me").await["values"];
    assert_eq!((values["ours"].as_str(), values["theirs"].as_str()), (Some("é🦀"), Some("x")));

    assert!(home.revoke(&mine.credential, now_ms()).await.expect("the store answers"));
    assert_eq!(app.get(&mut browser, "/me").await["user"], serde_json::Value::Null);
}
