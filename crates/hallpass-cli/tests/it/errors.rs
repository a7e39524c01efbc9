//! What goes wrong is told in one line, with a hint, and by the exit code.

use std::process::Stdio;

use crate::bench::{Bench, KEY, Run, run};
use crate::seed::seed;

fn is_told(run: &Run, code: i32, error: &str, hint: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{}", run.all());
    let lines: Vec<_> = run.stderr.lines().collect();
    let [first, second] = lines.as_slice() else { panic!("not two lines: {}", run.all()) };
    assert!(first.starts_with("error: ") && first.contains(error), "{}", run.all());
    assert!(second.starts_with("hint: ") && second.contains(hint), "{}", run.all());
}

#[test]
fn words_that_are_no_command_are_usage_errors() {
    let bench = Bench::new();
    for (words, error, hint) in [
        (&["sesions"][..], "unrecognized subcommand 'sesions'", "sessions"),
        (&["sessions", "list", "--subjct", "x"], "unexpected argument '--subjct'", "--subject"),
        (&["sessions", "show"], "<ID>", "hallpass sessions show --help"),
        (&["sessions", "show", "short"], "a session id is 22 characters", "hallpass sessions show --help"),
        (&["sessions", "list", "--ip", "1.2.3"], "10.0.0.0/8", "hallpass sessions list --help"),
        (&["sessions", "list", "--created-after", "soon"], "30 minutes ago", "hallpass sessions list --help"),
        (&["sessions", "list", "--level", "10"], "a level is 0 to 9", "hallpass sessions list --help"),
        (&["sessions", "list", "--subject", ""], "a subject is 1 to 255 bytes", "hallpass sessions list --help"),
        (&["sessions", "list", "--state", "dead"], "dead", "hallpass sessions list --help"),
        (&["sessions", "revoke"], "required", "hallpass sessions revoke --help"),
        (&["sessions", "watch", "--kind", "exploded"], "exploded", "expired"),
        (&["sessions", "list", "--url", "http://x", "--store", "y"], "cannot be used with", "hallpass sessions list"),
        (&["keys", "create", "shop"], "--role", "hallpass keys create --help"),
        (&["keys", "create", "shop", "--role", "king"], "king", "hallpass keys create --help"),
        (&["keys", "signing", "remove", "x"], "--reason", "hallpass keys signing remove --help"),
        (&["keys", "signing", "remove", "--reason", "x"], "<KEY>", "hallpass keys signing remove --help"),
    ] {
        is_told(&bench.run(words), 2, error, hint);
    }
}

#[test]
fn a_slip_of_the_pen_makes_no_store() {
    let bench = Bench::new();
    for words in [
        &["sessions", "list"][..],
        &["sessions", "list", "--store", "sqlite:halpass.db"],
        &["sweep", "--store", "sqlite:halpass.db?create=true"],
        &["keys", "create", "x", "--role", "app", "--store", "sqlite:halpass.db"],
        &["sessions", "watch", "--store", "sqlite:no/such/folder/hallpass.db"],
    ] {
        let run = bench.run(words);
        assert_eq!(run.code, 2, "{}", run.all());
        assert!(run.stderr.contains(".db: ") && run.stderr.contains("hint: "), "{}", run.all());
    }
    assert_eq!(std::fs::read_dir(bench.path()).expect("a folder").count(), 0, "something was made");
}

#[test]
fn a_store_that_cannot_be_is_refused() {
    let bench = Bench::new();
    is_told(&bench.run(&["sessions", "list", "--store", "memory:"]), 2, "memory", "--url");
    let run = bench.run(&["sessions", "list", "--store", "mongo://me:secret@host"]);
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains("secret"), "{}", run.all());
    std::fs::write(bench.store(), "this is not a database, and long enough to be read as one").expect("a file");
    let run = bench.run(&["sessions", "list"]);
    assert!(run.code == 2 && run.stderr.contains("hallpass.db"), "{}", run.all());
}

