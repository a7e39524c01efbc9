//! What a process did to its files, in order, as `shim.c` wrote it down.

use std::path::Path;

/// One call that a file system answered.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The file's name in the folder.
    pub(crate) file: String,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Write { offset: usize, data: Vec<u8> },
    Truncate { size: usize },
    Sync,
    Unlink,
    Rename { to: String },
    Create,
    SyncFolder,
}

pub(crate) fn read(path: &Path) -> Vec<Call> {
    let bytes = std::fs::read(path).expect("the shim wrote a trace");
    let mut rest = bytes.as_slice();
    let mut calls = Vec::new();
    while !rest.is_empty() {
        calls.push(call(&mut rest));
    }
    calls
}

fn call(rest: &mut &[u8]) -> Call {
    let [op] = take(rest);
    let file = u32::from_le_bytes(take(rest)) as usize;
    let offset = usize::try_from(u64::from_le_bytes(take(rest))).expect("a small file");
    let data = u32::from_le_bytes(take(rest)) as usize;
    let file = String::from_utf8(slice(rest, file).to_vec()).expect("names are UTF-8");
    let data = slice(rest, data);
    let what = match op {
        1 => What::Write { offset, data: data.to_vec() },
        2 => What::Truncate { size: offset },
        3 => What::Sync,
        4 => What::Unlink,
        5 => What::Rename { to: String::from_utf8(data.to_vec()).expect("names are UTF-8") },
        6 => What::Create,
        7 => What::SyncFolder,
        other => panic!("no such call: {other}"),
    };
    Call { file, what }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    slice(rest, N).try_into().expect("as long as asked for")
}

fn slice<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, after) = rest.split_at(count);
    *rest = after;
    taken
}
