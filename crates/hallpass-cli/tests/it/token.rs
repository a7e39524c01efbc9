//! Looking into tokens: what is shown, and what never is.

use std::process::Stdio;
use std::time::Duration;

use hallpass::{
    Caller, Jwt, Key, KeyAlgorithm, KeyRing, MemoryStore, NewSession, Realm, Sealed, Sessions, SessionsBuilder, Subject,
};

use crate::bench::{Bench, Run, run};

const ISSUER: &str = "https://login.test";
const AUDIENCE: &str = "https://api.test";

fn inspect(bench: &Bench, token: &str, words: &[&str]) -> Run {
    let file = bench.path().join("token.txt");
    std::fs::write(&file, format!("{token}\n")).expect("the folder can be written");
    let mut command = bench.command(&[&["token", "inspect"], words].concat());
    command.stdin(Stdio::from(std::fs::File::open(file).expect("it was just written")));
    run(command)
}

/// Signs somebody in, and returns the token and the access token.
fn issued(parts: impl Fn(SessionsBuilder) -> SessionsBuilder) -> (String, Option<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let sessions = parts(Sessions::builder()).build().expect("all parts");
        let new = NewSession::signed_in(Subject::new("alice").expect("a name"));
        let issued = sessions.create(new, &Caller::user()).await.expect("created");
        let access = issued.access_token.map(|access| access.token.expose().to_owned());
        (issued.token.expose().to_owned(), access)
    })
}

fn pairs() -> KeyRing {
    KeyRing::new([Key::generate(KeyAlgorithm::EdDsa).expect("a key")]).expect("a ring")
}

#[test]
fn of_a_reference_only_the_session_is_shown() {
    let (token, _) = issued(|builder| builder.store(MemoryStore::new()));
    let bench = Bench::new();
    let shown = inspect(&bench, &token, &[]);
    assert_eq!(shown.code, 0, "{}", shown.all());
    assert!(shown.stdout.contains(&token[..21]), "the session's public name is the first part of the token");
    let secret = &token[28..];
    let json = inspect(&bench, &token, &["--json"]);
    assert_eq!(json.json()["kind"], "reference");
    for shown in [shown, json, inspect(&bench, &token, &["--verbose"])] {
        assert!(!shown.all().contains(secret), "the secret stays secret");
    }
}

#[test]
fn of_a_sealed_session_only_the_key_is_shown() {
    let ring = KeyRing::new([Key::generate(KeyAlgorithm::Sealing).expect("a key")]).expect("a ring");
    let sealed = || Sealed::new(ring.clone(), &Realm::default(), "__Host-session").expect("a name");
    let (token, _) = issued(|builder| builder.carried(sealed()));
    let shown = inspect(&Bench::new(), &token, &["--json"]);
    assert_eq!(shown.json()["kind"], "sealed");
    assert_eq!(shown.json()["key"], ring.keys()[0].id().as_str());
    assert!(!shown.all().contains("alice"));
}

#[test]
fn a_jwt_is_shown_with_its_times_told_and_verified_on_demand() {
    let ring = pairs();
    let jwt = || Jwt::access(ring.clone(), ISSUER, AUDIENCE).expect("names");
    let (_, access) = issued(|builder| builder.store(MemoryStore::new()).access_tokens(jwt(), Duration::from_mins(5)));
    let token = access.expect("somebody signed in");
    let bench = Bench::new();
    let shown = inspect(&bench, &format!("Bearer {token}"), &[]);
    assert_eq!(shown.code, 0, "{}", shown.all());
    for part in ["at+jwt", "EdDSA", "alice", ISSUER, "exp", "in ", "Nothing of this is verified."] {
        assert!(shown.all().contains(part), "{part}: {}", shown.all());
    }
    let signature = token.rsplit('.').next().expect("three parts");
    assert!(!shown.all().contains(signature), "with it, the token could be used");

    std::fs::write(bench.path().join("jwks.json"), ring.to_jwks()).expect("the folder can be written");
    let verify = |token: &str, issuer: &str| {
        inspect(
            &bench,
            token,
            &["--verify", "--jwks", "jwks.json", "--issuer", issuer, "--audience", AUDIENCE, "--json"],
        )
    };
    let good = verify(&token, ISSUER);
    assert_eq!((good.code, &good.json()["good"]), (0, &true.into()), "{}", good.all());
    let bad = verify(&token, "https://other.test");
    assert_eq!((bad.code, &bad.json()["good"]), (1, &false.into()));
    assert!(bad.json()["fault"].as_str().is_some_and(|fault| fault.contains("iss")), "{}", bad.all());
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    assert!(verify(&forged, ISSUER).json()["fault"].as_str().is_some_and(|fault| fault.contains("signature")));
    std::fs::write(bench.path().join("jwks.json"), pairs().to_jwks()).expect("the folder can be written");
    assert!(verify(&token, ISSUER).json()["fault"].as_str().is_some_and(|fault| fault.contains("kid")));
}

#[test]
fn a_jwt_of_somebody_else_is_shown_too() {
    // RFC 7519, section 3.1.
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let shown = inspect(&Bench::new(), token, &["--json"]);
    assert_eq!(shown.json()["claims"]["iss"], "joe");
    assert_eq!(shown.json()["good"], serde_json::Value::Null);
}

#[test]
fn what_is_no_token_is_refused_with_the_reason() {
    let bench = Bench::new();
    let shown = inspect(&bench, "hello", &[]);
    assert_eq!(shown.code, 1);
    assert!(shown.stderr.contains("neither") && shown.stderr.contains("three parts"), "{}", shown.all());
    assert_eq!(inspect(&bench, "", &[]).code, 1);
    assert_eq!(inspect(&bench, &"x".repeat(200_000), &[]).code, 1);
    let unsaid = inspect(&bench, "a.b.c", &["--verify"]);
    assert!(unsaid.code == 2 && unsaid.stderr.contains("--issuer"), "{}", unsaid.all());
}
