use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Source;

/// The text files of a checkout.
#[derive(Debug)]
pub struct Repository {
    /// Where it lies.
    pub root: PathBuf,
    /// Its text files, in the order of their paths.
    pub sources: Vec<Source>,
}

// Build output, downloads, and the bytes that fuzzers feed on.
const NOT_OURS: [&str; 5] = [".git", "artifacts", "corpus", "node_modules", "target"];

impl Repository {
    /// Reads every text file below `root`.
    ///
    /// # Errors
    ///
    /// If a folder or file cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut sources = Vec::new();
        read_folder(root, root, &mut sources)?;
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root: root.to_owned(), sources })
    }

    /// Returns a repository of files that exist nowhere, for trying a rule.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let sources = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        Self { root: PathBuf::from("nowhere"), sources }
    }

    /// Returns the Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.is_rust())
    }

    /// Returns the manifests of the workspace's crates.
    pub fn manifests(&self) -> impl Iterator<Item = &Source> {
        let is_manifest = |path: &str| path.strip_prefix("crates/").is_some_and(|rest| rest.ends_with("/Cargo.toml"));
        self.sources.iter().filter(move |source| is_manifest(&source.path))
    }
}

fn read_folder(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        // A link is read where it points.
        let kind = entry.file_type()?;
        if kind.is_dir() && !NOT_OURS.iter().any(|other| name == *other) {
            read_folder(root, &path, sources)?;
        } else if kind.is_file()
            && let Ok(text) = String::from_utf8(fs::read(&path)?)
        {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            sources.push(Source::new(&parts.join("/"), &text));
        }
    }
    Ok(())
}
