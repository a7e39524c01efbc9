//! What the shells are given.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::bench::Bench;

fn script(shell: &str) -> String {
    let run = Bench::new().run(&["completions", shell]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
    run.stdout
}

/// Gives a script to a shell that only reads it.
fn is_read_by(program: &std::path::Path, script: &str) {
    let mut shell = Command::new(program);
    let mut shell = shell.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the shell starts");
    let mut input = shell.stdin.take().expect("piped");
    input.write_all(script.as_bytes()).expect("the shell reads");
    drop(input);
    let output = shell.wait_with_output().expect("the shell ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn bash_reads_its_completions() {
    let Some(bash) = rig::program("bash") else { return };
    is_read_by(&bash, &script("bash"));
}

#[test]
fn bash_completes_a_command_and_its_options() {
    let Some(bash) = rig::program("bash") else { return };
    let ask = r#"
        COMP_WORDS=(hallpass sessions revoke --dr); COMP_CWORD=3
        _hallpass hallpass --dr revoke; printf '%s\n' "${COMPREPLY[@]}"
        COMP_WORDS=(hallpass sessions w); COMP_CWORD=2
        _hallpass hallpass w sessions; printf '%s\n' "${COMPREPLY[@]}""#;
    // All of it is more than one argument of a program can be.
    let bench = Bench::new();
    let file = bench.path().join("completions");
    std::fs::write(&file, script("bash") + ask).expect("a file");
    let output = Command::new(bash).arg(&file).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "--dry-run\nwatch\n", "{output:?}");
}

#[test]
fn other_shells_get_the_same_commands() {
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = script(shell);
        for word in ["sessions", "revoke", "dry-run", "completions"] {
            assert!(script.contains(word), "{shell} knows no {word}");
        }
    }
}

#[test]
fn zsh_reads_its_completions() {
    let Some(zsh) = rig::program("zsh") else { return };
    is_read_by(&zsh, &script("zsh"));
}

#[test]
fn fish_reads_its_completions() {
    let Some(fish) = rig::program("fish") else { return };
    is_read_by(&fish, &script("fish"));
}

#[test]
fn a_shell_that_is_not_known_is_refused_with_those_that_are() {
    let run = Bench::new().run(&["completions", "tcsh"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("bash") && run.stderr.contains("hint: "), "{}", run.stderr);
}
