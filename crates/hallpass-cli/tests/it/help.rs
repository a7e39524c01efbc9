//! What the program teaches, word for word.

use crate::bench::Bench;

/// Every command, as it is asked for help.
const COMMANDS: [&str; 39] = [
    "",
    "serve",
    "sessions",
    "sessions list",
    "sessions show",
    "sessions count",
    "sessions explain",
    "sessions ttl",
    "sessions revoke",
    "sessions purge",
    "sessions watch",
    "sweep",
    "advise",
    "doctor",
    "bench",
    "keys",
    "keys create",
    "keys list",
    "keys revoke",
    "keys rotate",
    "keys signing",
    "keys signing list",
    "keys signing retire",
    "keys signing remove",
    "audit",
    "audit list",
    "audit export",
    "audit verify",
    "audit checkpoint",
    "policy",
    "policy list",
    "policy show",
    "policy explain",
    "policy check",
    "token",
    "token inspect",
    "config check",
    "proxy-config",
    "completions",
];

#[test]
fn every_help_text_is_as_it_was_read() {
    let bench = Bench::new();
    for command in COMMANDS {
        let words: Vec<_> = command.split(' ').filter(|word| !word.is_empty()).chain(["--help"]).collect();
        let run = bench.run(&words);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{command}");
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 120), "{command} has long lines");
        let name = if command.is_empty() { "hallpass".to_owned() } else { command.replace(' ', "_") };
        insta::assert_snapshot!(format!("help_{name}"), run.stdout);
    }
}

#[test]
fn the_short_and_the_long_help_are_the_same() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["sessions", "list", "-h"]).stdout, bench.run(&["sessions", "list", "--help"]).stdout);
    assert_eq!(bench.run(&[]).stdout, bench.run(&["--help"]).stdout);
    assert_eq!(bench.run(&["help", "keys", "create"]).stdout, bench.run(&["keys", "create", "--help"]).stdout);
}

#[test]
fn no_arguments_teach_and_are_no_failure() {
    let run = Bench::new().run(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("hallpass serve --demo") && run.stdout.contains("Exit codes:"));
}

#[test]
fn help_names_no_value_of_the_environment() {
    let bench = Bench::new();
    let mut command = bench.command(&["--help"]);
    command.env("HALLPASS_KEY", "hpk_in_the_environment").env("HALLPASS_REALM", "secret-realm");
    let run = crate::bench::run(command);
    assert!(!run.stdout.contains("hpk_in_the") && !run.stdout.contains("secret-realm"), "{}", run.stdout);
}

#[test]
fn the_version_is_that_of_the_crate() {
    let run = Bench::new().run(&["--version"]);
    assert_eq!(run.stdout, format!("hallpass {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let bench = Bench::new();
    let folder = bench.path().join("man");
    let missing = bench.run(&["man", "man"]);
    assert_eq!(missing.code, 2, "{}", missing.all());
    std::fs::create_dir(&folder).expect("a folder");
    assert_eq!(bench.run(&["man", "man"]).code, 0);
    for page in ["hallpass.1", "hallpass-serve.1", "hallpass-sessions-revoke.1", "hallpass-keys-create.1"] {
        let text = std::fs::read_to_string(folder.join(page)).expect(page);
        assert!(text.contains(".TH") && text.contains("hallpass"), "{page}");
    }
}
