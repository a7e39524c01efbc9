use super::node::{Held, Node, Stream};
use super::types::{self, Shape, TypeId, Types, Wire};
use crate::cursor::Cursor;
use crate::error::{Error, Format};
use crate::limits::{Budget, Limits};

/// As many as a struct of Go could reasonably have.
const MOST_FIELDS: usize = 1024;
const LONGEST_NAME: u64 = 1024;

/// Reads the definitions and the first value of a stream.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Stream, Error> {
    let budget = Budget::new(Format::Gob, limits, bytes)?;
    let mut reader = Reader { cursor: Cursor::new(Format::Gob, bytes), types: Types::empty(), budget, end: 0 };
    let node = reader.stream()?;
    Ok(Stream { types: reader.types, node })
}

struct Reader<'b> {
    cursor: Cursor<'b>,
    types: Types,
    budget: Budget,
    /// Where what is being read has to end, as its length says.
    end: usize,
}

impl<'b> Reader<'b> {
    fn stream(&mut self) -> Result<Node, Error> {
        loop {
            self.begin()?;
            let id = self.int()?;
            if id < 0 {
                self.definition(id)?;
                self.finish()?;
                continue;
            }
            let node = self.prefixed(id)?;
            self.finish()?;
            if !self.types.are_whole() {
                return Err(self.cursor.error("a type is made of one that is not defined"));
            }
            return Ok(node);
        }
    }

    /// Takes the length of what comes next.
    fn begin(&mut self) -> Result<(), Error> {
        let length = self.uint()?;
        let length = self.cursor.count(length, 1)?;
        self.end = self.cursor.at() + length;
        Ok(())
    }

    fn finish(&self) -> Result<(), Error> {
        if self.cursor.at() == self.end {
            return Ok(());
        }
        Err(self.cursor.error("a value has not the length that it says"))
    }

    /// Takes a value behind the zero that all have before them which are no structs.
    fn prefixed(&mut self, id: TypeId) -> Result<Node, Error> {
        let is_struct = matches!(self.types.shape(id), Some(Shape::Struct { .. }));
        if !is_struct && self.uint()? != 0 {
            return Err(self.cursor.error("a value does not begin with a zero"));
        }
        self.node(id)
    }

    fn node(&mut self, id: TypeId) -> Result<Node, Error> {
        let at = self.cursor.at();
        self.budget.spend(1, at)?;
        Ok(match id {
            types::BOOL => match self.uint()? {
                0 => Node::Bool(false),
                1 => Node::Bool(true),
                _ => return Err(self.cursor.error("neither true nor false")),
            },
            types::INT => Node::Int(self.int()?),
            types::UINT => Node::Uint(self.uint()?),
            types::FLOAT => Node::Float(self.float()?),
            types::COMPLEX => Node::Complex(self.float()?, self.float()?),
            types::BYTES => Node::Bytes(self.bytes()?.to_vec()),
            types::STRING => Node::Text(self.bytes()?.to_vec()),
            types::INTERFACE => self.nested(Self::interface)?,
            _ => {
                let shape = self.types.shape(id).cloned();
                let shape = shape.ok_or_else(|| self.cursor.error("a type is not defined"))?;
                self.nested(|reader| reader.composite(id, &shape))?
            }
        })
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Node, Error>) -> Result<Node, Error> {
        self.budget.descend(self.cursor.at())?;
        let node = read(self)?;
        self.budget.ascend();
        Ok(node)
    }

    fn composite(&mut self, id: TypeId, shape: &Shape) -> Result<Node, Error> {
        Ok(match shape {
            Shape::Array { of, length } => {
                let count = self.uint()?;
                if i64::try_from(count) != Ok(*length) {
                    return Err(self.cursor.error("an array has another length than its type"));
                }
                self.items(*of, count)?
            }
            Shape::Slice { of } => {
                let count = self.uint()?;
                self.items(*of, count)?
            }
            Shape::Map { key, value } => {
                let count = self.uint()?;
                let count = self.cursor.count(count, 2)?;
                let pairs = (0..count).map(|_| Ok((self.node(*key)?, self.node(*value)?)));
                Node::Pairs(pairs.collect::<Result<_, Error>>()?)
            }
            Shape::Struct { fields } => {
                let mut found = Vec::new();
                self.fields(&mut |reader, number| {
                    let (_, of) =
                        fields.get(number).ok_or_else(|| reader.cursor.error("a struct has no such field"))?;
                    found.push((number, reader.node(*of)?));
                    Ok(())
                })?;
                Node::Struct(id, found)
            }
            Shape::Encoder { .. } => Node::Encoded(self.bytes()?.to_vec()),
        })
    }

    fn items(&mut self, of: TypeId, count: u64) -> Result<Node, Error> {
        let count = self.cursor.count(count, 1)?;
        Ok(Node::Items((0..count).map(|_| self.node(of)).collect::<Result<_, _>>()?))
    }

