use hallpass_dialects::express::Express;
use hallpass_dialects::{Keep, Secret, Value};
use hallpass_foreign::{Changes, Clues, Committed, Home as _, RedisHome, commit, detect};

use crate::app::{App, Browser, all, connect, now_ms, of, script};

fn express() -> Express {
    Express::new([Secret::new("keyboard cat")])
}

/// Starts the application, with sessions that live for so many milliseconds.
fn app(redis: &rig::Redis, max_age: Option<&str>) -> Option<App> {
    let mut command = rig::frameworks()?.node_server(&script("express.js"))?;
    command.env("REDIS_URL", redis.url());
    if let Some(max_age) = max_age {
        command.env("MAX_AGE", max_age);
    }
    Some(App::start(command))
}

#[tokio::test]
async fn what_express_keeps_is_listed_changed_and_ended_here() {
    let Some(redis) = rig::redis(&[]) else { return };
    let Some(app) = app(&redis, None) else { return };
    let home = RedisHome::new(connect(&redis).await, express()).expect("a home");
    let (mut ann, mut ben) = (Browser::default(), Browser::default());
    app.get(&mut ann, "/login?user=ann").await;
    app.get(&mut ben, "/login?user=ben").await;
    redis.ask(&["SET", "sess", "beside"]);
    redis.ask(&["HSET", "sess:hash", "a", "b"]);

    let found = all(&home).await;
    let mut users: Vec<_> = found.iter().filter_map(|one| one.user(home.dialect())).map(|user| user.id).collect();
    users.sort();
    assert_eq!((found.len(), users), (2, vec!["ann".to_owned(), "ben".to_owned()]));
    assert!(found.iter().all(|one| matches!(one.kept, Keep::For(left) if left > 86_000_000)));

    let of_ann = of(&home, &ann).await.expect("a session");
    let mut changes = Changes::new();
    changes.set("theme", "dark é🦀");
    let committed = commit(&home, &of_ann, &changes, now_ms()).await.expect("it can be written");
    assert!(matches!(committed, Committed::Saved(_)));
    let me = app.get(&mut ann, "/me").await;
    assert_eq!((me["user"].as_str(), me["values"]["theme"].as_str()), (Some("ann"), Some("dark é🦀")));

    assert!(home.revoke(&of_ann.credential, now_ms()).await.expect("the store answers"));
    assert!(!home.revoke(&of_ann.credential, now_ms()).await.expect("the store answers"));
    assert_eq!(app.get(&mut ann, "/me").await["user"], serde_json::Value::Null);
    assert_eq!(app.get(&mut ben, "/me").await["user"], "ben");
    // What was in flight when it ended brings nothing back.
    let committed = commit(&home, &of_ann, &changes, now_ms()).await.expect("the store answers");
    assert!(matches!(committed, Committed::Gone));
    assert!(home.load(&of_ann.credential, now_ms()).await.expect("the store answers").is_none());
}

#[tokio::test]
async fn a_write_is_never_put_over_one_of_express_that_was_not_seen() {
    let Some(redis) = rig::redis(&[]) else { return };
    let Some(app) = app(&redis, None) else { return };
    let home = RedisHome::new(connect(&redis).await, express()).expect("a home");
    let mut browser = Browser::default();
    app.get(&mut browser, "/login?user=ann").await;
    // Read before the framework writes, and written after: fifty times.
    for number in 0..50 {
        let found = of(&home, &browser).await.expect("a session");
        app.get(&mut browser, &format!("/set?name=theirs{number}&value=x")).await;
        let mut changes = Changes::new();
        changes.set(&format!("ours{number}"), Value::Int(number));
        changes.update("count", |count| Some(Value::Int(count.and_then(Value::as_int).unwrap_or_default() + 1)));
        assert!(matches!(commit(&home, &found, &changes, now_ms()).await.expect("it is written"), Committed::Saved(_)));
    }
    let values = &app.get(&mut browser, "/me").await["values"];
    for number in 0..50 {
        assert_eq!(values[format!("theirs{number}")], "x", "the framework's write is there");
        assert_eq!(values[format!("ours{number}")], number, "our write is there");
    }
    assert_eq!(values["count"], 50);

    // What was read, and decided about, is not written once somebody else changed it.
    let found = of(&home, &browser).await.expect("a session");
    let mut changes = Changes::new();
    changes.saw("theirs1", found.session.as_ref().expect("readable").attributes.get("theirs1"));
    changes.set("theirs1", "ours");
    app.get(&mut browser, "/set?name=theirs1&value=y").await;
    assert!(commit(&home, &found, &changes, now_ms()).await.expect_err("a conflict").is_conflict());
    assert_eq!(app.get(&mut browser, "/me").await["values"]["theirs1"], "y");
}

