use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Credential, Keep, Value};
use hallpass_foreign::{Changes, Clues, Committed, Home as _, RedisHome, commit, detect};

use crate::app::{all, connect, now_ms, script};

const PRINCIPAL: &str = "org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME";

/// Spring Session itself, which does what it is told line by line.
struct Framework {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Framework {
    fn start(redis: &rig::Redis, repository: &str, serializer: &str) -> Option<Self> {
        let mut command = rig::frameworks()?.spring_server(&script("Spring.java"))?;
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let input = child.stdin.take().expect("it was asked for");
        let output = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        let mut framework = Self { child, input, output };
        let ready = framework.ask(&format!("{} {repository} {serializer}", redis.port()), "ready");
        assert_eq!(ready, "");
        Some(framework)
    }

    /// Tells it something, and returns what it answers behind a word.
    fn ask(&mut self, line: &str, word: &str) -> String {
        writeln!(self.input, "{line}").expect("it reads");
        loop {
            let line = self.output.next().expect("it answers").expect("text");
            // Its libraries log where it answers.
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }
}

impl Drop for Framework {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn what_spring_keeps_is_listed_changed_and_ended_here() {
    for (repository, word) in [(Repository::Redis, "plain"), (Repository::Indexed, "indexed")] {
        for (serializer, name) in [(Serializer::Jdk, "jdk"), (Serializer::Json, "json")] {
            let Some(redis) = rig::redis(&["notify-keyspace-events Egx"]) else { return };
            let Some(mut spring) = Framework::start(&redis, word, name) else { return };
            let id = spring.ask("create ann", "created");
            let is_indexed = repository == Repository::Indexed;
            let home = RedisHome::new(connect(&redis).await, Spring::new(repository, serializer)).expect("a home");

            let found = all(&home).await;
            assert_eq!(found.len(), 1, "what lies beside a session is none");
            assert_eq!(found[0].user(home.dialect()).map(|user| user.id).as_deref(), Some("ann"));
            assert!(matches!(found[0].left(home.dialect(), now_ms()), Keep::For(1_700_000..=1_800_000)));
            let detected = detect(&connect(&redis).await, &Clues::default()).await.expect("the store answers");
            assert_eq!(detected.len(), 1, "{detected:?}");
            let how = if is_indexed { "indexed" } else { "not indexed" };
            assert_eq!(detected[0].description, format!("spring ({how}, {name}) at spring:session"));

            // Both write at the same time, other attributes: neither is lost, and types stay.
            let mine = found.into_iter().next().expect("one");
            spring.ask(&format!("set {id} theirs x"), "set");
            let mut changes = Changes::new();
            changes.set("ours", "é🦀");
            changes.update("count", |count| Some(Value::Int(count.and_then(Value::as_int).unwrap_or_default() + 1)));
            let committed = commit(&home, &mine, &changes, now_ms()).await.expect("it is written");
            assert!(matches!(committed, Committed::Saved(_)));
            let count = if name == "jdk" { "Long 8" } else { "Integer 8" };
            let shown = spring.ask(&format!("show {id}"), "shown");
            assert_eq!(shown, format!("{{count={count}, ours=String é🦀, principal=String ann, theirs=String x}}"));

            // Another user, by whom the framework finds it.
            let mine = home.load(&mine.credential, now_ms()).await.expect("the store answers").expect("a session");
            let mut changes = Changes::new();
            changes.set(PRINCIPAL, "ben");
            changes.remove("theirs");
            let committed = commit(&home, &mine, &changes, now_ms()).await.expect("it is written");
            assert!(matches!(committed, Committed::Saved(_)));
            let shown = spring.ask(&format!("show {id}"), "shown");
            assert_eq!(shown, format!("{{count={count}, ours=String é🦀, principal=String ben}}"));
            if is_indexed {
                assert_eq!(spring.ask("find ann", "found"), "[]");
                assert_eq!(spring.ask("find ben", "found"), format!("[{id}]"));
            }

            assert!(home.revoke(&mine.credential, now_ms()).await.expect("the store answers"));
            assert!(!home.revoke(&mine.credential, now_ms()).await.expect("the store answers"));
            assert_eq!(spring.ask(&format!("show {id}"), "gone"), id);
            if is_indexed {
                assert_eq!(spring.ask("find ben", "found"), "[]");
                let events = spring.ask("events 2", "events");
                assert_eq!(events, format!("[SessionCreatedEvent {id}, SessionDeletedEvent {id}]"));
                assert_eq!(redis.ask(&["KEYS", "*expires:*"]), "");
                let ended = home.load(&mine.credential, now_ms()).await.expect("the store answers");
                assert!(ended.is_none_or(|ended| !ended.is_live(home.dialect(), now_ms())));
            } else {
                assert_eq!(redis.ask(&["DBSIZE"]), "0");
            }
            let committed = commit(&home, &mine, &changes, now_ms()).await.expect("the store answers");
            assert!(matches!(committed, Committed::Gone), "what ended is not brought back");
        }
    }
}

#[tokio::test]
async fn a_session_that_is_made_here_is_one_of_spring() {
    for (serializer, name) in [(Serializer::Jdk, "jdk"), (Serializer::Json, "json")] {
        let Some(redis) = rig::redis(&["notify-keyspace-events Egx"]) else { return };
        let Some(mut framework) = Framework::start(&redis, "indexed", name) else { return };
        let spring = Spring::new(Repository::Indexed, serializer);
        let home = RedisHome::new(connect(&redis).await, spring.clone()).expect("a home");
        let credential = Credential::new("8f9c1f0e-1111-4222-8333-444455556666").expect("an id");
        let mut session = spring.new_session(now_ms());
        session.attributes.insert(PRINCIPAL, "cleo".into());
        assert!(home.create(&credential, &session, now_ms()).await.expect("it is written"));
        let id = credential.danger_expose();
        assert_eq!(framework.ask("find cleo", "found"), format!("[{id}]"));
        assert_eq!(framework.ask(&format!("show {id}"), "shown"), "{principal=String cleo}");
        assert_eq!(framework.ask("events 1", "events"), format!("[SessionCreatedEvent {id}]"));

        // Used later, it lives for longer, and is looked for in another minute.
        let found = home.load(&credential, now_ms()).await.expect("the store answers").expect("a session");
        let later_ms = now_ms() + 120_000;
        assert!(home.touch(&found, later_ms).await.expect("the store answers"));
        let touched = home.load(&credential, later_ms).await.expect("the store answers").expect("a session");
        assert_eq!(touched.session.expect("readable").times.seen_at_ms, Some(later_ms));
        let minutes = redis.ask(&["KEYS", "spring:session:expirations:*"]);
        assert_eq!(minutes.lines().count(), 1, "{minutes}");
        assert!(redis.ask(&["PTTL", &minutes]).parse::<i64>().is_ok_and(|left_ms| left_ms > 0));
    }
}
