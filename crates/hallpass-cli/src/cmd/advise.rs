use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use hallpass_advise::{Leaf, Next, Node, Timeouts, Tree, Walk};
use hallpass_server::Config;
use serde::Serialize;

use crate::args::{Advise, TREE};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Output, Tone, duration};

/// Asks what the tree asks, says what it recommends, and writes it if it is told to.
pub(crate) fn run(advise: &Advise, context: &Context) -> Result<Ending, Failure> {
    let output = &context.output;
    let tree = TREE.as_ref().map_err(|error| Failure::new(error.to_string()))?;
    if advise.tree || advise.mermaid {
        return draw(tree, advise.mermaid, output);
    }
    let walk = go(tree, advise, output)?;
    let Next::Leaf(leaf) = walk.here() else { return Ok(Ending::Nothing) };
    let written = advise.write.as_ref().map(|folder| folder.join(Config::FILE));
    if let Some(path) = written.as_ref().filter(|_| !advise.dry_run) {
        write(path, &leaf.hallpass_toml(), advise.force)?;
    }
    show(&Advice::new(tree, &walk, leaf), advise, written.as_deref(), output)?;
    Ok(Ending::Done)
}

fn draw(tree: &Tree, as_mermaid: bool, output: &Output) -> Result<Ending, Failure> {
    let text = if as_mermaid { tree.mermaid() } else { tree.text() };
    if output.json {
        output.document(&Drawn { tree: text })?;
    } else {
        output.write(&text)?;
    }
    Ok(Ending::Done)
}

fn go<'a>(tree: &'a Tree, advise: &Advise, output: &Output) -> Result<Walk<'a>, Failure> {
    let answers = advise.answers();
    let mut walk = tree.walk();
    while let Next::Node(node) = walk.here() {
        let given = answers.iter().find(|(question, _)| *question == node.question).and_then(|(_, answer)| *answer);
        let word = match given {
            Some(word) => word.to_owned(),
            None => ask(node, output)?,
        };
        walk.answer(&word).map_err(|error| Failure::new(error.to_string()))?;
    }
    for (question, _) in answers.iter().filter(|(_, answer)| answer.is_some()) {
        if !walk.steps().iter().any(|step| step.node.question == *question) {
            output.note(format_args!("--{question} makes no difference here: the question is not on the way."));
        }
    }
    Ok(walk)
}

fn ask(node: &Node, output: &Output) -> Result<String, Failure> {
    let words: Vec<_> = node.answers.keys().map(String::as_str).collect();
    if output.json || !Output::can_ask() {
        let hint = format!("say it with --{} {}", node.question, words.join("|"));
        return Err(Failure::new(format!("not answered: {}", node.ask)).hint(hint));
    }
    let choices: Vec<_> = node.answers.iter().map(|(word, answer)| (word.as_str(), answer.is.as_str())).collect();
    output.choose(&node.ask, &choices)
}

#[derive(Serialize)]
struct Drawn {
    tree: String,
}

/// What is recommended, and the way there.
#[derive(Serialize)]
struct Advice<'a> {
    name: &'a str,
    path: Vec<Answered<'a>>,
    leaf: &'a Leaf,
    timeouts: Option<&'a Timeouts>,
    warnings: Vec<&'a str>,
    hallpass_toml: String,
}

#[derive(Serialize)]
struct Answered<'a> {
    question: &'a str,
    ask: &'a str,
    answer: &'a str,
    is: &'a str,
}

impl<'a> Advice<'a> {
    fn new(tree: &'a Tree, walk: &Walk<'a>, leaf: &'a Leaf) -> Self {
        let on_the_way = |step: &hallpass_advise::Step<'a>| Answered {
            question: &step.node.question,
            ask: &step.node.ask,
            answer: step.word,
            is: &step.answer.is,
        };
        Self {
            name: walk.name(),
            path: walk.steps().iter().map(on_the_way).collect(),
            leaf,
            timeouts: tree.presets.get(&leaf.preset.is),
            warnings: walk.warnings().collect(),
            hallpass_toml: leaf.hallpass_toml(),
        }
    }
}

fn show(advice: &Advice<'_>, options: &Advise, written: Option<&Path>, output: &Output) -> Result<(), Failure> {
    if output.json {
        output.document(advice)?;
    } else {
        for Answered { ask, is, .. } in &advice.path {
            output.data(format_args!("{ask} {}", Tone::Strong.paint(is)))?;
        }
        let leaf = advice.leaf;
        output.data("")?;
        for (what, choice) in [("pattern", &leaf.pattern), ("store", &leaf.store), ("preset", &leaf.preset)] {
            output.data(format_args!("{what:<9} {}\n          {}", Tone::Strong.paint(&choice.is), choice.why))?;
        }
        if let Some(times) = advice.timeouts {
            let [idle, absolute] =
                [times.idle, times.absolute].map(|seconds| duration(std::time::Duration::from_secs(seconds)));
            let times = format!("{idle} idle, {absolute} in all");
            output.data(format_args!("timeouts  {}\n          {}", Tone::Strong.paint(&times), leaf.timeouts))?;
        }
        output.data("")?;
        for warning in &advice.warnings {
            output.data(format_args!("{} {warning}", Tone::Warning.paint("does not fit:")))?;
        }
        for caveat in &leaf.caveats {
            output.data(format_args!("- {caveat}"))?;
        }
        if options.dry_run {
            output.data(format_args!("\n{}", advice.hallpass_toml.trim_end()))?;
        }
    }
    match written {
        Some(path) if options.dry_run => output.note(format_args!("{} would be written.", path.display())),
        Some(path) => output.note(format_args!("{} is written.", path.display())),
        None => output.note("`--write FOLDER` writes hallpass.toml for it."),
    }
    Ok(())
}

fn write(path: &Path, text: &str, replaces: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    if replaces {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let written = options.write(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::refused(format!("{} is there already", path.display())).hint("--force replaces it")
        }
        _ => Failure::new(format!("{} cannot be written: {error}", path.display())),
    })
}
