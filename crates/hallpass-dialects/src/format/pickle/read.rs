use num_bigint::BigInt;

use super::class::Class;
use super::object;
use super::tree::{Id, Node, Tree};
use crate::cursor::Cursor;
use crate::error::{Error, Format};
use crate::limits::{Budget, Limits};
use crate::value::{Text, Value};

/// Reads one value; what comes behind its end is ignored, as Python does.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Value, Error> {
    let budget = Budget::new(Format::Pickle, limits, bytes)?;
    let mut machine = Machine {
        cursor: Cursor::new(Format::Pickle, bytes),
        budget: budget.clone(),
        tree: Tree::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
    };
    let root = machine.run()?;
    machine.tree.into_value(root, budget, machine.cursor.at())
}

struct Machine<'b> {
    cursor: Cursor<'b>,
    /// Every value that is made is counted, also one that is dropped again.
    budget: Budget,
    tree: Tree,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Id, Error> {
        loop {
            let at = self.cursor.at();
            let opcode = self.cursor.u8()?;
            if opcode == b'.' {
                return self.pop();
            }
            self.step(opcode, at)?;
        }
    }

    fn step(&mut self, opcode: u8, at: usize) -> Result<(), Error> {
        match opcode {
            0x80 if self.cursor.u8()? <= 5 => Ok(()),
            0x95 => self.frame(),
            b'(' => self.mark(),
            b'0' => self.pop().map(|_| ()),
            b'1' => self.above_mark().map(|_| ()),
            b'2' => self.stack.last().copied().ok_or_else(|| self.empty()).and_then(|top| self.push_id(top)),
            b'N' => self.push(Node::Value(Value::Null)),
            0x88 => self.push(Node::Value(Value::Bool(true))),
            0x89 => self.push(Node::Value(Value::Bool(false))),
            b'J' | b'K' | b'M' | b'I' | b'L' | 0x8a | 0x8b | b'F' | b'G' => self.number(opcode),
            b'X' | 0x8c | 0x8d | b'V' | b'S' | b'T' | b'U' => self.text(opcode),
            b'B' | b'C' | 0x8e | 0x96 => self.bytes(opcode),
            b']' => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            b')' => self.push(Node::Tuple(Vec::new())),
            0x8f => self.push(Node::Set(Vec::new())),
            b'l' | b't' | b'd' | 0x91 => self.collect(opcode),
            0x85..=0x87 => self.tuple(usize::from(opcode - 0x84)),
            b'a' | b'e' | 0x90 => self.extend(opcode),
            b's' | b'u' => self.set_items(opcode),
            b'p' | b'q' | b'r' | 0x94 => self.memoise(opcode),
            b'g' | b'h' | b'j' => self.recall(opcode),
            b'c' | 0x93 => self.class(opcode, at),
            b'R' | 0x81 => self.call(opcode, at),
            b'b' => self.build(at),
            _ => Err(Error::malformed(Format::Pickle, at, "an opcode that is not known, or not allowed")),
        }
    }

    /// A frame says how much of a stream to read at once; it has to be there.
    fn frame(&mut self) -> Result<(), Error> {
        let length = u64::from_le_bytes(self.cursor.array()?);
        self.cursor.count(length, 1).map(|_| ())
    }

    fn number(&mut self, opcode: u8) -> Result<(), Error> {
        let value = match opcode {
            b'J' => Value::Int(i32::from_le_bytes(self.cursor.array()?).into()),
            b'K' => Value::Int(self.cursor.u8()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(self.cursor.array()?).into()),
            b'G' => Value::Float(f64::from_be_bytes(self.cursor.array()?)),
            b'F' => Value::Float(self.parsed()?),
            b'I' | b'L' => self.decimal()?,
            0x8a => {
                let length = self.cursor.u8()?;
                self.long(length.into())?
            }
            _ => {
                let length = u32::from_le_bytes(self.cursor.array()?);
                self.long(length)?
            }
        };
        self.push(Node::Value(value))
    }

    /// `I00` and `I01` are how protocol 0 writes false and true.
    fn decimal(&mut self) -> Result<Value, Error> {
        let line = self.cursor.line()?;
        let digits = line.strip_suffix(b"L").unwrap_or(line);
        match digits {
            b"00" => return Ok(Value::Bool(false)),
            b"01" => return Ok(Value::Bool(true)),
            _ if digits.len() > 4300 => return Err(self.cursor.error("a number has too many digits")),
            _ => {}
        }
        let number = BigInt::parse_bytes(digits, 10).ok_or_else(|| self.cursor.error("a number is none"))?;
        Ok(Value::from_big(&number))
    }

    fn parsed(&mut self) -> Result<f64, Error> {
        let line = self.cursor.line()?;
        let number = str::from_utf8(line).ok().and_then(|line| line.parse().ok());
        number.ok_or_else(|| self.cursor.error("a number is none"))
    }

    fn long(&mut self, length: u32) -> Result<Value, Error> {
        // As many as have 4,300 decimal digits, which is what Python turns into text.
        if length > 1786 {
            return Err(self.cursor.error("a number has too many digits"));
        }
        let bytes = self.cursor.declared(length.into())?;
        Ok(match bytes.first_chunk::<8>() {
            Some(whole) if bytes.len() == 8 => Value::Int(i64::from_le_bytes(*whole)),
            _ => Value::from_big(&BigInt::from_signed_bytes_le(bytes)),
        })
    }

    fn text(&mut self, opcode: u8) -> Result<(), Error> {
        let text = match opcode {
            b'V' => object::raw_unicode_escape(self.cursor.line()?),
            b'S' => object::quoted(self.cursor.line()?),
            b'T' | b'U' => {
                // `str` of Python 2, which is taken for ASCII.
                let length =
                    if opcode == b'T' { u32::from_le_bytes(self.cursor.array()?) } else { self.cursor.u8()?.into() };
                let bytes = self.cursor.declared(length.into())?;
                Some(bytes).filter(|bytes| bytes.is_ascii()).and_then(Text::from_bytes)
            }
            _ => {
                let length = match opcode {
                    b'X' => u32::from_le_bytes(self.cursor.array()?).into(),
                    0x8c => self.cursor.u8()?.into(),
                    _ => u64::from_le_bytes(self.cursor.array()?),
                };
                Text::from_bytes(self.cursor.declared(length)?)
            }
        };
        let text = text.ok_or_else(|| self.cursor.error("text is not in its encoding"))?;
        self.push(Node::Value(Value::Text(text)))
    }

    fn bytes(&mut self, opcode: u8) -> Result<(), Error> {
        let length = match opcode {
            b'B' => u32::from_le_bytes(self.cursor.array()?).into(),
            b'C' => self.cursor.u8()?.into(),
            _ => u64::from_le_bytes(self.cursor.array()?),
        };
        let bytes = Value::Bytes(self.cursor.declared(length)?.into());
        self.push(Node::Value(if opcode == 0x96 { Value::tagged("bytearray", bytes) } else { bytes }))
    }

    fn collect(&mut self, opcode: u8) -> Result<(), Error> {
        let items = self.above_mark()?;
        let node = match opcode {
            b'l' => Node::List(items),
            b't' => Node::Tuple(items),
            0x91 => Node::FrozenSet(items),
            _ => Node::Dict(self.pairs(&items)?),
        };
        self.push(node)
    }

    fn pairs(&self, items: &[Id]) -> Result<Vec<(Id, Id)>, Error> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.cursor.error("a key has no value"));
        }
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn tuple(&mut self, length: usize) -> Result<(), Error> {
        let from = self.stack.len().checked_sub(length).filter(|from| *from >= self.floor());
        let items = self.stack.split_off(from.ok_or_else(|| self.empty())?);
        self.push(Node::Tuple(items))
    }

    fn extend(&mut self, opcode: u8) -> Result<(), Error> {
        let mut added = if opcode == b'a' { vec![self.pop()?] } else { self.above_mark()? };
        let target = self.top()?;
        match (self.tree.node_mut(target), opcode) {
            (Node::List(items), b'a' | b'e') | (Node::Set(items), 0x90) => items.append(&mut added),
            _ => return Err(self.cursor.error("an item is added to what takes none")),
        }
        Ok(())
    }

    fn set_items(&mut self, opcode: u8) -> Result<(), Error> {
        let items = if opcode == b's' {
            let value = self.pop()?;
            vec![self.pop()?, value]
        } else {
            self.above_mark()?
        };
        let mut added = self.pairs(&items)?;
        let target = self.top()?;
        match self.tree.node_mut(target) {
            Node::Dict(pairs) => pairs.append(&mut added),
            _ => return Err(self.cursor.error("an item is set in what has none")),
        }
        Ok(())
    }

    fn memoise(&mut self, opcode: u8) -> Result<(), Error> {
        let top = self.top()?;
        let place = if opcode == 0x94 { self.memo.len() } else { self.place(opcode)? };
        // Pickles number what they remember from 0 on: one that leaves holes wants memory, not values.
        if place > self.memo.len() + 1024 {
            return Err(self.cursor.error("the memo has holes"));
        }
        self.budget.spend(1 + place.saturating_sub(self.memo.len()), self.cursor.at())?;
        if place >= self.memo.len() {
            self.memo.resize(place + 1, None);
        }
        self.memo[place] = Some(top);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<(), Error> {
        let place = self.place(opcode)?;
        let id = self.memo.get(place).copied().flatten();
        let id = id.ok_or_else(|| self.cursor.error("the memo has nothing there"))?;
        self.push_id(id)
    }

    fn place(&mut self, opcode: u8) -> Result<usize, Error> {
        let place = match opcode {
            b'q' | b'h' => self.cursor.u8()?.into(),
            b'r' | b'j' => u32::from_le_bytes(self.cursor.array()?),
            _ => {
                let line = self.cursor.line()?;
                let place = str::from_utf8(line).ok().and_then(|line| line.parse().ok());
                place.ok_or_else(|| self.cursor.error("a number is none"))?
            }
        };
        usize::try_from(place).map_err(|_| self.cursor.error("the memo has nothing there"))
    }

    fn class(&mut self, opcode: u8, at: usize) -> Result<(), Error> {
        let (module, name) = if opcode == b'c' {
            let line = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
            (line(self.cursor.line()?), line(self.cursor.line()?))
        } else {
            let name = self.pop()?;
            let module = self.pop()?;
            let text =
                |id| self.tree.text(id).map(str::to_owned).ok_or_else(|| self.cursor.error("a class has no name"));
            (text(module)?, text(name)?)
        };
        let class = Class::named(&module, &name);
        let class = class.ok_or_else(|| Error::foreign(Format::Pickle, at, &format!("{module}.{name}")))?;
        self.push(Node::Class(class))
    }

    /// REDUCE and NEWOBJ: makes a value of a known class from its arguments.
    fn call(&mut self, opcode: u8, at: usize) -> Result<(), Error> {
        let arguments = self.pop()?;
        let callable = self.pop()?;
        let &Node::Class(class) = self.tree.node(callable) else {
            return Err(Error::foreign(Format::Pickle, at, "what is called"));
        };
        let Node::Tuple(arguments) = self.tree.node(arguments) else {
            return Err(self.cursor.error("the arguments are no tuple"));
        };
        let made = object::make(class, arguments, &self.tree, opcode == 0x81);
        let made = made.ok_or_else(|| Error::malformed(Format::Pickle, at, "a value of a known class is damaged"))?;
        // The same arguments may be used again and again, and each time are copied.
        self.budget.spend(made.weight(), at)?;
        self.push(made)
    }

    /// BUILD: gives a value its state; only a `UUID` has one.
    fn build(&mut self, at: usize) -> Result<(), Error> {
        let state = self.pop()?;
        let target = self.top()?;
        let uuid = match self.tree.node(target) {
            Node::Unbuilt(Class::Uuid) => object::uuid(state, &self.tree),
            _ => return Err(Error::foreign(Format::Pickle, at, "what has a state")),
        };
        let uuid = uuid.ok_or_else(|| Error::malformed(Format::Pickle, at, "a value of a known class is damaged"))?;
        *self.tree.node_mut(target) = Node::Value(uuid);
        Ok(())
    }

    fn mark(&mut self) -> Result<(), Error> {
        self.budget.spend(1, self.cursor.at())?;
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn above_mark(&mut self) -> Result<Vec<Id>, Error> {
        let from = self.marks.pop().ok_or_else(|| self.cursor.error("there is no mark"))?;
        Ok(self.stack.split_off(from))
    }

    fn push(&mut self, node: Node) -> Result<(), Error> {
        let id = self.tree.add(node);
        self.push_id(id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), Error> {
        self.budget.spend(1, self.cursor.at())?;
        self.stack.push(id);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, Error> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Returns the topmost value; what lies below a mark is out of reach.
    fn top(&self) -> Result<Id, Error> {
        match self.stack.last() {
            Some(top) if self.stack.len() > self.floor() => Ok(*top),
            _ => Err(self.empty()),
        }
    }

    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn empty(&self) -> Error {
        self.cursor.error("the stack is empty")
    }
}
