//! The tree, what is drawn of it, and the page of the guide.

use std::collections::BTreeSet;

use hallpass_advise::{Next, Tree, TreeError, Walk};

fn tree() -> Tree {
    Tree::bundled().expect("the bundled tree is good")
}

/// Goes every way to its end.
fn every_way<'a>(walk: &Walk<'a>, ends: &mut Vec<Walk<'a>>) {
    match walk.here() {
        Next::Leaf(_) => ends.push(walk.clone()),
        Next::Node(node) => {
            for word in node.answers.keys() {
                let mut further = walk.clone();
                further.answer(word).expect("its own answer");
                every_way(&further, ends);
            }
        }
    }
}

#[test]
fn every_leaf_is_reached_and_its_file_is_toml() {
    let tree = tree();
    let mut ends = Vec::new();
    every_way(&tree.walk(), &mut ends);
    let reached: BTreeSet<_> = ends.iter().map(Walk::name).collect();
    assert_eq!(reached, tree.leaves.keys().map(String::as_str).collect());
    for (name, leaf) in &tree.leaves {
        let table: toml::Table = leaf.hallpass_toml().parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(table["store"].as_str(), Some(leaf.store.is.as_str()), "{name}");
        assert_eq!(table["profile"].as_str(), Some(leaf.preset.is.as_str()), "{name}");
    }
}

#[test]
fn what_does_not_fit_is_warned_of() {
    let tree = tree();
    let mut ends = Vec::new();
    every_way(&tree.walk(), &mut ends);
    for end in ends {
        let chose = |word: &str| end.steps().iter().any(|step| step.word == word);
        let secret = end.steps().iter().any(|step| step.node.question == "secret" && step.word == "yes");
        let warned: Vec<_> = end.warnings().collect();
        for (is_so, text) in [
            (chose("large"), "in your database"),
            (chose("api"), "bearer tokens"),
            (chose("mobile"), "OAuth 2"),
            (chose("mesh"), "short expiry"),
            (secret, "into a JWT or a cookie"),
        ] {
            assert_eq!(warned.iter().any(|warning| warning.contains(text)), is_so, "{text}: {warned:?}");
        }
        let Next::Leaf(leaf) = end.here() else { panic!("an end") };
        let carries = leaf.settings.contains("tokens = ");
        assert!(!(secret && carries), "{} puts secret data into tokens", end.name());
    }
}

#[test]
fn a_word_that_is_no_answer_changes_nothing() {
    let tree = tree();
    let mut walk = tree.walk();
    let error = walk.answer("huge").expect_err("no answer");
    assert!(error.to_string().ends_with("The answers are small, large"), "{error}");
    assert!(walk.steps().is_empty() && walk.name() == "size");
}

#[test]
fn a_broken_tree_is_refused() {
    let text = include_str!("../../src/tree.toml");
    for (old, new, says) in [
        ("to = \"place\"", "to = \"nowhere\"", "neither a node nor a leaf"),
        ("to = \"mobile\"", "to = \"redis\"", "nothing leads to mobile"),
        ("to = \"stage\"", "to = \"client\"", "asks again for client"),
        ("[preset.soc2]", "[preset.other]", "a preset without timeouts"),
    ] {
        assert!(text.contains(old), "{old}");
        let error = Tree::read(&text.replacen(old, new, 1)).expect_err(new);
        assert!(matches!(&error, TreeError::Senseless(why) if why.contains(says)), "{new}: {error}");
    }
    assert!(matches!(Tree::read("start = 1"), Err(TreeError::Unreadable(_))));
}

/// `HALLPASS_WRITE_PAGE=1` writes the page anew.
#[test]
fn the_page_of_the_guide_is_made_of_the_tree() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/choosing.md");
    if std::env::var_os("HALLPASS_WRITE_PAGE").is_some() {
        std::fs::write(path, tree().page()).expect("it can be written");
    }
    let page = std::fs::read_to_string(path).expect("docs/choosing.md");
    assert!(page == tree().page(), "docs/choosing.md is old: run this test with HALLPASS_WRITE_PAGE=1");
}
