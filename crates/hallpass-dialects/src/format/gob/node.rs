use super::types::{TypeId, Types};

/// A value as gob has it: its parts, without the names of its types.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Complex(f64, f64),
    Bytes(Vec<u8>),
    /// Text of Go may be any bytes.
    Text(Vec<u8>),
    /// A value of any type, or nil.
    Interface(Option<Box<Held>>),
    Items(Vec<Node>),
    Pairs(Vec<(Node, Node)>),
    /// Fields by their number; those that are not there are zero.
    Struct(TypeId, Vec<(usize, Node)>),
    /// What a type wrote itself.
    Encoded(Vec<u8>),
}

/// What an interface holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    /// The name under which the application registered the type.
    pub(super) name: String,
    pub(super) of: TypeId,
    pub(super) node: Node,
}

/// A whole stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) types: Types,
    pub(super) node: Node,
}
