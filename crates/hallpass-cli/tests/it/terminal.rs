//! The program at a real terminal.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::seed::{BOB, crowd, seed};

/// A terminal with a shell in it, 80 columns wide.
struct Terminal {
    tmux: PathBuf,
    socket: PathBuf,
}

impl Terminal {
    fn open(bench: &Bench) -> Option<Self> {
        let terminal = Self { tmux: rig::program("tmux")?, socket: bench.path().join("tmux") };
        let folder = bench.path().to_string_lossy().into_owned();
        // The shell's own prompt is never mistaken for what the program says.
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "40",
            "-c",
            &folder,
            "env -i PATH=/usr/bin:/bin TERM=screen TZ=UTC USER=tester PS1='$ ' sh",
        ]);
        terminal.until("a prompt", |screen| screen.contains('$'));
        Some(terminal)
    }

    fn tmux(&self, words: &[&str]) -> String {
        let output = Command::new(&self.tmux).arg("-S").arg(&self.socket).args(words).output().expect("tmux runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn type_line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.tmux(&["send-keys", "Enter"]);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return screen;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "no {what}:\n{screen}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn hallpass(words: &str) -> String {
    format!("{} {words}; echo \"code=$?\"", env!("CARGO_BIN_EXE_hallpass"))
}

#[test]
fn a_table_fits_the_terminal() {
    let bench = Bench::new();
    seed(&bench);
    let Some(terminal) = Terminal::open(&bench) else { return };
    terminal.type_line(&format!("clear; {}", hallpass("sessions list")));
    let screen = terminal.until("end", |screen| screen.contains("code=0"));
    let table: Vec<_> = screen.lines().take_while(|line| !line.contains("code=")).collect();
    // A line that is too long would be broken into two.
    assert_eq!(table.len(), 5, "{screen}");
    assert!(table[0].starts_with("ID") && table.iter().any(|line| line.starts_with(&BOB.to_string())), "{screen}");
}

#[test]
fn a_person_is_asked_and_no_is_the_answer_to_anything_but_yes() {
    let bench = Bench::new();
    seed(&bench);
    let Some(terminal) = Terminal::open(&bench) else { return };
    let revoke = hallpass("sessions revoke --subject alice");
    for answer in ["", "n", "what"] {
        terminal.type_line(&format!("clear; {revoke}"));
        let asked = terminal.until("question", |screen| screen.contains("Revoke 2 sessions of alice? [y/N]"));
        assert!(asked.contains(&crate::seed::LAPTOP.to_string()), "it shows what would end:\n{asked}");
        terminal.type_line(answer);
        terminal.until("refusal", |screen| screen.contains("nothing was revoked") && screen.contains("code=1"));
    }
    terminal.type_line(&format!("clear; {revoke}"));
    terminal.until("question", |screen| screen.contains("[y/N]"));
    terminal.tmux(&["send-keys", "C-c"]);
    terminal.until("prompt", |screen| screen.trim_end().ends_with('$'));
    terminal.type_line(&format!("clear; {revoke}"));
    terminal.until("question", |screen| screen.contains("[y/N]"));
    terminal.type_line("y");
    terminal.until("end", |screen| screen.contains("2 sessions revoked") && screen.contains("code=0"));
}

#[test]
fn a_long_revocation_shows_how_far_it_is_and_can_be_interrupted_and_repeated() {
    let bench = Bench::new();
    let Some(terminal) = Terminal::open(&bench) else { return };
    crowd(&bench, "many", 12_000);
    terminal.type_line(&format!("clear; {}", hallpass("sessions revoke --created-after 1d --yes")));
    terminal.until("progress", |screen| screen.contains("revoking [") && screen.contains("of 12,000"));
    terminal.tmux(&["send-keys", "C-c"]);
    let screen = terminal.until("end", |screen| screen.contains("code="));
    assert!(
        screen.contains("code=2") && screen.contains("interrupted after ") && screen.contains("hint: repeat"),
        "{screen}"
    );
    let told = screen.split("interrupted after ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a number");
    let told: u64 = told.parse().expect("a number");

    let left =
        bench.run(&["sessions", "count", "--json", "--state", "active"]).json()["total"].as_u64().expect("a number");
    // A page is told when it is done; what was under way when it stopped may have ended besides.
    let ended = 12_000 - left;
    assert!(left > 0 && (told..=told + 100).contains(&ended), "told {told}, ended {ended}");
    terminal.type_line(&format!("clear; {}", hallpass("sessions revoke --created-after 1d --yes")));
    let screen = terminal.until("end", |screen| screen.contains("code=0"));
    assert!(screen.contains(&format!("{left} sessions revoked")), "{screen}");
    assert!(!screen.contains("revoking ["), "the bar is gone:\n{screen}");
}

#[test]
fn a_watch_writes_a_line_for_each_event_and_ends_with_ctrl_c() {
    let bench = Bench::new();
    seed(&bench);
    let Some(terminal) = Terminal::open(&bench) else { return };
    terminal.type_line(&format!("clear; {}", hallpass("sessions watch")));
    terminal.until("header", |screen| screen.contains("Watching") && screen.contains("KIND"));
    assert_eq!(bench.run(&["sessions", "revoke", &BOB.to_string()]).code, 0);
    let screen = terminal.until("event", |screen| screen.contains(&BOB.to_string()));
    let lines = screen.lines().filter(|line| line.contains("revoked")).count();
    assert_eq!(lines, 1, "{screen}");
    terminal.tmux(&["send-keys", "C-c"]);
    terminal.until("end", |screen| screen.contains("code=0"));
}

#[test]
fn a_person_is_led_through_the_tree_by_numbers_and_words() {
    let bench = Bench::new();
    let Some(terminal) = Terminal::open(&bench) else { return };
    terminal.type_line(&format!("clear; {}", hallpass("advise --size small --write .")));
    terminal.until("first question", |screen| screen.contains("4  mesh"));
    terminal.type_line("9");
    terminal.until("refusal", |screen| screen.contains("from 1 to 4"));
    terminal.type_line("1");
    terminal.until("second question", |screen| screen.contains("3  soc2"));
    terminal.type_line("soc2");
    terminal.until("end", |screen| screen.contains("code=0"));
    assert!(bench.path().join("hallpass.toml").exists());

    terminal.type_line(&format!("clear; rm hallpass.toml; {}", hallpass("advise --write .")));
    terminal.until("first question", |screen| screen.contains("2  large"));
    terminal.tmux(&["send-keys", "C-c"]);
    terminal.until("prompt", |screen| screen.trim_end().ends_with('$'));
    assert!(!bench.path().join("hallpass.toml").exists());
}
