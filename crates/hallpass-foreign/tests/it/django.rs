use std::process::Command;

use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::{Keep, Secret, Value};
use hallpass_foreign::{Changes, Clues, Committed, Home, PostgresHome, RedisHome, SqliteHome, commit, detect};

use crate::app::{App, Browser, all, connect, now_ms, of, script};

const SECRET: &str = "django-insecure-open-vectors-key-0123456789abcdef";
const BUILT_IN: &str = "django.core.cache.backends.redis.RedisCache";

fn command(version: &str) -> Option<Command> {
    rig::frameworks()?.django_server(version, &script("django_app.py"))
}

/// Lists, changes and ends what an application of Django keeps in a home.
async fn is_at_home(app: &App, home: &dyn Home) {
    let mut browser = Browser::default();
    let id = app.get(&mut browser, "/login?user=ann").await["user"].as_str().expect("a user").to_owned();
    let found = all(home).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].user(home.dialect()).map(|user| user.id), Some(id.clone()));
    assert!(found[0].is_live(home.dialect(), now_ms()));
    assert!(matches!(found[0].kept, Keep::For(1_200_000_000..=1_209_600_000)), "{:?}", found[0].kept);

    for number in 0..20 {
        let mine = of(home, &browser).await.expect("a session");
        app.get(&mut browser, &format!("/set?name=theirs{number}&value=x")).await;
        let mut changes = Changes::new();
        changes.set(&format!("ours{number}"), Value::Int(number));
        let committed = commit(home, &mine, &changes, now_ms()).await.expect("it is written");
        assert!(matches!(committed, Committed::Saved(_)));
    }
    let me = app.get(&mut browser, "/me").await;
    assert_eq!(me["user"].as_str(), Some(id.as_str()), "still signed in, by its hash");
    for number in 0..20 {
        assert_eq!(me["values"][format!("theirs{number}")], "x");
        assert_eq!(me["values"][format!("ours{number}")], number.to_string());
    }

    let mine = of(home, &browser).await.expect("a session");
    assert!(home.revoke(&mine.credential, now_ms()).await.expect("the store answers"));
    let mut changes = Changes::new();
    changes.set("late", "x");
    assert!(matches!(commit(home, &mine, &changes, now_ms()).await.expect("the store answers"), Committed::Gone));
    assert_eq!(app.get(&mut browser, "/me").await["user"], serde_json::Value::Null);
    assert!(all(home).await.is_empty());
}

#[tokio::test]
async fn sessions_in_both_caches_of_django_are_at_home_here() {
    let folder = rig::scratch();
    for (version, cache, kind) in [
        ("4.2", BUILT_IN, Cache::BuiltIn),
        ("5.2", BUILT_IN, Cache::BuiltIn),
        ("5.2", "django_redis.cache.RedisCache", Cache::DjangoRedis),
    ] {
        let Some(redis) = rig::redis(&[]) else { return };
        let Some(mut command) = command(version) else { return };
        command.env("REDIS_URL", redis.url()).env("CACHE", cache);
        command.env("DATABASE", folder.path().join(format!("{version}-{kind:?}.db")));
        let app = App::start(command);
        let home = RedisHome::new(connect(&redis).await, Django::cache(kind)).expect("a home");
        is_at_home(&app, &home).await;
        let mut browser = Browser::default();
        app.get(&mut browser, "/login?user=ann").await;
        let detected = detect(&connect(&redis).await, &Clues::default()).await.expect("the store answers");
        assert_eq!(detected.len(), 1);
        assert_eq!(detected[0].description, "django (cache) at :1");
    }
}

#[tokio::test]
async fn rows_of_django_are_at_home_here_and_what_is_over_is_swept() {
    for version in ["4.2", "5.2"] {
        let folder = rig::scratch();
        let database = folder.path().join("django.db");
        let Some(mut command) = command(version) else { return };
        command.env("ENGINE", "db").env("DATABASE", &database);
        let app = App::start(command);
        let home = SqliteHome::open(&database, Django::db([Secret::new(SECRET)])).expect("a table");
        is_at_home(&app, &home).await;

        is_swept(&app, &home).await;
    }
}

