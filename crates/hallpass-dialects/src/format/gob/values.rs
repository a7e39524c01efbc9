//! Between gob's nodes and neutral values: what Go has by itself becomes such, and everything else is kept as a stream.

use std::collections::HashMap;

use super::node::{Held, Node};
use super::types::{self, Shape, TypeId, Types, Wire};
use super::{read, time, write};
use crate::error::{Error, Format};
use crate::limits::Limits;
use crate::value::{Map, Opaque, Text, Value};

const ANY_MAP: &str = "map[interface {}]interface {}";
const ANY_SLICE: &str = "[]interface {}";
const TEXT_MAP: &str = "map[string]interface {}";
const TIME: &str = "time.Time";

/// Each opaque value brings its types along, and they can be many: how many times the limits they may have together.
const COPIES: usize = 16;

/// Returns the type that a basic name stands for; all of Go's own are registered in every program.
fn basic(name: &str) -> Option<TypeId> {
    Some(match name {
        "bool" => types::BOOL,
        "int" | "int8" | "int16" | "int32" | "int64" => types::INT,
        "uint" | "uint8" | "uint16" | "uint32" | "uint64" | "uintptr" => types::UINT,
        "float32" | "float64" => types::FLOAT,
        "complex64" | "complex128" => types::COMPLEX,
        "string" => types::STRING,
        _ => return None,
    })
}

/// Turns the pairs of a `map[interface{}]interface{}` into a map.
pub(super) fn to_any_map(pairs: &[(Node, Node)], types: &Types, limits: &Limits) -> Result<Map, Error> {
    let left = limits.bytes.saturating_mul(COPIES);
    Viewer { types, left, left_types: limits.values.saturating_mul(COPIES), is_inside: false }.map(pairs)
}

struct Viewer<'t> {
    types: &'t Types,
    /// How many bytes opaque values may still have.
    left: usize,
    /// How many types may still be copied for them.
    left_types: usize,
    /// Whether it is a part of an opaque value that is looked at, which has the bytes of them all.
    is_inside: bool,
}

