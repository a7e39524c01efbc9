use super::class::{Class, ClassId};
use crate::value::Text;

/// Where an object is in its [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(pub(super) usize);

/// What a stream has: its classes, and its objects, which may lead to each other in circles.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) classes: Vec<Class>,
    pub(super) nodes: Vec<Node>,
    pub(super) root: Option<Id>,
}

#[derive(Debug)]
pub(super) enum Node {
    /// An object whose parts are being read.
    Open,
    Text(Text),
    Object(Object),
    Bytes(ClassId, Vec<u8>),
    Array(ClassId, Vec<Slot>),
    Enum(ClassId, Text),
    /// A class as a value.
    Class(ClassId),
}

/// An object: its class, and what each class from the topmost down to it has written.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) class: ClassId,
    pub(super) levels: Vec<Level>,
}

#[derive(Debug)]
pub(super) struct Level {
    pub(super) class: ClassId,
    /// The fields in the order of the class.
    pub(super) fields: Vec<Slot>,
    /// What the class wrote besides.
    pub(super) blocks: Vec<u8>,
    pub(super) objects: Vec<Option<Id>>,
}

/// A value of a field or of an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Slot {
    Byte(i8),
    Char(u16),
    Double(f64),
    Float(f32),
    Int(i32),
    Long(i64),
    Short(i16),
    Bool(bool),
    Object(Option<Id>),
}

impl Graph {
    pub(super) fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.0]
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }
}

impl Object {
    /// Returns what the class of this name wrote.
    pub(super) fn level<'o>(&'o self, graph: &Graph, name: &str) -> Option<&'o Level> {
        self.levels.iter().find(|level| graph.class(level.class).name == name)
    }
}

impl Level {
    pub(super) fn field(&self, graph: &Graph, name: &str) -> Option<Slot> {
        let at = graph.class(self.class).fields.iter().position(|(_, field)| field == name)?;
        self.fields.get(at).copied()
    }
}