    fn interface(&mut self) -> Result<Node, Error> {
        let name = self.name()?;
        if name.is_empty() {
            return Ok(Node::Interface(None));
        }
        let of = loop {
            let id = self.int()?;
            if id >= 0 {
                break id;
            }
            // Go writes what it has of a value before the definition as one message, and goes on in another.
            self.definition(id)?;
            self.finish()?;
            self.begin()?;
        };
        let outer = self.end;
        self.begin()?;
        let node = self.prefixed(of)?;
        self.finish()?;
        self.end = outer;
        Ok(Node::Interface(Some(Box::new(Held { name, of, node }))))
    }

    /// Takes the definition of the type `-id`: a struct with one field of seven, by the kind of type.
    fn definition(&mut self, id: TypeId) -> Result<(), Error> {
        let at = self.cursor.at();
        self.budget.spend(1, at)?;
        let own = id.checked_neg().filter(|id| *id >= types::FIRST);
        let own = own.ok_or_else(|| self.cursor.error("a type of Go's own is defined anew"))?;
        let mut wire = None;
        self.fields(&mut |reader, kind| {
            wire = Some(reader.wire(kind)?);
            Ok(())
        })?;
        let wire = wire.ok_or_else(|| self.cursor.error("a type is defined as nothing"))?;
        if self.types.define(own, wire) {
            return Ok(());
        }
        Err(self.cursor.error("a type is defined twice"))
    }

    fn wire(&mut self, kind: usize) -> Result<Wire, Error> {
        let mut name = String::new();
        let mut numbers = [0; 2];
        let mut fields = Vec::new();
        self.fields(&mut |reader, number| {
            match (kind, number) {
                (_, 0) => (name, _) = reader.named()?,
                (2, 1) => fields = reader.members()?,
                (0 | 3, 1 | 2) | (1, 1) => numbers[number - 1] = reader.int()?,
                _ => return Err(reader.cursor.error("there is no such kind of type")),
            }
            Ok(())
        })?;
        let [first, second] = numbers;
        if kind > 6 {
            return Err(self.cursor.error("there is no such kind of type"));
        }
        let shape = match kind {
            0 => Shape::Array { of: first, length: second },
            1 => Shape::Slice { of: first },
            2 => Shape::Struct { fields },
            3 => Shape::Map { key: first, value: second },
            _ => Shape::Encoder { way: u8::try_from(kind - 4).unwrap_or_default() },
        };
        Ok(Wire { name, shape })
    }

    fn members(&mut self) -> Result<Vec<(String, TypeId)>, Error> {
        let count = self.uint()?;
        let count = self.cursor.count(count, 1)?;
        if count > MOST_FIELDS {
            return Err(Error::too_large(Format::Gob, self.cursor.at(), "a struct has too many fields"));
        }
        self.budget.spend(count, self.cursor.at())?;
        (0..count).map(|_| self.named()).collect()
    }

    /// Takes a struct of a name and a number, which both a type and a field of one are.
    fn named(&mut self) -> Result<(String, TypeId), Error> {
        let (mut name, mut id) = (String::new(), 0);
        self.fields(&mut |reader, number| {
            match number {
                0 => name = reader.name()?,
                1 => id = reader.int()?,
                _ => return Err(reader.cursor.error("a struct has no such field")),
            }
            Ok(())
        })?;
        Ok((name, id))
    }

    /// Takes the fields of a struct: each behind the distance to the one before, up to a zero.
    fn fields(&mut self, read: &mut dyn FnMut(&mut Self, usize) -> Result<(), Error>) -> Result<(), Error> {
        let mut next = 0_usize;
        loop {
            let distance = self.uint()?;
            if distance == 0 {
                return Ok(());
            }
            let number = usize::try_from(distance - 1).ok().and_then(|distance| next.checked_add(distance));
            let number = number.ok_or_else(|| self.cursor.error("a struct has no such field"))?;
            read(self, number)?;
            next = number.saturating_add(1);
        }
    }

    fn name(&mut self) -> Result<String, Error> {
        let length = self.uint()?;
        if length > LONGEST_NAME {
            return Err(Error::too_large(Format::Gob, self.cursor.at(), "the name of a type is too long"));
        }
        let name = self.cursor.declared(length)?;
        String::from_utf8(name.to_vec()).map_err(|_| self.cursor.error("the name of a type is not UTF-8"))
    }

    fn bytes(&mut self) -> Result<&'b [u8], Error> {
        let length = self.uint()?;
        self.cursor.declared(length)
    }

    /// Floats have their bytes reversed, so that the usual ones are short.
    fn float(&mut self) -> Result<f64, Error> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    fn int(&mut self) -> Result<i64, Error> {
        let bits = self.uint()?;
        let number = i64::try_from(bits >> 1).map_err(|_| self.cursor.error("a number is out of range"))?;
        Ok(if bits & 1 == 0 { number } else { !number })
    }

    fn uint(&mut self) -> Result<u64, Error> {
        let first = self.cursor.u8()?;
        if first < 128 {
            return Ok(first.into());
        }
        let length = usize::from(first.wrapping_neg());
        if length > 8 {
            return Err(self.cursor.error("a number is out of range"));
        }
        Ok(self.cursor.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}
