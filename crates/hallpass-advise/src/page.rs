use std::fmt::Write as _;

use crate::Tree;

const HEAD: &str = "\
# Choosing how to keep sessions

`hallpass advise` asks these questions, and says why it recommends what it does.
This page is made of the same tree, `crates/hallpass-advise/src/tree.toml`, and a test keeps it so.

```sh
hallpass advise                  # asks at a terminal
hallpass advise --size small --client browser --standard none --place several --audit yes
hallpass advise --tree           # the tree below
```

`--write FOLDER` writes `hallpass.toml` for what was chosen, and `--dry-run` shows it first.

## The tree
";

impl Tree {
    /// Returns the page of the guide about it, in Markdown.
    pub fn page(&self) -> String {
        let mut page =
            format!("{HEAD}\n```mermaid\n{}```\n\nAs text:\n\n```text\n{}```\n", self.mermaid(), self.text());
        page.push_str("\n## What is recommended\n");
        for (name, leaf) in &self.leaves {
            let _ = writeln!(page, "\n### {name}\n\n| what | choice | why |\n| --- | --- | --- |");
            for (what, choice) in [("pattern", &leaf.pattern), ("store", &leaf.store), ("preset", &leaf.preset)] {
                let _ = writeln!(page, "| {what} | `{}` | {} |", choice.is, choice.why);
            }
            if let Some(times) = self.presets.get(&leaf.preset.is) {
                let (idle, absolute) = (times.idle / 60, times.absolute / 3600);
                let _ = writeln!(page, "| timeouts | {idle} minutes idle, {absolute} hours | {} |", leaf.timeouts);
            }
            page.push('\n');
            for caveat in &leaf.caveats {
                let _ = writeln!(page, "- {caveat}");
            }
        }
        page.push_str("\n## What does not fit\n\n");
        for node in self.nodes.values() {
            for answer in node.answers.values() {
                if let Some(warns) = answer.warns.as_deref().filter(|warns| !page.contains(*warns)) {
                    let _ = writeln!(page, "- {warns}");
                }
            }
        }
        page
    }
}