#[tokio::test]
async fn rows_of_django_in_postgresql_are_at_home_here_and_what_is_over_is_swept() {
    let Some(server) = rig::Postgres::shared() else { return };
    for version in ["4.2", "5.2"] {
        let Some(mut command) = command(version) else { return };
        let url = server.url(&server.database());
        command.env("ENGINE", "db").env("DATABASE", &url);
        let app = App::start(command);
        let home = PostgresHome::connect(&url, Django::db([Secret::new(SECRET)])).await.expect("a table");
        is_at_home(&app, &home).await;
        is_swept(&app, &home).await;
    }
    let none = server.url(&server.database());
    assert!(PostgresHome::connect(&none, Django::db([])).await.expect_err("no table").is_unavailable());
    let encrypted = format!("{none}?sslmode=require");
    assert!(PostgresHome::connect(&encrypted, Django::db([])).await.expect_err("refused").is_unsupported());
}

/// Forgets what is over, in batches, and nothing else.
async fn is_swept(app: &App, home: &dyn Home) {
    // Three end in a moment, one stays.
    let mut stays = Browser::default();
    app.get(&mut stays, "/login?user=ann").await;
    for _ in 0..3 {
        let mut browser = Browser::default();
        app.get(&mut browser, "/login?user=ben").await;
        app.get(&mut browser, "/expire?seconds=1").await;
    }
    assert_eq!(home.sweep(100, now_ms()).await.expect("the store answers"), 0, "nothing is over yet");
    let later_ms = now_ms() + 5000;
    let page = home.list(None, 100, later_ms).await.expect("the store answers");
    let over = page.items.iter().filter(|found| !found.is_live(home.dialect(), later_ms)).count();
    assert_eq!((page.items.len(), over), (4, 3));
    assert_eq!(home.sweep(2, later_ms).await.expect("the store answers"), 2);
    assert_eq!(home.sweep(2, later_ms).await.expect("the store answers"), 1);
    assert_eq!(home.sweep(2, later_ms).await.expect("the store answers"), 0);
    assert!(app.get(&mut stays, "/me").await["user"].is_string());
}

#[tokio::test]
async fn what_is_not_signed_with_the_key_is_counted_and_never_written_over() {
    let folder = rig::scratch();
    let database = folder.path().join("django.db");
    let Some(mut command) = command("5.2") else { return };
    command.env("ENGINE", "db").env("DATABASE", &database);
    let app = App::start(command);
    let mut browser = Browser::default();
    app.get(&mut browser, "/login?user=ann").await;
    let home = SqliteHome::open(&database, Django::db([Secret::new("another key")])).expect("a table");
    let found = all(&home).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].session.as_ref().is_err_and(hallpass_dialects::Error::is_forged));
    let mut changes = Changes::new();
    changes.set("a", "b");
    assert!(commit(&home, &found[0], &changes, now_ms()).await.expect_err("it cannot be read").dialect().is_some());
    assert!(app.get(&mut browser, "/me").await["user"].is_string());
    assert!(SqliteHome::open(folder.path().join("none.db"), Django::db([])).expect_err("no file").is_unavailable());
}

#[tokio::test]
async fn copies_of_rows_are_seen_and_not_touched() {
    let folder = rig::scratch();
    let Some(redis) = rig::redis(&[]) else { return };
    let Some(mut command) = command("5.2") else { return };
    command.env("REDIS_URL", redis.url()).env("ENGINE", "cached_db").env("DATABASE", folder.path().join("django.db"));
    let app = App::start(command);
    let mut browser = Browser::default();
    app.get(&mut browser, "/login?user=ann").await;
    let mut detected = detect(&connect(&redis).await, &Clues::default()).await.expect("the store answers");
    assert_eq!(detected[0].description, "django (cached_db) at :1");
    let home = RedisHome::new(connect(&redis).await, detected.remove(0).tongue).expect("a home");
    let found = all(&home).await;
    assert!(found.len() == 1 && found[0].user(home.dialect()).is_some());
    let mut changes = Changes::new();
    changes.set("a", "b");
    assert!(commit(&home, &found[0], &changes, now_ms()).await.expect_err("a copy").is_unsupported());
    assert!(home.revoke(&found[0].credential, now_ms()).await.expect_err("a copy").is_unsupported());
    assert_eq!(all(&home).await[0].stored, found[0].stored);
}
