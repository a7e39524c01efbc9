//! The repository keeps its own rules, and each rule can be broken.

use std::path::Path;

use tidy::{Repository, rules};

fn findings(rule: &str, repository: &Repository) -> Vec<String> {
    let (_, check) = rules::ALL.iter().find(|(name, _)| *name == rule).expect("the rule exists");
    let mut findings = check(repository);
    findings.sort();
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn the_repository_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let repository = Repository::read(&root).expect("the checkout can be read");
    assert!(repository.rust().count() > 20, "the checkout was not found at {}", root.display());
    let found: Vec<_> = rules::ALL.iter().flat_map(|(name, _)| findings(name, &repository)).collect();
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

// Each file breaks the rule on its last line, and nowhere before.
fn broken(rule: &str, path: &str, text: &str) {
    let lines: Vec<_> = text.lines().collect();
    let (_, kept) = lines.split_last().expect("there is a last line");
    let kept = Repository::of(&[(path, &kept.join("\n"))]);
    assert_eq!(findings(rule, &kept), Vec::<String>::new(), "the lines before the last are good");
    let found = findings(rule, &Repository::of(&[(path, text)]));
    assert_eq!(found.len(), 1, "{found:?}");
}

const SRC: &str = "crates/hallpass/src/policy.rs";

#[test]
fn long_files_are_found() {
    broken("size", SRC, &"fn f() {}\n".repeat(601));
    broken("size", "crates/hallpass-server/src/demo.css", &"a {}\n".repeat(601));
    assert!(findings("size", &Repository::of(&[("Cargo.lock", &"x\n".repeat(601))])).is_empty());
}

#[test]
fn a_crate_of_big_files_is_found() {
    let text = "fn f() {}\n".repeat(201);
    let paths: Vec<_> = (0..5).map(|number| format!("crates/a/src/m{number}.rs")).collect();
    let files: Vec<_> = paths.iter().map(|path| (path.as_str(), text.as_str())).collect();
    assert_eq!(findings("size", &Repository::of(&files)).len(), 1);
    assert!(findings("size", &Repository::of(&files[..4])).is_empty());
}

#[test]
fn hollow_names_are_found() {
    broken("words", SRC, "fn budget_left() {}\npub fn get_budget() {}");
    broken("words", SRC, "struct Sessions;\npub(crate) struct SessionManager<T>(T);");
    broken("words", SRC, "mod record;\nmod utils;");
    broken("words", "crates/hallpass-server/src/api.rs", "trait Store {}\ntrait StoreHelper {}");
}

#[test]
fn unfinished_work_is_found() {
    broken("words", SRC, concat!("// To do this at once would be wrong.\n// TO", "DO later"));
    broken("words", "test", concat!("echo done\n# FIX", "ME"));
    broken("words", SRC, "fn f() {}\nfn g() { todo!() }");
    assert!(findings("words", &Repository::of(&[("CONTRIBUTING.md", concat!("no TO", "DO"))])).is_empty());
}

#[test]
fn a_second_verb_for_one_idea_is_found() {
    broken("words", SRC, "pub fn revoke() {}\npub async fn destroy_all() {}");
    assert!(findings("words", &Repository::of(&[("crates/hallpass-cli/src/a.rs", "pub fn delete() {}")])).is_empty());
}

#[test]
fn the_folder_of_one_machine_is_found() {
    broken("words", "README.md", concat!("~/x\n/ho", "me/alice/x"));
}

#[test]
fn printing_elsewhere_is_found() {
    broken("prints", SRC, "// println!\nlet a = \"println!\";\nprintln!(\"{a}\");");
    broken("prints", "crates/hallpass-cli/src/main.rs", "fn main() {}\nlet out = std::io::stdout();");
    let fine = [("crates/hallpass-cli/src/output.rs", "println!()"), ("crates/a/tests/it/main.rs", "println!()")];
    assert!(findings("prints", &Repository::of(&fine)).is_empty());
}

#[test]
fn a_secret_with_derived_debug_is_found() {
    let good = "#[derive(Clone)]\npub struct Token(String);\n#[derive(Debug)]\npub struct Record;\n";
    broken("secrets", SRC, &format!("{good}#[derive(Clone, Debug)]\n#[repr(C)]\npub struct SessionSecret([u8; 28]);"));
}

#[test]
fn a_wrapper_that_lets_the_contract_answer_is_found() {
    let contract =
        "pub trait Store: Debug {\n    fn changes(&self);\n    fn copy(&self) {\n        let f = 1;\n    }\n}\n";
    let found = |wrapper: &str| {
        let files = [("crates/hallpass/src/store/mod.rs", contract), ("crates/hallpass/src/store/arc.rs", wrapper)];
        findings("wrappers", &Repository::of(&files)).len()
    };
    for head in ["impl<S: Store + ?Sized> Store for Arc<S> {", "impl Store for ObservedStore {"] {
        assert_eq!(found(&format!("{head}\n    fn changes(&self) {{}}\n    fn copy(&self) {{}}\n}}\n")), 0);
        assert_eq!(found(&format!("{head}\n    fn changes(&self) {{}}\n}}\nfn copy() {{}}\n")), 1);
    }
    assert_eq!(
        found("impl Store for PlainStore {\n    fn changes(&self) {}\n}\n"),
        0,
        "a store of its own may rely on it"
    );
}

#[test]
fn tests_that_do_not_say_what_must_hold_are_found() {
    broken(
        "tests",
        SRC,
        "#[test]\nfn a_save_never_creates() {}\n#[tokio::test(start_paused = true)]\nasync fn works() {}",
    );
    broken("tests", SRC, "#[test]\nfn a_save_never_creates() {}\n#[ignore]");
    let beside = [("crates/a/tests/more.rs", ""), ("crates/a/tests/it/main.rs", "")];
    assert_eq!(findings("tests", &Repository::of(&beside)).len(), 1);
}

#[test]
fn dead_links_are_found() {
    let files = [
        ("docs/a.md", "[b](b.md#there) [up](../README.md) [crate](../crates/) [web](https://example.org)\n[c](c.md)"),
        ("docs/b.md", ""),
        ("README.md", ""),
        ("crates/x/Cargo.toml", ""),
    ];
    assert_eq!(findings("links", &Repository::of(&files)), ["docs/a.md:2: c.md is not there"]);
}

const MANIFEST: &str = "[package]\nname = \"x\"\ndescription = \"x\"\nversion.workspace = true\nedition.workspace = true\n\
    rust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n[dependencies]\n";

#[test]
fn a_crate_that_goes_its_own_way_is_found() {
    let fine = Repository::of(&[("crates/hallpass-x/Cargo.toml", MANIFEST)]);
    assert!(findings("manifests", &fine).is_empty());
    for line in ["\nversion.workspace = true\n", "\nlicense.workspace = true\n", "\n[lints]\nworkspace = true\n"] {
        let text = MANIFEST.replace(line, "\n");
        assert_eq!(
            findings("manifests", &Repository::of(&[("crates/hallpass-x/Cargo.toml", &text)])).len(),
            1,
            "{line}"
        );
    }
    assert_eq!(findings("manifests", &Repository::of(&[("crates/x/Cargo.toml", MANIFEST)])).len(), 1, "publish");
}

#[test]
fn a_store_with_more_than_a_driver_is_found() {
    let core = format!("{MANIFEST}serde = \"1\"\n");
    let store =
        format!("{MANIFEST}hallpass.workspace = true\nrusqlite.workspace = true\nserde = \"1\"\naxum = \"0.8\"\n");
    let files = [("crates/hallpass/Cargo.toml", core.as_str()), ("crates/hallpass-sqlite/Cargo.toml", store.as_str())];
    let found = findings("manifests", &Repository::of(&files));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("axum"));
}

