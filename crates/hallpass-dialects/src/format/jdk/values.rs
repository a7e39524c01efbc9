//! From a graph of objects to a neutral value, by the names of their classes.

use num_bigint::{BigInt, Sign};

use super::graph::{Graph, Id, Level, Node, Object, Slot};
use super::{time, utf};
use crate::error::{Error, Format};
use crate::limits::{Budget, Limits};
use crate::value::{Map, Opaque, TextBuilder, Value};

/// What was read, and whether [`write`](super::write()) would write the same.
pub(super) struct Read {
    pub(super) value: Value,
    pub(super) class: String,
    pub(super) is_writable: bool,
}

pub(super) fn to_value(graph: &Graph, limits: &Limits, bytes: &[u8]) -> Result<Read, Error> {
    let budget = Budget::new(Format::Jdk, limits, bytes)?;
    let is_open = vec![false; graph.nodes.len()];
    let mut viewer = Viewer {
        graph,
        budget,
        is_open,
        is_writable: true,
        written: Cost { values: 100, bytes: 2048 },
        at: bytes.len(),
    };
    let value = viewer.reference(graph.root)?;
    let class = graph.root.map_or("null", |root| class_of(graph, root)).to_owned();
    // What is shared is written at each place.
    let fits = viewer.written.values <= limits.values && viewer.written.bytes <= limits.bytes;
    Ok(Read { value, class, is_writable: viewer.is_writable && fits })
}

/// What reading a value would take once it is written, besides the descriptions of classes and the name of the value.
struct Cost {
    values: usize,
    bytes: usize,
}

fn class_of(graph: &Graph, id: Id) -> &str {
    match graph.node(id) {
        Node::Object(object) => &graph.class(object.class).name,
        Node::Bytes(class, _) | Node::Array(class, _) | Node::Enum(class, _) => &graph.class(*class).name,
        Node::Class(_) => "java.lang.Class",
        Node::Text(_) => "java.lang.String",
        Node::Open => "an object",
    }
}

struct Viewer<'g> {
    graph: &'g Graph,
    budget: Budget,
    /// Whether an object is being looked at: who meets such a one went in a circle.
    is_open: Vec<bool>,
    is_writable: bool,
    written: Cost,
    at: usize,
}

