use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::{Leaf, Timeouts, Walk};

/// Questions, where each answer leads, and what is recommended at its end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Tree {
    /// The name of the first node.
    pub start: String,
    /// What is asked, by name.
    #[serde(rename = "node", deserialize_with = "as_written")]
    pub nodes: IndexMap<String, Node>,
    /// What is recommended, by name.
    #[serde(rename = "leaf", deserialize_with = "as_written")]
    pub leaves: IndexMap<String, Leaf>,
    /// The timeouts of the policy presets that leaves name.
    #[serde(rename = "preset")]
    pub presets: IndexMap<String, Timeouts>,
}

/// A question at one place of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Node {
    /// The word of the question; nodes that ask the same share it, with the same answers or some of them.
    pub question: String,
    /// The question in full.
    pub ask: String,
    /// The answers, by their words.
    #[serde(deserialize_with = "as_written")]
    pub answers: IndexMap<String, Answer>,
}

/// One answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Answer {
    /// The answer in full.
    pub is: String,
    /// The name of the node or leaf that it leads to.
    pub to: String,
    /// What it warns of.
    pub warns: Option<String>,
}

/// Why a text is no tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// It cannot be read.
    #[error("the tree cannot be read")]
    Unreadable(#[from] toml::de::Error),
    /// It can be read, and makes no sense.
    #[error("the tree makes no sense: {0}")]
    Senseless(String),
}

impl Tree {
    /// Returns the tree that comes with this crate.
    ///
    /// # Errors
    ///
    /// Never, as a test holds.
    pub fn bundled() -> Result<Self, TreeError> {
        Self::read(include_str!("tree.toml"))
    }

    /// Reads a tree.
    ///
    /// # Errors
    ///
    /// If it cannot be read, leads nowhere or in a circle, asks one question twice on a way, or has parts that no answer leads to.
    pub fn read(text: &str) -> Result<Self, TreeError> {
        let tree: Self = toml::from_str(text)?;
        tree.check().map_err(TreeError::Senseless)?;
        Ok(tree)
    }

    /// Returns a walk that stands at the first question.
    pub fn walk(&self) -> Walk<'_> {
        Walk::new(self)
    }

    /// Returns the words of all answers to a question, in the order of the tree.
    pub fn words(&self, question: &str) -> Vec<&str> {
        let mut words = Vec::new();
        for node in self.nodes.values().filter(|node| node.question == question) {
            for word in node.answers.keys().map(String::as_str) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        words
    }

    /// Returns the words of all questions, in the order of the tree.
    pub fn questions(&self) -> Vec<&str> {
        let mut questions = Vec::new();
        for node in self.nodes.values() {
            if !questions.contains(&node.question.as_str()) {
                questions.push(node.question.as_str());
            }
        }
        questions
    }

    fn check(&self) -> Result<(), String> {
        let mut reached = BTreeSet::new();
        self.follow(&self.start, &mut Vec::new(), &mut reached)?;
        for name in self.nodes.keys().chain(self.leaves.keys()) {
            if !reached.contains(name.as_str()) {
                return Err(format!("nothing leads to {name}"));
            }
            if self.nodes.contains_key(name) && self.leaves.contains_key(name) {
                return Err(format!("{name} is a node and a leaf"));
            }
        }
        for (name, leaf) in &self.leaves {
            if !self.presets.contains_key(&leaf.preset.is) {
                return Err(format!("{name} names a preset without timeouts"));
            }
        }
        Ok(())
    }

    // `asked` are the questions on the way here: as none is asked twice, no way is a circle.
    fn follow<'a>(
        &'a self,
        name: &'a str,
        asked: &mut Vec<&'a str>,
        reached: &mut BTreeSet<&'a str>,
    ) -> Result<(), String> {
        reached.insert(name);
        if self.leaves.contains_key(name) {
            return Ok(());
        }
        let node = self.nodes.get(name).ok_or_else(|| format!("{name} is neither a node nor a leaf"))?;
        if asked.contains(&node.question.as_str()) {
            return Err(format!("{name} asks again for {}", node.question));
        }
        if node.answers.len() < 2 {
            return Err(format!("{name} leaves no choice"));
        }
        asked.push(&node.question);
        for answer in node.answers.values() {
            self.follow(&answer.to, asked, reached)?;
        }
        asked.pop();
        Ok(())
    }
}

/// Reads a table in the order of the file, where the parser has that of the alphabet.
fn as_written<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, T>, D::Error> {
    let mut table = IndexMap::<String, Spanned<T>>::deserialize(deserializer)?;
    table.sort_by(|_, one, _, other| one.span().start.cmp(&other.span().start));
    Ok(table.into_iter().map(|(name, value)| (name, value.into_inner())).collect())
}
