//! A disk that loses power: what was synced is there, and of the rest anything may be.
//!
//! - A write that was not followed by a sync of its file is kept, dropped, or torn at sectors of 512 bytes, in any
//!   combination with others; so is a change of the file's size.
//! - The names in the folder change in order, and those changes after the last sync of the folder are lost from some point
//!   on. Syncing a file does not save its name.
//! - Bytes beside those written do not change ("powersafe overwrite", <https://www.sqlite.org/psow.html>).

use std::collections::BTreeMap;
use std::path::Path;

use rand::Rng;

use super::trace::{Call, What};

const SECTOR: usize = 512;

/// The state of a folder between two calls.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// Which file has which name, as the process sees it.
    names: BTreeMap<String, usize>,
    /// The same as it was when the folder was last synced.
    safe_names: BTreeMap<String, usize>,
    /// What happened to the names since.
    pending: Vec<(String, Option<usize>)>,
}

#[derive(Debug, Default)]
struct File {
    /// As it was when it was last synced.
    safe: Vec<u8>,
    /// What happened to it since.
    pending: Vec<What>,
}

impl Disk {
    pub(crate) fn apply(&mut self, call: &Call) {
        match &call.what {
            What::Create => {
                self.files.push(File::default());
                self.rename(&call.file, Some(self.files.len() - 1));
            }
            What::Unlink => self.rename(&call.file, None),
            What::Rename { to } => {
                let file = self.names.get(&call.file).copied();
                self.rename(to, file);
                self.rename(&call.file, None);
            }
            What::SyncFolder => {
                self.safe_names = self.names.clone();
                self.pending.clear();
            }
            What::Write { .. } | What::Truncate { .. } => self.file(call).pending.push(call.what.clone()),
            What::Sync => {
                let file = self.file(call);
                for what in std::mem::take(&mut file.pending) {
                    change(&mut file.safe, &what, |_| true);
                }
            }
        }
    }

    fn file(&mut self, call: &Call) -> &mut File {
        let number = *self.names.get(&call.file).unwrap_or_else(|| panic!("{call:?} is about no file"));
        &mut self.files[number]
    }

    fn rename(&mut self, name: &str, file: Option<usize>) {
        set(&mut self.names, name, file);
        self.pending.push((name.to_owned(), file));
    }

    /// Writes the folder as the process left it.
    pub(crate) fn write_all(&self, folder: &Path) {
        self.write(folder, &self.names, |_| true);
    }

    /// Writes the folder as it may be after a loss of power.
    pub(crate) fn write_what_is_left(&self, folder: &Path, random: &mut impl Rng) {
        let mut names = self.safe_names.clone();
        let kept = random.random_range(0..=self.pending.len());
        for (name, file) in &self.pending[..kept] {
            set(&mut names, name, *file);
        }
        // One cut keeps most of what was not synced, another little.
        let share = random.random_range(0.0..=1.0);
        self.write(folder, &names, |_| random.random_bool(share));
    }

    fn write(&self, folder: &Path, names: &BTreeMap<String, usize>, mut keep: impl FnMut(usize) -> bool) {
        for (name, number) in names {
            let file = &self.files[*number];
            let mut bytes = file.safe.clone();
            for what in &file.pending {
                change(&mut bytes, what, &mut keep);
            }
            std::fs::write(folder.join(name), bytes).expect("the folder can be written");
        }
    }
}

fn set(names: &mut BTreeMap<String, usize>, name: &str, file: Option<usize>) {
    match file {
        Some(file) => names.insert(name.to_owned(), file),
        None => names.remove(name),
    };
}

/// Does to the bytes of a file what was done to it, as far as `keep` says of each part.
fn change(bytes: &mut Vec<u8>, what: &What, mut keep: impl FnMut(usize) -> bool) {
    match what {
        What::Truncate { size } if keep(0) => bytes.resize(*size, 0),
        What::Write { offset, data } => {
            let mut at = *offset;
            while at < offset + data.len() {
                let end = (at / SECTOR * SECTOR + SECTOR).min(offset + data.len());
                if keep(at) {
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[at..end].copy_from_slice(&data[at - offset..end - offset]);
                }
                at = end;
            }
        }
        _ => {}
    }
}