impl Viewer<'_> {
    fn reference(&mut self, id: Option<Id>) -> Result<Value, Error> {
        self.budget.descend(self.at)?;
        let value = match id {
            Some(id) => self.present(id)?,
            None => Value::Null,
        };
        self.budget.ascend();
        // An object has its mark, its class and at most two classes above that.
        self.written.values += if matches!(value, Value::Null | Value::Text(_)) { 1 } else { 4 };
        // The longest are the marks, the counts and the end of a map.
        self.written.bytes += match &value {
            Value::Text(text) => utf::length(text) + 9,
            _ => 32,
        };
        Ok(value)
    }

    fn present(&mut self, id: Id) -> Result<Value, Error> {
        // What is used often, and the name of its class, are counted as the memory that they take.
        self.budget.spend(1 + class_of(self.graph, id).len() / 64, self.at)?;
        match self.graph.node(id) {
            Node::Text(text) => return self.weighed(Value::Text(text.clone())),
            Node::Enum(class, name) => {
                self.is_writable = false;
                return self.weighed(Value::tagged(self.graph.class(*class).name.clone(), Value::Text(name.clone())));
            }
            Node::Class(class) => {
                self.is_writable = false;
                return self.weighed(Value::tagged("java.lang.Class", self.graph.class(*class).name.as_str().into()));
            }
            // An object may lead back to itself: what is seen of it ends there.
            _ if self.is_open[id.0] => {
                self.is_writable = false;
                return Ok(unknown(class_of(self.graph, id), Value::Null));
            }
            Node::Open | Node::Object(_) | Node::Bytes(..) | Node::Array(..) => {}
        }
        self.is_open[id.0] = true;
        let value = self.composite(id)?;
        self.is_open[id.0] = false;
        Ok(value)
    }

    fn composite(&mut self, id: Id) -> Result<Value, Error> {
        match self.graph.node(id) {
            Node::Object(object) => self.object(object),
            Node::Bytes(_, bytes) => {
                self.is_writable = false;
                self.weighed(Value::Bytes(bytes.as_slice().into()))
            }
            Node::Array(class, items) => {
                self.is_writable = false;
                let items = items.iter().map(|item| self.slot(*item)).collect::<Result<_, _>>()?;
                Ok(Value::tagged(self.graph.class(*class).name.clone(), Value::List(items)))
            }
            _ => Ok(Value::Null),
        }
    }

    fn slot(&mut self, slot: Slot) -> Result<Value, Error> {
        self.budget.spend(1, self.at)?;
        Ok(match slot {
            Slot::Byte(number) => Value::Int(number.into()),
            Slot::Char(unit) => character(unit),
            Slot::Double(number) => Value::Float(number),
            Slot::Float(number) => Value::Float(number.into()),
            Slot::Int(number) => Value::Int(number.into()),
            Slot::Long(number) => Value::Int(number),
            Slot::Short(number) => Value::Int(number.into()),
            Slot::Bool(flag) => Value::Bool(flag),
            Slot::Object(id) => self.reference(id)?,
        })
    }

    fn object(&mut self, object: &Object) -> Result<Value, Error> {
        let name = self.graph.class(object.class).name.as_str();
        let known = match name {
            "java.lang.Integer" | "java.lang.Boolean" | "java.lang.Double" => self.wrapped(object, name),
            "java.lang.Long" | "java.lang.Short" | "java.lang.Byte" | "java.lang.Float" | "java.lang.Character" => {
                self.wrapped(object, name).map(|value| Value::tagged(name.to_owned(), value))
            }
            "java.util.ArrayList" if self.has_only(object, &["size"]) => return self.sized_list(object, name, true),
            "java.util.HashMap" if self.has_only(object, &["loadFactor", "threshold"]) => {
                return self.map(object, "java.util.HashMap", name);
            }
            "java.util.ArrayList" | "java.util.HashMap" => None,
            _ => {
                self.is_writable = false;
                return self.seen(object, name);
            }
        };
        match known {
            Some(value) => Ok(value),
            // Somebody else's class, under a name of Java's.
            None => self.fields(object, name),
        }
    }

    /// Tells whether an object has these fields and nothing from classes above its own: what else there is would be lost.
    fn has_only(&self, object: &Object, fields: &[&str]) -> bool {
        let Some((own, above)) = object.levels.split_last() else { return false };
        let is_number = |level: &Level| {
            let class = self.graph.class(level.class);
            class.name == "java.lang.Number"
                && class.fields.is_empty()
                && level.blocks.is_empty()
                && level.objects.is_empty()
        };
        let names = self.graph.class(own.class).fields.iter().map(|(_, name)| name.as_str());
        names.eq(fields.iter().copied()) && above.len() <= 1 && above.iter().all(is_number)
    }

    /// Returns the number, or what else is in one of Java's classes around its primitive types.
    fn wrapped(&mut self, object: &Object, name: &str) -> Option<Value> {
        let level =
            object.level(self.graph, name).filter(|level| level.blocks.is_empty() && level.objects.is_empty())?;
        let slot = level.field(self.graph, "value").filter(|_| self.has_only(object, &["value"]))?;
        let is_own = matches!(
            (name, slot),
            ("java.lang.Integer", Slot::Int(_))
                | ("java.lang.Boolean", Slot::Bool(_))
                | ("java.lang.Double", Slot::Double(_))
                | ("java.lang.Long", Slot::Long(_))
                | ("java.lang.Short", Slot::Short(_))
                | ("java.lang.Byte", Slot::Byte(_))
                | ("java.lang.Float", Slot::Float(_))
                | ("java.lang.Character", Slot::Char(_))
        );
        if is_own { self.slot(slot).ok() } else { None }
    }

    /// Looks at what can be read and not be written.
    fn seen(&mut self, object: &Object, name: &str) -> Result<Value, Error> {
        let graph = self.graph;
        let level = |class: &str| object.level(graph, class);
        let block_of = |class: &str| level(class).map(|level| level.blocks.as_slice());
        let simple = match name {
            "java.util.Date" => {
                block_of(name).and_then(|block| block.try_into().ok()).map(i64::from_be_bytes).map(Value::Int)
            }
            "java.util.UUID" => level(name).and_then(|level| uuid(level, graph)),
            "java.math.BigInteger" => level(name).and_then(|level| big_integer(level, graph)),
            "java.math.BigDecimal" => level(name).and_then(|level| big_decimal(level, graph)),
            "java.time.Ser" => {
                let read = block_of(name).and_then(time::read);
                return Ok(
                    read.map_or_else(|| unknown(name, Value::Null), |(class, text)| Value::tagged(class, text.into()))
                );
            }
            _ => None,
        };
        if let Some(value) = simple {
            return self.weighed(Value::tagged(name.to_owned(), value));
        }
        match name {
            "java.util.LinkedList" | "java.util.ArrayDeque" => self.sized_list(object, name, false),
            "java.util.LinkedHashMap" => self.map(object, "java.util.HashMap", name),
            "java.util.TreeMap" => self.map(object, name, name),
            "java.util.HashSet" => self.items(object, name, name, 0),
            "java.util.LinkedHashSet" => self.items(object, "java.util.HashSet", name, 0),
            // Before its elements is what compares them.
            "java.util.TreeSet" => self.items(object, name, name, 1),
            "java.util.CollSer" => self.immutable(object, name),
            "java.util.Arrays$ArrayList" => self.inner(object, name, name, "a"),
            "java.util.Collections$EmptyList" => Ok(Value::tagged(name.to_owned(), Value::List(Vec::new()))),
            "java.util.Collections$SingletonList" => {
                let element = level(name).and_then(|level| level.field(graph, "element"));
                let Some(Slot::Object(element)) = element else { return self.fields(object, name) };
                let element = self.reference(element)?;
                Ok(Value::tagged(name.to_owned(), Value::List(vec![element])))
            }
            "java.util.Collections$UnmodifiableCollection"
            | "java.util.Collections$UnmodifiableList"
            | "java.util.Collections$UnmodifiableRandomAccessList"
            | "java.util.Collections$UnmodifiableSet" => {
                self.inner(object, "java.util.Collections$UnmodifiableCollection", name, "c")
            }
            "java.util.Collections$UnmodifiableMap" => self.inner(object, name, name, "m"),
            _ => self.fields(object, name),
        }
    }

    /// A list with its size in a field (`ArrayList`) or in what it wrote itself.
    fn sized_list(&mut self, object: &Object, name: &str, has_field: bool) -> Result<Value, Error> {
        let Some(level) = object.level(self.graph, name) else { return self.fields(object, name) };
        let size = if has_field {
            match level.field(self.graph, "size") {
                Some(Slot::Int(size)) => Some(size),
                _ => None,
            }
        } else {
            level.blocks.first_chunk().copied().map(i32::from_be_bytes)
        };
        if size.and_then(|size| usize::try_from(size).ok()) != Some(level.objects.len()) {
            return Err(Error::malformed(Format::Jdk, self.at, "a list has another size than it says"));
        }
        let items = self.references(&level.objects)?;
        Ok(if has_field { Value::List(items) } else { Value::tagged(name.to_owned(), Value::List(items)) })
    }

    fn items(&mut self, object: &Object, class: &str, name: &str, from: usize) -> Result<Value, Error> {
        let items = object.level(self.graph, class).and_then(|level| level.objects.get(from..));
        let Some(items) = items else { return self.fields(object, name) };
        let items = self.references(items)?;
        Ok(Value::tagged(name.to_owned(), Value::List(items)))
    }

    fn map(&mut self, object: &Object, class: &str, name: &str) -> Result<Value, Error> {
        let Some(level) = object.level(self.graph, class) else { return self.fields(object, name) };
        let size = level.blocks.last_chunk().copied().map(i32::from_be_bytes);
        let (pairs, rest) = level.objects.as_chunks::<2>();
        if size.and_then(|size| usize::try_from(size).ok()) != Some(pairs.len()) || !rest.is_empty() {
            return Err(Error::malformed(Format::Jdk, self.at, "a map has another size than it says"));
        }
        let pairs = pairs.iter().map(|[key, value]| Ok((self.reference(*key)?, self.reference(*value)?)));
        let map = Value::Map(Map::from_pairs(pairs.collect::<Result<_, Error>>()?));
        Ok(if name == "java.util.HashMap" { map } else { Value::tagged(name.to_owned(), map) })
    }

    /// What `List.of`, `Set.of` and `Map.of` are written as.
    fn immutable(&mut self, object: &Object, name: &str) -> Result<Value, Error> {
        let level = object.level(self.graph, name);
        let Some((level, Some(Slot::Int(tag)))) = level.map(|level| (level, level.field(self.graph, "tag"))) else {
            return self.fields(object, name);
        };
        let items = self.references(&level.objects)?;
        if tag & 0xff != 3 {
            return Ok(Value::tagged(name.to_owned(), Value::List(items)));
        }
        let mut items = items.into_iter();
        let mut pairs = Vec::new();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            pairs.push((key, value));
        }
        Ok(Value::tagged(name.to_owned(), Value::Map(Map::from_pairs(pairs))))
    }

    /// A collection around another one.
    fn inner(&mut self, object: &Object, class: &str, name: &str, field: &str) -> Result<Value, Error> {
        let inner = object.level(self.graph, class).and_then(|level| level.field(self.graph, field));
        let Some(Slot::Object(inner)) = inner else { return self.fields(object, name) };
        let value = self.reference(inner)?;
        Ok(Value::tagged(name.to_owned(), value))
    }

    /// Any other object: its fields under their names, and those of the classes above it.
    fn fields(&mut self, object: &Object, name: &str) -> Result<Value, Error> {
        self.is_writable = false;
        let mut pairs = Vec::new();
        for level in &object.levels {
            let names: Vec<&str> = self.graph.class(level.class).fields.iter().map(|(_, name)| name.as_str()).collect();
            for (name, slot) in names.into_iter().zip(&level.fields) {
                let name = self.weighed(name.into())?;
                pairs.push((name, self.slot(*slot)?));
            }
        }
        Ok(unknown(name, Value::Map(Map::from_pairs(pairs))))
    }

    /// Counts the memory of a value that has no parts.
    fn weighed(&mut self, value: Value) -> Result<Value, Error> {
        self.budget.spend(value.weight(), self.at)?;
        Ok(value)
    }

    fn references(&mut self, ids: &[Option<Id>]) -> Result<Vec<Value>, Error> {
        ids.iter().map(|id| self.reference(*id)).collect()
    }
}