impl Viewer<'_> {
    fn map(&mut self, pairs: &[(Node, Node)]) -> Result<Map, Error> {
        let pairs = pairs.iter().map(|(key, value)| Ok((self.item(key)?, self.item(value)?)));
        Ok(Map::from_pairs(pairs.collect::<Result<_, Error>>()?))
    }

    fn list(&mut self, items: &[Node]) -> Result<Vec<Value>, Error> {
        items.iter().map(|item| self.item(item)).collect()
    }

    /// Returns the value of an interface, or of text that is a key.
    fn item(&mut self, node: &Node) -> Result<Value, Error> {
        match node {
            Node::Interface(Some(held)) => self.held(held),
            other => self.view(other),
        }
    }

    fn held(&mut self, held: &Held) -> Result<Value, Error> {
        if basic(&held.name).is_some_and(|of| of != held.of) {
            return Err(Error::malformed(Format::Gob, 0, "a value is not of the type that it names"));
        }
        match self.known(held)? {
            Some(value) => Ok(value),
            None => self.whole(held),
        }
    }

    /// Returns the value of a type that Go has by itself; nothing if it could not be written again as it was.
    fn known(&mut self, held: &Held) -> Result<Option<Value>, Error> {
        let name = held.name.as_str();
        Ok(match (&held.node, name, self.types.shape(held.of)) {
            (Node::Items(items), ANY_SLICE, Some(Shape::Slice { of: types::INTERFACE })) => {
                Some(Value::List(self.list(items)?))
            }
            (Node::Pairs(pairs), TEXT_MAP, Some(Shape::Map { key: types::STRING, value: types::INTERFACE })) => {
                Some(Value::Map(self.map(pairs)?))
            }
            (Node::Pairs(pairs), ANY_MAP, Some(Shape::Map { key: types::INTERFACE, value: types::INTERFACE })) => {
                Some(Value::tagged(ANY_MAP, Value::Map(self.map(pairs)?)))
            }
            (Node::Items(items), _, Some(Shape::Slice { of })) if element(name).and_then(basic) == Some(*of) => {
                let of = element(name).unwrap_or_default();
                // Their types are said by the type of the whole.
                let items: Option<_> = items.iter().map(|item| scalar(item, of).map(untagged)).collect();
                items.map(|items| Value::tagged(name.to_owned(), Value::List(items)))
            }
            (Node::Encoded(bytes), TIME, Some(Shape::Encoder { way: 0 })) => {
                let text = time::read(bytes).filter(|text| time::write(text).as_ref() == Some(bytes));
                text.map(|text| Value::tagged(TIME, text.into()))
            }
            (node, ..) => scalar(node, name),
        })
    }

    /// Keeps what an interface holds as a stream of its own.
    fn whole(&mut self, held: &Held) -> Result<Value, Error> {
        let is_part = std::mem::replace(&mut self.is_inside, true);
        let view = self.view(&held.node)?;
        self.is_inside = is_part;
        if is_part {
            return Ok(Value::Opaque(Box::new(Opaque::new(&held.name, &[], view))));
        }
        let mut own = Types::empty();
        let node = Taker::new(self.types, &mut own, &mut self.left_types).interface(held)?;
        let bytes = write::stream(&own, types::INTERFACE, &node);
        self.left = self.left.checked_sub(bytes.len()).ok_or_else(too_many)?;
        Ok(Value::Opaque(Box::new(Opaque::new(&held.name, &bytes, view))))
    }

    /// Returns what can be seen of a value whose type the application made.
    fn view(&mut self, node: &Node) -> Result<Value, Error> {
        Ok(match node {
            Node::Bool(flag) => Value::Bool(*flag),
            Node::Int(number) => Value::Int(*number),
            Node::Uint(number) => Value::from_u64(*number),
            Node::Float(number) => Value::Float(*number),
            Node::Complex(real, imaginary) => Value::List([*real, *imaginary].map(Value::Float).to_vec()),
            Node::Text(bytes) => text(bytes),
            Node::Bytes(bytes) | Node::Encoded(bytes) => Value::Bytes(bytes.as_slice().into()),
            Node::Interface(None) => Value::Null,
            Node::Interface(Some(held)) => self.held(held)?,
            Node::Items(items) => Value::List(self.list(items)?),
            Node::Pairs(pairs) => Value::Map(self.map(pairs)?),
            Node::Struct(id, fields) => {
                let Some(Shape::Struct { fields: names }) = self.types.shape(*id) else { return Ok(Value::Null) };
                let pairs = fields.iter().filter_map(|(number, value)| Some((names.get(*number)?.0.as_str(), value)));
                let pairs = pairs.map(|(name, value)| Ok((Value::from(name), self.view(value)?)));
                Value::Map(Map::from_pairs(pairs.collect::<Result<_, Error>>()?))
            }
        })
    }
}

/// Returns the value of a basic type, if it is in its range.
fn scalar(node: &Node, name: &str) -> Option<Value> {
    let value = match (node, name) {
        (Node::Bool(flag), _) => Value::Bool(*flag),
        (Node::Int(number), _) => Value::Int(*number),
        (Node::Uint(number), _) => Value::from_u64(*number),
        (Node::Float(number), _) => Value::Float(*number),
        (Node::Text(bytes), "string") => return Some(text(bytes)),
        (Node::Bytes(bytes), "[]uint8") => return Some(Value::Bytes(bytes.as_slice().into())),
        _ => return None,
    };
    basic(name)?;
    to_basic(name, &value)?;
    let is_usual = matches!(name, "bool" | "int" | "float64");
    Some(if is_usual { value } else { Value::tagged(name.to_owned(), value) })
}

/// Returns the name of what a slice has; one of `uint8` is bytes.
fn element(name: &str) -> Option<&str> {
    name.strip_prefix("[]").filter(|of| *of != "uint8")
}

fn text(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // Text of Go may be any bytes.
        Err(_) => Value::tagged("string", Value::Bytes(bytes.into())),
    }
}

fn untagged(value: Value) -> Value {
    match value {
        Value::Tagged(tagged) if tagged.tag != "string" => tagged.value,
        value => value,
    }
}