#[test]
fn a_service_that_is_not_there_is_told_apart_from_one_that_refuses() {
    let bench = Bench::new();
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let gone = bench.ask(&format!("http://{free}"), &["sessions", "list"]);
    is_told(&gone, 2, "cannot be reached", "hallpass serve");
    let mut command = bench.command(&["sessions", "list"]);
    command.env("HALLPASS_URL", "http://127.0.0.1:1");
    is_told(&run(command), 2, "wants an API key", "HALLPASS_KEY");
    is_told(&bench.ask("ftp://host", &["sessions", "list"]), 2, "ftp://host is not the address", "http://127.0.0.1");

    seed(&bench);
    let (_server, url) = bench.serve(&[]);
    let mut command = bench.command(&["sessions", "list", "--url", &url]);
    command.env("HALLPASS_KEY", "hpk_unknown");
    let unknown = run(command);
    is_told(&unknown, 2, "does not know this API key", "HALLPASS_KEY");
    assert!(!unknown.stderr.contains("hpk_unknown"), "{}", unknown.all());

    let viewer = bench.ask(&url, &["keys", "create", "looker", "--role", "viewer"]).stdout;
    let mut command = bench.command(&["sessions", "revoke", "--subject", "bob", "--url", &url]);
    command.env("HALLPASS_KEY", viewer.trim());
    is_told(&run(command), 1, "may not do that", "hallpass keys create --help");
    is_told(&bench.ask(&url, &["sessions", "list", "--realm", "shop"]), 2, "the API key decides the realm", "--store");
}

#[test]
fn something_else_than_a_service_is_recognised() {
    let bench = Bench::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhey!");
        }
    });
    is_told(&bench.ask(&url, &["sessions", "list"]), 2, "no hallpass service", "HALLPASS_URL");
}

#[test]
fn a_key_that_would_be_seen_on_the_way_is_warned_of() {
    let bench = Bench::new();
    // A name that no resolver knows (RFC 6761), so that nothing is sent anywhere.
    let run = bench.ask("http://hallpass.invalid", &["sessions", "list"]);
    assert!(run.stderr.starts_with("warning: http://hallpass.invalid is not encrypted"), "{}", run.all());
    assert_eq!(run.code, 2);
    assert!(!run.all().contains(KEY));
}

#[test]
fn nothing_found_is_1_and_not_a_failure() {
    let bench = Bench::new();
    seed(&bench);
    let unknown = "AAAAAAAAAAAAAAAAAAAAAA";
    let list = bench.run(&["sessions", "list", "--subject", "zoe"]);
    assert_eq!((list.code, list.stdout.as_str(), list.stderr.as_str()), (1, "", "No session matches.\n"));
    let quiet = bench.run(&["sessions", "list", "--subject", "zoe", "-q"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (1, ""));
    for words in [["show", unknown], ["ttl", unknown], ["revoke", unknown]] {
        is_told(&bench.run(&["sessions", words[0], words[1]]), 1, "there is no session", "--realm");
    }
    is_told(&bench.run(&["keys", "revoke", "nobodys", "--yes"]), 1, "there is no key nobodys", "keys list");
}

#[test]
fn a_reader_that_goes_away_ends_a_listing_quietly() {
    let bench = Bench::new();
    seed(&bench);
    crate::seed::crowd(&bench, "many", 3000);
    let mut command = bench.command(&["sessions", "list"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    // Closed before anything is read.
    drop(child.stdout.take());
    let ended = Run::of(child.wait_with_output().expect("the program ends"));
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.all());
}

#[test]
fn verbose_tells_the_cause() {
    let bench = Bench::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let run = bench.ask(&format!("http://{free}"), &["sessions", "list", "--verbose"]);
    assert!(
        run.stderr.to_lowercase().contains("because: ") && run.stderr.to_lowercase().contains("refused"),
        "{}",
        run.all()
    );
}