#[tokio::test]
async fn fifty_writers_at_once_lose_nothing() {
    let Some(redis) = rig::redis(&[]) else { return };
    let home = std::sync::Arc::new(RedisHome::new(connect(&redis).await, express()).expect("a home"));
    let credential = home.dialect().new_credential();
    let new = hallpass_dialects::Session::new();
    assert!(home.create(&credential, &new, now_ms()).await.expect("it is written"));
    assert!(!home.create(&credential, &new, now_ms()).await.expect("the store answers"), "there is one");
    let writers: Vec<_> = (0..50)
        .map(|number| {
            let (home, credential) = (std::sync::Arc::clone(&home), credential.clone());
            tokio::spawn(async move {
                let found = home.load(&credential, now_ms()).await.expect("the store answers").expect("a session");
                let mut changes = Changes::new();
                changes.set(&format!("key{number}"), Value::Int(number));
                changes.update("count", |count| Some(Value::Int(count.and_then(Value::as_int).unwrap_or(0) + 1)));
                let committed = commit(&*home, &found, &changes, now_ms()).await.expect("it is written");
                assert!(matches!(committed, Committed::Saved(_)));
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("it ends well");
    }
    let found = home.load(&credential, now_ms()).await.expect("the store answers").expect("a session");
    let attributes = found.session.expect("readable").attributes;
    assert_eq!(attributes.get("count").and_then(Value::as_int), Some(50));
    assert!((0..50).all(|number| attributes.get(&format!("key{number}")) == Some(&Value::Int(number))));
}

#[tokio::test]
async fn a_touch_moves_the_end_and_leaves_the_value() {
    let Some(redis) = rig::redis(&[]) else { return };
    let Some(app) = app(&redis, Some("60000")) else { return };
    let home = RedisHome::new(connect(&redis).await, express()).expect("a home");
    let mut browser = Browser::default();
    app.get(&mut browser, "/login?user=ann").await;
    let found = of(&home, &browser).await.expect("a session");
    redis.ask(&["PEXPIRE", &home.dialect().key(&found.credential), "5000"]);
    assert!(home.touch(&found, now_ms()).await.expect("the store answers"));
    let touched = of(&home, &browser).await.expect("a session");
    assert!(matches!(touched.kept, Keep::For(55_000..=60_000)), "{:?}", touched.kept);
    assert_eq!(touched.stored, found.stored);
    home.revoke(&found.credential, now_ms()).await.expect("the store answers");
    assert!(!home.touch(&found, now_ms()).await.expect("the store answers"), "it is not there any more");
}

#[tokio::test]
async fn a_home_is_found_by_the_shape_of_what_is_in_it() {
    let Some(redis) = rig::redis(&[]) else { return };
    let server = connect(&redis).await;
    assert!(detect(&server, &Clues::default()).await.expect("the store answers").is_empty());
    for number in 0..30 {
        redis.ask(&["SET", &format!("cart:{number}"), "{}"]);
    }
    let sid = "PXgtDXxjBoQbl1P-3UriNGEUItlYQw7L";
    redis.ask(&["SET", &format!("shop*:{sid}"), r#"{"cookie":{"originalMaxAge":null},"passport":{"user":7}}"#]);
    let mut found = detect(&server, &Clues::default()).await.expect("the store answers");
    assert_eq!(found.len(), 1, "{found:?}");
    let home = RedisHome::new(server, found.remove(0).tongue).expect("a home");
    let listed = all(&home).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].user(home.dialect()).map(|user| user.id).as_deref(), Some("7"));
}
