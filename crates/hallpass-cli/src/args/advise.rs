use std::path::PathBuf;
use std::sync::LazyLock;

use clap::Args;
use clap::builder::PossibleValuesParser;
use hallpass_advise::{Tree, TreeError};

/// The tree that is asked; the flags take their words from it.
pub(crate) static TREE: LazyLock<Result<Tree, TreeError>> = LazyLock::new(Tree::bundled);

/// Which options `advise` has.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is an option that is given or not
#[command(after_help = "\
Each flag answers a question, and what is not answered is asked at the terminal. Only questions on
the way are asked: `hallpass advise --tree` shows them all.

Nothing is written without --write.

Examples:
  hallpass advise
  hallpass advise --size small --client browser --standard none --place several --audit yes
  hallpass advise --size small --client browser --standard pci-dss --write . --dry-run
  hallpass advise --size small --client mobile --json | jq -r .leaf.store.is")]
pub(crate) struct Advise {
    /// How much a session holds for each user
    #[arg(long, value_name = "ANSWER", value_parser = words("size"))]
    size: Option<String>,
    /// Who holds the session
    #[arg(long, value_name = "ANSWER", value_parser = words("client"))]
    client: Option<String>,
    /// Which standard you are audited by
    #[arg(long, value_name = "ANSWER", value_parser = words("standard"))]
    standard: Option<String>,
    /// Where the application runs
    #[arg(long, value_name = "ANSWER", value_parser = words("place"))]
    place: Option<String>,
    /// What one server is for
    #[arg(long, value_name = "ANSWER", value_parser = words("stage"))]
    stage: Option<String>,
    /// Whether there must be an audit trail of all sessions
    #[arg(long, value_name = "ANSWER", value_parser = words("audit"))]
    audit: Option<String>,
    /// Whether a session must be over the moment that somebody ends it
    #[arg(long, value_name = "ANSWER", value_parser = words("revoke"))]
    revoke: Option<String>,
    /// Who verifies the session
    #[arg(long, value_name = "ANSWER", value_parser = words("reader"))]
    reader: Option<String>,
    /// Whether the session holds data that must not reach the client
    #[arg(long, value_name = "ANSWER", value_parser = words("secret"))]
    secret: Option<String>,
    /// Write hallpass.toml for what is recommended into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long, requires = "write")]
    pub(crate) dry_run: bool,
    /// Replace a file that is there
    #[arg(long, requires = "write")]
    pub(crate) force: bool,
    /// Show the whole tree, and ask nothing
    #[arg(long, conflicts_with_all = ["write", "mermaid"])]
    pub(crate) tree: bool,
    /// Show the whole tree as a Mermaid diagram
    #[arg(long, conflicts_with = "write")]
    pub(crate) mermaid: bool,
}

impl Advise {
    /// Returns the questions that flags can answer, with the answers that were given.
    pub(crate) fn answers(&self) -> [(&'static str, Option<&str>); 9] {
        [
            ("size", &self.size),
            ("client", &self.client),
            ("standard", &self.standard),
            ("place", &self.place),
            ("stage", &self.stage),
            ("audit", &self.audit),
            ("revoke", &self.revoke),
            ("reader", &self.reader),
            ("secret", &self.secret),
        ]
        .map(|(question, answer)| (question, answer.as_deref()))
    }
}

fn words(question: &str) -> PossibleValuesParser {
    PossibleValuesParser::new(TREE.as_ref().map(|tree| tree.words(question)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn every_question_of_the_tree_has_a_flag() {
        let cli = Cli::try_parse_from(["hallpass", "advise"]).expect("a command");
        let Some(Command::Advise(advise)) = cli.command else { panic!("another command") };
        let questions = TREE.as_ref().expect("a good tree").questions();
        assert_eq!(advise.answers().map(|(question, _)| question).to_vec(), questions);
    }
}
