use std::fmt::Write as _;

use crate::Tree;

impl Tree {
    /// Returns the tree as text, each answer one step further in than its question.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.draw(&self.start, 0, &mut text);
        text
    }

    /// Returns the tree as a diagram in the language of Mermaid.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        for (name, node) in &self.nodes {
            let _ = writeln!(text, "  {name}{{\"{}\"}}", quoted(&node.ask));
        }
        for (name, leaf) in &self.leaves {
            let store = leaf.store.is.split(':').next().unwrap_or_default();
            let _ = writeln!(text, "  {name}[\"{}<br/>{store}, {}\"]", quoted(&leaf.pattern.is), leaf.preset.is);
        }
        for (name, node) in &self.nodes {
            for answer in node.answers.values() {
                let _ = writeln!(text, "  {name} -->|\"{}\"| {}", quoted(&answer.is), answer.to);
            }
        }
        text
    }

    fn draw(&self, name: &str, depth: usize, text: &mut String) {
        let gap = "  ".repeat(depth);
        if let Some(leaf) = self.leaves.get(name) {
            let _ = writeln!(text, "{gap}=> {}; {}; preset {}", leaf.pattern.is, leaf.store.is, leaf.preset.is);
        } else if let Some(node) = self.nodes.get(name) {
            let _ = writeln!(text, "{gap}{} (--{})", node.ask, node.question);
            // What every answer leads to is drawn once, after them.
            let mut ends = node.answers.values().map(|answer| &answer.to);
            let same = ends.next().filter(|first| ends.all(|other| other == *first));
            for (word, answer) in &node.answers {
                let full = if *word == answer.is { String::new() } else { format!(": {}", answer.is) };
                let _ = writeln!(text, "{gap}- {word}{full}");
                if same.is_none() {
                    self.draw(&answer.to, depth + 1, text);
                }
            }
            if let Some(next) = same {
                self.draw(next, depth, text);
            }
        }
    }
}

fn quoted(text: &str) -> String {
    text.replace('"', "&quot;")
}