/// Turns a map into the node of a `map[interface{}]interface{}`, and defines what it needs.
pub(super) fn to_map(map: &Map, types: &mut Types, limits: &Limits) -> Result<Node, Error> {
    let pairs =
        map.iter().map(|(key, value)| Ok((to_interface(key, types, limits)?, to_interface(value, types, limits)?)));
    Ok(Node::Pairs(pairs.collect::<Result<_, Error>>()?))
}

fn to_interface(value: &Value, types: &mut Types, limits: &Limits) -> Result<Node, Error> {
    if let Value::Opaque(opaque) = value {
        return again(opaque, types, limits);
    }
    let (name, of, node) = match value {
        Value::Null => return Ok(Node::Interface(None)),
        Value::Bool(flag) => ("bool", types::BOOL, Node::Bool(*flag)),
        Value::Int(number) => ("int", types::INT, Node::Int(*number)),
        Value::Float(number) => ("float64", types::FLOAT, Node::Float(*number)),
        Value::Text(text) => ("string", types::STRING, Node::Text(go_text(text)?)),
        Value::Bytes(bytes) => ("[]uint8", types::BYTES, Node::Bytes(bytes.to_vec())),
        Value::List(items) => {
            let items = items.iter().map(|item| to_interface(item, types, limits)).collect::<Result<_, _>>()?;
            (ANY_SLICE, types::ANY_SLICE, Node::Items(items))
        }
        Value::Map(map) if map.iter().all(|(key, _)| is_text(key)) => {
            (TEXT_MAP, types::TEXT_MAP, to_text_map(map, types, limits)?)
        }
        Value::Map(map) => (ANY_MAP, types::ANY_MAP, to_map(map, types, limits)?),
        Value::Tagged(tagged) => to_typed(&tagged.tag, &tagged.value, types, limits)?,
        Value::Big(_) | Value::Opaque(_) => return Err(refuse("a number beyond 64 bits")),
    };
    Ok(Node::Interface(Some(Box::new(Held { name: name.to_owned(), of, node }))))
}

fn to_text_map(map: &Map, types: &mut Types, limits: &Limits) -> Result<Node, Error> {
    let pairs = map.iter().map(|(key, value)| {
        let key = to_basic("string", key).ok_or_else(|| refuse("a key with half a character"))?;
        Ok((key, to_interface(value, types, limits)?))
    });
    Ok(Node::Pairs(pairs.collect::<Result<_, Error>>()?))
}

/// Tells whether a value is a `string` of Go, which may be any bytes.
fn is_text(value: &Value) -> bool {
    match value {
        Value::Text(_) => true,
        Value::Tagged(tagged) => tagged.tag == "string",
        _ => false,
    }
}

type Typed<'t> = (&'t str, TypeId, Node);

fn to_typed<'t>(tag: &'t str, value: &Value, types: &mut Types, limits: &Limits) -> Result<Typed<'t>, Error> {
    if let Some(of) = basic(tag) {
        let node = to_basic(tag, value).ok_or_else(|| refuse(&format!("{tag:?} of such a value")))?;
        return Ok((tag, of, node));
    }
    match (tag, value) {
        (ANY_MAP, Value::Map(map)) => Ok((tag, types::ANY_MAP, to_map(map, types, limits)?)),
        (TIME, Value::Text(text)) => {
            let bytes = text.as_str().and_then(time::write).ok_or_else(|| refuse("a time that is none"))?;
            let of = types.intern(Wire { name: "Time".to_owned(), shape: Shape::Encoder { way: 0 } });
            Ok((tag, of, Node::Encoded(bytes)))
        }
        (_, Value::List(items)) => {
            let of = element(tag).filter(|of| basic(of).is_some());
            let name = of.ok_or_else(|| refuse(&format!("{tag:?}")))?;
            let items: Option<_> = items.iter().map(|item| to_basic(name, item)).collect();
            let items = items.ok_or_else(|| refuse(&format!("{tag:?} of such values")))?;
            let of = types
                .intern(Wire { name: tag.to_owned(), shape: Shape::Slice { of: basic(name).unwrap_or_default() } });
            Ok((tag, of, Node::Items(items)))
        }
        _ => Err(refuse(&format!("{tag:?}"))),
    }
}