#[test]
fn a_module_above_its_layer_is_found() {
    broken("layers", SRC, "use std::time::Duration;\nuse std::fs;");
    broken("layers", SRC, "fn judge(now: Timestamp) {}\nasync fn judge_later() {}");
    broken("layers", "crates/hallpass/src/store/memory.rs", "let a = Instant::now();\nlet b = SystemTime::now();");
    broken("layers", "crates/hallpass-sqlite/src/lib.rs", "use hallpass::Record;\nuse axum::Router;");
    broken("layers", "crates/hallpass/src/sessions/mod.rs", "use crate::record::Record;\nuse http::HeaderMap;");
    assert!(
        findings("layers", &Repository::of(&[("crates/hallpass/src/http/mod.rs", "use http::HeaderMap;")])).is_empty()
    );
}

#[test]
fn modules_in_a_circle_are_found() {
    let files = [
        ("crates/hallpass/src/record/mod.rs", "use crate::{id::Id, time::Timestamp};"),
        ("crates/hallpass/src/time.rs", "use crate::session::{Session, store::X};"),
        ("crates/hallpass/src/session.rs", "pub(crate) fn f(r: crate::record::Record) {}"),
        ("crates/hallpass/src/testing/mod.rs", "use crate::testing::x; use crate::record;"),
    ];
    let found = findings("layers", &Repository::of(&files));
    assert_eq!(found.len(), 3, "each of the three is in it: {found:?}");
    assert!(findings("layers", &Repository::of(&files[..2])).is_empty());
    let two_ends = [
        ("crates/hallpass/src/session/mod.rs", "use crate::sessions::Sessions;"),
        ("crates/hallpass/src/sessions/mod.rs", "use crate::session::Session;"),
    ];
    assert!(findings("layers", &Repository::of(&two_ends)).is_empty());
}
