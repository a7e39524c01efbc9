//! The tree of questions, and the configurations that it ends in.

use std::collections::BTreeSet;
use std::fs;

use hallpass_advise::{Next, Tree, Walk};

use crate::bench::{Bench, Run};

const PCI: [&str; 7] = ["advise", "--size", "small", "--client", "browser", "--standard", "pci-dss"];

fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.all()))
}

/// Returns the flags of every way through the tree, each with the name of its leaf.
fn every_way(walk: &Walk<'_>, ways: &mut Vec<(String, Vec<String>)>) {
    match walk.here() {
        Next::Leaf(_) => {
            let flags =
                walk.steps().iter().flat_map(|step| [format!("--{}", step.node.question), step.word.to_owned()]);
            ways.push((walk.name().to_owned(), flags.collect()));
        }
        Next::Node(node) => {
            for word in node.answers.keys() {
                let mut further = walk.clone();
                further.answer(word).expect("its own answer");
                every_way(&further, ways);
            }
        }
    }
}

#[test]
fn every_leaf_is_reached_by_flags_and_its_file_is_accepted() {
    let tree = Tree::bundled().expect("a good tree");
    let mut ways = Vec::new();
    every_way(&tree.walk(), &mut ways);
    let mut seen = BTreeSet::new();
    for (name, flags) in ways {
        if !seen.insert(name.clone()) {
            continue;
        }
        let bench = Bench::new();
        let flags: Vec<_> =
            ["advise", "--write", ".", "--json"].into_iter().chain(flags.iter().map(String::as_str)).collect();
        let run = bench.run(&flags);
        assert_eq!(run.code, 0, "{name}: {}", run.all());
        let advice = json(&run);
        assert_eq!(advice["name"], name.as_str());
        let written = fs::read_to_string(bench.path().join("hallpass.toml")).expect("it is written");
        assert_eq!(advice["hallpass_toml"], written.as_str(), "{name}");
        for need in &tree.leaves[&name].needs {
            fs::write(bench.path().join(need), [7; 32]).expect("it can be written");
        }
        let check = bench.run(&["config", "check"]);
        assert_eq!((check.code, check.stdout.as_str()), (0, "hallpass.toml: good\n"), "{name}: {}", check.all());
        let policy = bench.run(&["policy", "check"]);
        assert_eq!(policy.stdout, "the policies here keep to their presets\n", "{name}: {}", policy.all());
        // The servers of the other stores are tested with their stores.
        if written.contains("memory:") || written.contains("sqlite:") {
            drop(bench.serve(&[]));
        }
    }
    assert_eq!(seen.len(), tree.leaves.len());
}

#[test]
fn the_timeouts_it_tells_are_those_of_the_presets() {
    let listed = json(&Bench::new().run(&["policy", "list", "--json"]));
    for (name, timeouts) in &Tree::bundled().expect("a good tree").presets {
        let items = listed["items"].as_array().expect("a list");
        let preset = items.iter().find(|item| item["preset"] == name.as_str()).expect(name);
        assert_eq!(
            (&preset["idle"], &preset["absolute"]),
            (&timeouts.idle.into(), &timeouts.absolute.into()),
            "{name}"
        );
    }
}

#[test]
fn it_says_the_way_the_choices_and_their_reasons() {
    let run = Bench::new().run(&[&PCI[..], &["--place", "edge"]].concat());
    assert_eq!(run.code, 0, "{}", run.all());
    insta::assert_snapshot!("advise_pci_dss", run.stdout);
    assert!(run.stderr.contains("--place makes no difference here"), "{}", run.stderr);
    let large = Bench::new().run(&["advise", "--size", "large", "--client", "mobile"]);
    insta::assert_snapshot!("advise_large_mobile", large.stdout);
}

#[test]
fn the_tree_is_shown_as_text_and_as_a_diagram() {
    let bench = Bench::new();
    let tree = Tree::bundled().expect("a good tree");
    assert_eq!(bench.run(&["advise", "--tree"]).stdout, tree.text());
    assert_eq!(bench.run(&["advise", "--mermaid"]).stdout, tree.mermaid());
    assert_eq!(json(&bench.run(&["advise", "--tree", "--json"]))["tree"], tree.text().as_str());
}

#[test]
fn nobody_is_asked_where_there_is_no_terminal() {
    let run = Bench::new().run(&["advise", "--size", "small"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("--client browser|api|mobile|mesh"), "{}", run.stderr);
}

#[test]
fn a_file_is_replaced_only_by_force_and_a_dry_run_writes_nothing() {
    let bench = Bench::new();
    let path = bench.path().join("hallpass.toml");
    let with = |words: &[&str]| bench.run(&[&PCI[..], &["--write", "."], words].concat());
    let dry = with(&["--dry-run"]);
    assert!(dry.code == 0 && dry.stdout.contains("profile = \"pci-dss\"") && !path.exists(), "{}", dry.all());
    fs::write(&path, "# mine\n").expect("it can be written");
    let refused = with(&[]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{}", refused.all());
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "# mine\n");
    assert_eq!(with(&["--force"]).code, 0);
    assert!(fs::read_to_string(&path).expect("it is there").contains("pci-dss"));
    for words in [&["advise", "--force"][..], &["advise", "--dry-run"], &["advise", "--client", "fax"]] {
        assert_eq!(bench.run(words).code, 2, "{words:?}");
    }
}
