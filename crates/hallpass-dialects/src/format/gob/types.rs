use std::collections::{BTreeMap, HashMap};

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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Wire {
    pub(super) name: String,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

impl Wire {
    /// Returns how many parts it has, itself among them.
    fn weight(&self) -> usize {
        match &self.shape {
            Shape::Struct { fields } => 1 + fields.len(),
            _ => 1,
        }
    }

    /// Returns the same with every type that it is made of under another number.
    fn renumbered(&self, mut number: impl FnMut(TypeId) -> TypeId) -> Self {
        let shape = match &self.shape {
            Shape::Array { of, length } => Shape::Array { of: number(*of), length: *length },
            Shape::Slice { of } => Shape::Slice { of: number(*of) },
            Shape::Map { key, value } => Shape::Map { key: number(*key), value: number(*value) },
            Shape::Struct { fields } => {
                Shape::Struct { fields: fields.iter().map(|(name, of)| (name.clone(), number(*of))).collect() }
            }
            Shape::Encoder { way } => Shape::Encoder { way: *way },
        };
        Self { name: self.name.clone(), shape }
    }
}

/// The definitions of a stream.
#[derive(Debug)]
pub(super) struct Types {
    wires: BTreeMap<TypeId, Wire>,
    /// What was taken over already, as [`closure`](Self::closure) has it, and under which number: each is defined once.
    taken: HashMap<Vec<Wire>, TypeId>,
}

impl Default for Types {
    /// Returns those that every stream of ours defines.
    fn default() -> Self {
        let unnamed = |shape| Wire { name: String::new(), shape };
        let wires = BTreeMap::from([
            (ANY_MAP, unnamed(Shape::Map { key: INTERFACE, value: INTERFACE })),
            (ANY_SLICE, unnamed(Shape::Slice { of: INTERFACE })),
            (TEXT_MAP, unnamed(Shape::Map { key: STRING, value: INTERFACE })),
        ]);
        Self { wires, taken: HashMap::new() }
    }
}

impl Types {
    pub(super) fn empty() -> Self {
        Self { wires: BTreeMap::new(), taken: HashMap::new() }
    }

    pub(super) fn shape(&self, id: TypeId) -> Option<&Shape> {
        self.wires.get(&id).map(|wire| &wire.shape)
    }

    /// Adds a definition that was read; tells whether there was none of this number.
    pub(super) fn define(&mut self, id: TypeId, wire: Wire) -> bool {
        self.wires.insert(id, wire).is_none()
    }

    /// Tells whether everything that types are made of is defined, as it is in every stream of Go.
    pub(super) fn are_whole(&self) -> bool {
        let is_known = |id: &TypeId| (BOOL..=INTERFACE).contains(id) || self.wires.contains_key(id);
        self.wires.values().all(|wire| match &wire.shape {
            Shape::Array { of, .. } | Shape::Slice { of } => is_known(of),
            Shape::Map { key, value } => is_known(key) && is_known(value),
            Shape::Struct { fields } => fields.iter().all(|(_, of)| is_known(of)),
            Shape::Encoder { .. } => true,
        })
    }

    /// Returns the number of a type that is made of Go's own, which is defined if it was not.
    pub(super) fn intern(&mut self, wire: Wire) -> TypeId {
        self.add(vec![wire])
    }

    /// Takes a type over from another stream, with all that it is made of; nothing if that is more than what is `left`.
    pub(super) fn take(&mut self, other: &Self, id: TypeId, left: &mut usize) -> Option<TypeId> {
        if id < FIRST { Some(id) } else { other.closure(id, left).map(|closure| self.add(closure)) }
    }

    fn add(&mut self, closure: Vec<Wire>) -> TypeId {
        if let Some(own) = self.taken.get(&closure) {
            return *own;
        }
        let first = self.wires.last_key_value().map_or(FIRST, |(last, _)| last + 1);
        let moved = |id| if id < FIRST { id } else { id - FIRST + first };
        self.wires.extend((first..).zip(closure.iter().map(|wire| wire.renumbered(moved))));
        self.taken.insert(closure, first);
        first
    }

    /// Returns a type and all that it is made of, numbered from [`FIRST`] on in the order in which they are met: the same
    /// for the same type, whatever its numbers were. It may be made of itself.
    fn closure(&self, id: TypeId, left: &mut usize) -> Option<Vec<Wire>> {
        let mut met = vec![id];
        let mut places = BTreeMap::from([(id, FIRST)]);
        let mut next = FIRST + 1;
        let mut wires = Vec::new();
        while let Some(wire) = met.get(wires.len()).and_then(|id| self.wires.get(id)) {
            *left = left.checked_sub(wire.weight())?;
            wires.push(wire.renumbered(|of| {
                if of < FIRST {
                    return of;
                }
                *places.entry(of).or_insert_with(|| {
                    met.push(of);
                    next += 1;
                    next - 1
                })
            }));
        }
        Some(wires)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TypeId, &Wire)> {
        self.wires.iter().map(|(id, wire)| (*id, wire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(name: &str, shape: Shape) -> Wire {
        Wire { name: name.to_owned(), shape }
    }

    #[test]
    fn a_type_is_taken_over_once_whatever_its_number() {
        // A list of lists of itself, and a struct of it.
        let stream = |number: TypeId| {
            let mut types = Types::empty();
            let fields = vec![("A".to_owned(), number + 7), ("B".to_owned(), STRING)];
            assert!(types.define(number, wire("Own", Shape::Struct { fields })));
            assert!(types.define(number + 7, wire("Deep", Shape::Slice { of: number + 7 })));
            assert!(types.are_whole());
            types
        };
        let mut own = Types::default();
        let mut take = |stream: &Types, id| own.take(stream, id, &mut 100);
        assert_eq!((take(&stream(64), 64), take(&stream(1000), 1000)), (Some(67), Some(67)));
        assert_eq!((take(&stream(64), 71), take(&stream(64), INT)), (Some(69), Some(INT)));
        assert_eq!((own.iter().count(), own.shape(68)), (6, Some(&Shape::Slice { of: 68 })));
    }

    #[test]
    fn however_much_a_type_is_made_of_it_is_counted_and_no_stack_is_used() {
        let mut types = Types::empty();
        for id in FIRST..100_000 {
            types.define(id, wire("", Shape::Slice { of: id + 1 }));
        }
        assert!(!types.are_whole());
        types.define(100_000, wire("", Shape::Slice { of: INT }));
        assert!(types.are_whole());
        let mut left = 100_000;
        assert_eq!(Types::empty().take(&types, FIRST, &mut left), Some(FIRST));
        assert_eq!(left, 63);
        assert_eq!(Types::empty().take(&types, FIRST, &mut left), None);
    }
}