/// A part of what has its bytes.
fn unknown(class: &str, view: Value) -> Value {
    Value::Opaque(Box::new(Opaque::new(class, &[], view)))
}

fn character(unit: u16) -> Value {
    let mut text = TextBuilder::default();
    text.push_unit(unit);
    Value::Text(text.finish())
}

fn uuid(level: &Level, graph: &Graph) -> Option<Value> {
    let (Slot::Long(high), Slot::Long(low)) = (level.field(graph, "mostSigBits")?, level.field(graph, "leastSigBits")?)
    else {
        return None;
    };
    let hex = format!("{high:016x}{low:016x}");
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Some(parts.join("-").into())
}

fn big_integer(level: &Level, graph: &Graph) -> Option<Value> {
    Some(Value::from_big(&magnitude(level, graph)?))
}

fn magnitude(level: &Level, graph: &Graph) -> Option<BigInt> {
    let (Slot::Int(sign), Slot::Object(Some(id))) = (level.field(graph, "signum")?, level.field(graph, "magnitude")?)
    else {
        return None;
    };
    let Node::Bytes(_, bytes) = graph.node(id) else { return None };
    let sign = match sign {
        -1 => Sign::Minus,
        0 => Sign::NoSign,
        1 => Sign::Plus,
        _ => return None,
    };
    // As many as have 4,300 decimal digits.
    (bytes.len() <= 1786).then(|| BigInt::from_bytes_be(sign, bytes))
}

fn big_decimal(level: &Level, graph: &Graph) -> Option<Value> {
    let (Slot::Int(scale), Slot::Object(Some(id))) = (level.field(graph, "scale")?, level.field(graph, "intVal")?)
    else {
        return None;
    };
    let Node::Object(number) = graph.node(id) else { return None };
    let digits = magnitude(number.level(graph, "java.math.BigInteger")?, graph)?.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let scale = match usize::try_from(scale) {
        Ok(0) => return Some(format!("{sign}{digits}").into()),
        Ok(scale) if scale <= 5000 => scale,
        _ => return Some(format!("{sign}{digits}E{}", -i64::from(scale)).into()),
    };
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, part) = padded.split_at(padded.len() - scale);
    Some(format!("{sign}{whole}.{part}").into())
}
