use super::node::{Held, Node};
use super::types::{self, Shape, TypeId, Types, Wire};

/// Writes a stream: every definition in a message of its own, and then the value.
pub(super) fn stream(types: &Types, of: TypeId, node: &Node) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, wire) in types.iter() {
        let mut message = Vec::new();
        int(&mut message, -id);
        definition(&mut message, id, wire);
        sized(&mut out, &message);
    }
    let mut message = Vec::new();
    int(&mut message, of);
    prefixed(&mut message, node);
    sized(&mut out, &message);
    out
}

fn prefixed(out: &mut Vec<u8>, node: &Node) {
    if !matches!(node, Node::Struct(..)) {
        out.push(0);
    }
    value(out, node);
}

fn value(out: &mut Vec<u8>, node: &Node) {
    match node {
        Node::Bool(flag) => out.push(u8::from(*flag)),
        Node::Int(number) => int(out, *number),
        Node::Uint(number) => uint(out, *number),
        Node::Float(number) => float(out, *number),
        Node::Complex(real, imaginary) => {
            float(out, *real);
            float(out, *imaginary);
        }
        Node::Bytes(bytes) | Node::Text(bytes) | Node::Encoded(bytes) => sized(out, bytes),
        Node::Interface(None) => out.push(0),
        Node::Interface(Some(held)) => interface(out, held),
        Node::Items(items) => {
            uint(out, items.len() as u64);
            for item in items {
                value(out, item);
            }
        }
        Node::Pairs(pairs) => {
            uint(out, pairs.len() as u64);
            for (key, held) in pairs {
                value(out, key);
                value(out, held);
            }
        }
        Node::Struct(_, fields) => {
            let mut next = 0;
            for (number, field) in fields {
                uint(out, (number + 1 - next) as u64);
                value(out, field);
                next = number + 1;
            }
            out.push(0);
        }
    }
}

/// Writes what an interface holds; its type was defined before.
fn interface(out: &mut Vec<u8>, held: &Held) {
    sized(out, held.name.as_bytes());
    int(out, held.of);
    let mut inner = Vec::new();
    prefixed(&mut inner, &held.node);
    sized(out, &inner);
}

/// Writes a definition: a struct with the one field that stands for the kind of type.
fn definition(out: &mut Vec<u8>, id: TypeId, wire: &Wire) {
    let kind: u64 = match wire.shape {
        Shape::Array { .. } => 0,
        Shape::Slice { .. } => 1,
        Shape::Struct { .. } => 2,
        Shape::Map { .. } => 3,
        Shape::Encoder { way } => 4 + u64::from(way),
    };
    uint(out, kind + 1);
    out.push(1);
    named(out, &wire.name, id);
    match &wire.shape {
        Shape::Array { of: first, length: second } | Shape::Map { key: first, value: second } => {
            out.push(1);
            int(out, *first);
            out.push(1);
            int(out, *second);
        }
        Shape::Slice { of } => {
            out.push(1);
            int(out, *of);
        }
        Shape::Struct { fields } if !fields.is_empty() => {
            out.push(1);
            uint(out, fields.len() as u64);
            for (name, of) in fields {
                named(out, name, *of);
            }
        }
        Shape::Struct { .. } | Shape::Encoder { .. } => {}
    }
    out.extend_from_slice(&[0, 0]);
}

fn named(out: &mut Vec<u8>, name: &str, id: TypeId) {
    if name.is_empty() {
        out.push(2);
    } else {
        out.push(1);
        sized(out, name.as_bytes());
        out.push(1);
    }
    int(out, id);
    out.push(0);
}

fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn float(out: &mut Vec<u8>, number: f64) {
    uint(out, number.to_bits().swap_bytes());
}

fn int(out: &mut Vec<u8>, number: i64) {
    let bits = number.cast_unsigned() << 1;
    uint(out, if number < 0 { !bits } else { bits });
}

fn uint(out: &mut Vec<u8>, number: u64) {
    if number < 128 {
        out.extend(u8::try_from(number));
        return;
    }
    let bytes = number.to_be_bytes();
    let zeros = (number.leading_zeros() / 8) as usize;
    // The number of bytes, negated.
    out.extend(u8::try_from(256 - (8 - zeros)));
    out.extend_from_slice(&bytes[zeros..]);
}

const _: () = assert!(types::ANY_MAP == types::FIRST);