/// Returns the node of a basic type, if the value is in its range.
fn to_basic(name: &str, value: &Value) -> Option<Node> {
    let (least, most): (i64, u64) = match name {
        "int8" => (i8::MIN.into(), i8::MAX.unsigned_abs().into()),
        "int16" => (i16::MIN.into(), i16::MAX.unsigned_abs().into()),
        "int32" => (i32::MIN.into(), i32::MAX.unsigned_abs().into()),
        "int" | "int64" => (i64::MIN, i64::MAX.unsigned_abs()),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        _ => (0, u64::MAX),
    };
    Some(match (name, value) {
        ("bool", Value::Bool(flag)) => Node::Bool(*flag),
        ("string", Value::Text(text)) => Node::Text(go_text(text).ok()?),
        ("string", Value::Bytes(bytes)) => Node::Text(bytes.to_vec()),
        ("string", Value::Tagged(tagged)) => return to_basic(name, &tagged.value),
        ("float32" | "float64", Value::Float(number)) => Node::Float(*number),
        _ if name.starts_with("int") => Node::Int(match value {
            Value::Int(number) if *number >= least && (*number < 0 || number.unsigned_abs() <= most) => *number,
            _ => return None,
        }),
        _ if name.starts_with("uint") => Node::Uint(match value {
            Value::Int(number) => u64::try_from(*number).ok().filter(|number| *number <= most)?,
            Value::Big(digits) => digits.parse().ok().filter(|number| *number <= most)?,
            _ => return None,
        }),
        _ => return None,
    })
}

/// Takes the stream of an opaque value apart, and its types over.
fn again(opaque: &Opaque, types: &mut Types, limits: &Limits) -> Result<Node, Error> {
    if opaque.bytes().is_empty() {
        return Err(refuse(&format!("{:?}", opaque.class())));
    }
    let stream = read::read(opaque.bytes(), limits).map_err(|_| refuse(&format!("{:?}", opaque.class())))?;
    match &stream.node {
        Node::Interface(Some(held)) => {
            Taker::new(&stream.types, types, &mut limits.values.saturating_mul(COPIES)).interface(held)
        }
        _ => Err(refuse(&format!("{:?}", opaque.class()))),
    }
}

/// Takes values over from one stream into another, and their types.
struct Taker<'t> {
    from: &'t Types,
    to: &'t mut Types,
    /// The numbers there of what was taken over.
    ids: HashMap<TypeId, TypeId>,
    left: &'t mut usize,
}

impl<'t> Taker<'t> {
    fn new(from: &'t Types, to: &'t mut Types, left: &'t mut usize) -> Self {
        Self { from, to, ids: HashMap::new(), left }
    }

    fn interface(&mut self, held: &Held) -> Result<Node, Error> {
        let of = match self.ids.get(&held.of) {
            Some(of) => *of,
            None => self.to.take(self.from, held.of, self.left).ok_or_else(too_many)?,
        };
        self.ids.insert(held.of, of);
        let node = self.node(&held.node)?;
        Ok(Node::Interface(Some(Box::new(Held { name: held.name.clone(), of, node }))))
    }

    fn node(&mut self, node: &Node) -> Result<Node, Error> {
        Ok(match node {
            Node::Interface(Some(held)) => self.interface(held)?,
            Node::Items(items) => Node::Items(items.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?),
            Node::Pairs(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((self.node(key)?, self.node(value)?)));
                Node::Pairs(pairs.collect::<Result<_, Error>>()?)
            }
            // The number of its type is the key to its names, and is not written: only what holds it says its type.
            Node::Struct(id, fields) => {
                let fields = fields.iter().map(|(number, field)| Ok((*number, self.node(field)?)));
                Node::Struct(*id, fields.collect::<Result<_, Error>>()?)
            }
            other => other.clone(),
        })
    }
}

fn go_text(text: &Text) -> Result<Vec<u8>, Error> {
    text.as_str().map(|text| text.as_bytes().to_vec()).ok_or_else(|| refuse("text with half a character"))
}

fn too_many() -> Error {
    Error::too_large(Format::Gob, 0, "its types are too many for its values")
}

fn refuse(what: &str) -> Error {
    Error::read_only(Format::Gob, format!("it has no place for {what}"))
}
