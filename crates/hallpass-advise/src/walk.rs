use crate::{Answer, Leaf, Node, Tree};

/// A way through the tree, as far as it has been gone.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    tree: &'a Tree,
    at: &'a str,
    steps: Vec<Step<'a>>,
}

/// One question on the way, and how it was answered.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Step<'a> {
    /// The question.
    pub node: &'a Node,
    /// The answer's word.
    pub word: &'a str,
    /// The answer.
    pub answer: &'a Answer,
}

/// What stands where a walk is.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_enums)] // a tree has nodes and leaves
pub enum Next<'a> {
    /// Another question.
    Node(&'a Node),
    /// The end.
    Leaf(&'a Leaf),
}

/// The word is no answer to the question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word} is no answer to: {ask} The answers are {}", words.join(", "))]
pub struct NoAnswer {
    word: String,
    ask: String,
    words: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        Self { tree, at: &tree.start, steps: Vec::new() }
    }

    /// Returns what stands here.
    ///
    /// # Panics
    ///
    /// Never: a tree was checked to lead nowhere else when it was read.
    pub fn here(&self) -> Next<'a> {
        match self.tree.nodes.get(self.at) {
            Some(node) => Next::Node(node),
            None => Next::Leaf(self.tree.leaves.get(self.at).expect("Tree::read found every way to end at a leaf")),
        }
    }

    /// Answers the question that stands here; at the end nothing changes.
    ///
    /// # Errors
    ///
    /// If the question has no such answer.
    pub fn answer(&mut self, word: &str) -> Result<(), NoAnswer> {
        let Next::Node(node) = self.here() else { return Ok(()) };
        let Some((word, answer)) = node.answers.get_key_value(word) else {
            let words = node.answers.keys().cloned().collect();
            return Err(NoAnswer { word: word.to_owned(), ask: node.ask.clone(), words });
        };
        self.steps.push(Step { node, word, answer });
        self.at = &answer.to;
        Ok(())
    }

    /// Returns the name of the node or leaf where it is.
    pub fn name(&self) -> &'a str {
        self.at
    }

    /// Returns the way so far.
    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// Returns what the answers so far warn of.
    pub fn warnings(&self) -> impl Iterator<Item = &'a str> {
        self.steps.iter().filter_map(|step| step.answer.warns.as_deref())
    }
}
