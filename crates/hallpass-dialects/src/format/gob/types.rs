use std::collections::BTreeMap;

/// What a number says that a value is; those from 64 on are defined in the stream.
pub(super) type TypeId = i64;

pub(super) const BOOL: TypeId = 1;
pub(super) const INT: TypeId = 2;
pub(super) const UINT: TypeId = 3;
pub(super) const FLOAT: TypeId = 4;
pub(super) const BYTES: TypeId = 5;
pub(super) const STRING: TypeId = 6;
pub(super) const COMPLEX: TypeId = 7;
pub(super) const INTERFACE: TypeId = 8;
/// The first that a stream may define.
pub(super) const FIRST: TypeId = 64;

/// The three types that our streams define first.
pub(super) const ANY_MAP: TypeId = 64;
pub(super) const ANY_SLICE: TypeId = 65;
pub(super) const TEXT_MAP: TypeId = 66;

/// How a type is put together; its name is for people, and is empty for those that have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) name: String,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Array {
        of: TypeId,
        length: i64,
    },
    Slice {
        of: TypeId,
    },
    Struct {
        fields: Vec<(String, TypeId)>,
    },
    Map {
        key: TypeId,
        value: TypeId,
    },
    /// A type that writes itself, in one of three ways: `GobEncoder`, `BinaryMarshaler`, `TextMarshaler`.
    Encoder {
        way: u8,
    },
}

/// The definitions of a stream.
#[derive(Debug, Clone)]
pub(super) struct Types(BTreeMap<TypeId, Wire>);

impl Default for Types {
    /// Returns those that every stream of ours defines.
    fn default() -> Self {
        let unnamed = |shape| Wire { name: String::new(), shape };
        Self(BTreeMap::from([
            (ANY_MAP, unnamed(Shape::Map { key: INTERFACE, value: INTERFACE })),
            (ANY_SLICE, unnamed(Shape::Slice { of: INTERFACE })),
            (TEXT_MAP, unnamed(Shape::Map { key: STRING, value: INTERFACE })),
        ]))
    }
}

impl Types {
    pub(super) const fn empty() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn wire(&self, id: TypeId) -> Option<&Wire> {
        self.0.get(&id)
    }

    pub(super) fn shape(&self, id: TypeId) -> Option<&Shape> {
        self.wire(id).map(|wire| &wire.shape)
    }

    /// Adds a definition that was read; tells whether there was none of this number.
    pub(super) fn define(&mut self, id: TypeId, wire: Wire) -> bool {
        self.0.insert(id, wire).is_none()
    }

    /// Returns the number of a type, which is defined if it was not.
    pub(super) fn intern(&mut self, wire: Wire) -> TypeId {
        if let Some((id, _)) = self.0.iter().find(|(_, known)| **known == wire) {
            return *id;
        }
        let id = self.next();
        self.0.insert(id, wire);
        id
    }

    /// Takes a type over from another stream, with all that it is made of; `taken` has what was taken already.
    pub(super) fn take(&mut self, other: &Self, id: TypeId, taken: &mut BTreeMap<TypeId, TypeId>) -> TypeId {
        if id < FIRST {
            return id;
        }
        if let Some(own) = taken.get(&id) {
            return *own;
        }
        let Some(wire) = other.wire(id) else { return id };
        let own = self.next();
        // A type may be made of itself, so it has its number before its parts have theirs.
        self.0.insert(own, Wire { name: String::new(), shape: Shape::Encoder { way: 0 } });
        taken.insert(id, own);
        let shape = match &wire.shape {
            Shape::Array { of, length } => Shape::Array { of: self.take(other, *of, taken), length: *length },
            Shape::Slice { of } => Shape::Slice { of: self.take(other, *of, taken) },
            Shape::Map { key, value } => {
                Shape::Map { key: self.take(other, *key, taken), value: self.take(other, *value, taken) }
            }
            Shape::Struct { fields } => {
                let fields = fields.iter().map(|(name, of)| (name.clone(), self.take(other, *of, taken)));
                Shape::Struct { fields: fields.collect() }
            }
            Shape::Encoder { way } => Shape::Encoder { way: *way },
        };
        self.0.insert(own, Wire { name: wire.name.clone(), shape });
        own
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TypeId, &Wire)> {
        self.0.iter().map(|(id, wire)| (*id, wire))
    }

    fn next(&self) -> TypeId {
        self.0.last_key_value().map_or(FIRST, |(last, _)| last + 1)
    }
}
