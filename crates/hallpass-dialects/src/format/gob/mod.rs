//! Go's gob: a stream that says first what its types are, and then has one value.

mod node;
mod read;
mod time;
mod types;
mod values;
mod write;

#[cfg(test)]
mod tests;

use self::node::Node;
use crate::error::{Error, Format};
use crate::limits::Limits;
use crate::value::Map;

/// Reads a `map[interface{}]interface{}`, which is what gorilla/sessions keeps its values in.
pub(crate) fn read_map(bytes: &[u8], limits: &Limits) -> Result<Map, Error> {
    let stream = read::read(bytes, limits)?;
    let is_any = |node: &Node| matches!(node, Node::Interface(_));
    match &stream.node {
        Node::Pairs(pairs) if pairs.iter().all(|(key, value)| is_any(key) && is_any(value)) => {
            values::to_any_map(pairs, &stream.types, limits)
        }
        _ => Err(not("a map of anything")),
    }
}

/// Reads a `string`, such as the name of a session.
pub(crate) fn read_string(bytes: &[u8], limits: &Limits) -> Result<String, Error> {
    match read::read(bytes, limits)?.node {
        Node::Text(text) => String::from_utf8(text).map_err(|_| not("text in UTF-8")),
        _ => Err(not("text")),
    }
}

/// Writes a `map[interface{}]interface{}`.
pub(crate) fn write_map(map: &Map, limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut types = types::Types::default();
    let node = values::to_map(map, &mut types, limits)?;
    let bytes = write::stream(&types, types::ANY_MAP, &node);
    // A value takes a byte at least: only what is longer can be more than is read.
    if bytes.len() > limits.values.min(limits.bytes) {
        read::read(&bytes, limits)?;
    }
    Ok(bytes)
}

/// Writes a `string`.
pub(crate) fn write_string(text: &str) -> Vec<u8> {
    write::stream(&types::Types::empty(), types::STRING, &Node::Text(text.as_bytes().to_vec()))
}

fn not(what: &'static str) -> Error {
    Error::malformed(Format::Gob, 0, format!("it is not {what}"))
}
