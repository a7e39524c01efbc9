use super::class::{Class, ClassId, flag};
use super::graph::{Graph, Id, Level, Node, Object, Slot};
use super::utf;
use crate::cursor::Cursor;
use crate::error::{Error, Format};
use crate::limits::{Budget, Limits};
use crate::value::Text;

/// More than any class has, itself and those above it.
const MOST_FIELDS: usize = 2000;
const MOST_PARENTS: usize = 40;
/// The number of the first handle.
const FIRST_HANDLE: u32 = 0x7e_0000;

/// The marks of a stream (Java Object Serialization Specification, section 6.4.2).
mod tc {
    pub(super) const NULL: u8 = 0x70;
    pub(super) const REFERENCE: u8 = 0x71;
    pub(super) const CLASS_DESC: u8 = 0x72;
    pub(super) const OBJECT: u8 = 0x73;
    pub(super) const STRING: u8 = 0x74;
    pub(super) const ARRAY: u8 = 0x75;
    pub(super) const CLASS: u8 = 0x76;
    pub(super) const BLOCK: u8 = 0x77;
    pub(super) const END: u8 = 0x78;
    pub(super) const LONG_BLOCK: u8 = 0x7a;
    pub(super) const LONG_STRING: u8 = 0x7c;
    pub(super) const PROXY: u8 = 0x7d;
    pub(super) const ENUM: u8 = 0x7e;
}

/// Reads the graph of one object.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Graph, Error> {
    let budget = Budget::new(Format::Jdk, limits, bytes)?;
    let mut reader = Reader {
        cursor: Cursor::new(Format::Jdk, bytes),
        budget,
        graph: Graph::default(),
        handles: Vec::new(),
        parents: 0,
    };
    if reader.cursor.array()? != [0xac, 0xed, 0, 5] {
        return Err(Error::malformed(Format::Jdk, 0, "it does not begin as serialised objects do"));
    }
    reader.graph.root = reader.object()?;
    Ok(reader.graph)
}

#[derive(Clone, Copy)]
enum Handle {
    Class(ClassId),
    Node(Id),
}

struct Reader<'b> {
    cursor: Cursor<'b>,
    budget: Budget,
    graph: Graph,
    handles: Vec<Handle>,
    /// How many descriptions of classes are being read for those of others that are below them. They are not counted as
    /// depth: where a class is described first depends on who writes.
    parents: usize,
}

impl Reader<'_> {
    /// Takes an object, or null.
    fn object(&mut self) -> Result<Option<Id>, Error> {
        let at = self.cursor.at();
        self.budget.spend(1, at)?;
        self.budget.descend(at)?;
        let id = match self.cursor.u8()? {
            tc::NULL => None,
            tc::REFERENCE => match self.handle()? {
                Handle::Node(id) => Some(id),
                Handle::Class(_) => return Err(self.cursor.error("a class stands for an object")),
            },
            mark @ (tc::STRING | tc::LONG_STRING) => Some(self.string(mark)?),
            tc::OBJECT => Some(self.instance()?),
            tc::ARRAY => Some(self.array()?),
            tc::ENUM => Some(self.constant()?),
            tc::CLASS => {
                let class = self.class()?.ok_or_else(|| self.cursor.error("a class is missing"))?;
                Some(self.add(Node::Class(class)))
            }
            _ => return Err(Error::malformed(Format::Jdk, at, "an object was expected")),
        };
        self.budget.ascend();
        Ok(id)
    }

    fn string(&mut self, mark: u8) -> Result<Id, Error> {
        let length = if mark == tc::STRING {
            u16::from_be_bytes(self.cursor.array()?).into()
        } else {
            u64::from_be_bytes(self.cursor.array()?)
        };
        let text = self.utf(length)?;
        Ok(self.add(Node::Text(text)))
    }

    fn utf(&mut self, length: u64) -> Result<Text, Error> {
        let invalid = self.cursor.error("text is not modified UTF-8");
        utf::read(self.cursor.declared(length)?).ok_or(invalid)
    }

    fn name(&mut self) -> Result<String, Error> {
        let length = u16::from_be_bytes(self.cursor.array()?);
        if length > 1024 {
            return Err(Error::too_large(Format::Jdk, self.cursor.at(), "a name is too long"));
        }
        let name = self.utf(length.into())?;
        name.as_str().map(str::to_owned).ok_or_else(|| self.cursor.error("a name has half a character"))
    }

    /// Takes an object of a class: the fields of each class from the topmost down, and what it wrote besides.
    fn instance(&mut self) -> Result<Id, Error> {
        let class = self.class()?.ok_or_else(|| self.cursor.error("a class is missing"))?;
        let id = self.add(Node::Open);
        let mut lineage = vec![class];
        while let Some(parent) = self.graph.class(lineage[lineage.len() - 1]).parent {
            lineage.push(parent);
        }
        self.budget.spend(lineage.len(), self.cursor.at())?;
        let levels = lineage.into_iter().rev().map(|class| self.level(class)).collect::<Result<_, _>>()?;
        self.graph.nodes[id.0] = Node::Object(Object { class, levels });
        Ok(id)
    }

    fn level(&mut self, class: ClassId) -> Result<Level, Error> {
        let description = self.graph.class(class);
        let flags = description.flags;
        let mut level = Level { class, fields: Vec::new(), blocks: Vec::new(), objects: Vec::new() };
        if flags & flag::EXTERNALIZABLE != 0 {
            // Older ones wrote what only they can read.
            if flags & flag::BLOCK_DATA == 0 {
                return Err(self.cursor.error("an object has no bounds"));
            }
            self.annotations(&mut level.blocks, &mut level.objects)?;
            return Ok(level);
        }
        let codes: Vec<u8> = description.fields.iter().map(|(code, _)| *code).collect();
        level.fields = codes.into_iter().map(|code| self.slot(code)).collect::<Result<_, _>>()?;
        if flags & flag::WRITE_METHOD != 0 {
            self.annotations(&mut level.blocks, &mut level.objects)?;
        }
        Ok(level)
    }

    /// Takes what a class wrote by itself, up to the mark at its end.
    fn annotations(&mut self, blocks: &mut Vec<u8>, objects: &mut Vec<Option<Id>>) -> Result<(), Error> {
        loop {
            match self.cursor.peek() {
                Some(tc::END) => return self.cursor.take(1).map(|_| ()),
                Some(tc::BLOCK) => {
                    self.cursor.take(1)?;
                    let length = self.cursor.u8()?;
                    blocks.extend_from_slice(self.cursor.declared(length.into())?);
                }
                Some(tc::LONG_BLOCK) => {
                    self.cursor.take(1)?;
                    let length = u32::from_be_bytes(self.cursor.array()?);
                    blocks.extend_from_slice(self.cursor.declared(length.into())?);
                }
                _ => objects.push(self.object()?),
            }
        }
    }

    fn slot(&mut self, code: u8) -> Result<Slot, Error> {
        Ok(match code {
            b'B' => Slot::Byte(i8::from_be_bytes(self.cursor.array()?)),
            b'C' => Slot::Char(u16::from_be_bytes(self.cursor.array()?)),
            b'D' => Slot::Double(f64::from_be_bytes(self.cursor.array()?)),
            b'F' => Slot::Float(f32::from_be_bytes(self.cursor.array()?)),
            b'I' => Slot::Int(i32::from_be_bytes(self.cursor.array()?)),
            b'J' => Slot::Long(i64::from_be_bytes(self.cursor.array()?)),
            b'S' => Slot::Short(i16::from_be_bytes(self.cursor.array()?)),
            b'Z' => Slot::Bool(self.cursor.u8()? != 0),
            _ => Slot::Object(self.object()?),
        })
    }

    fn array(&mut self) -> Result<Id, Error> {
        let class = self.class()?.ok_or_else(|| self.cursor.error("a class is missing"))?;
        let id = self.add(Node::Open);
        let count = u32::from_be_bytes(self.cursor.array()?);
        let code = self.graph.class(class).name.as_bytes().get(1).copied();
        let code = code.filter(|_| self.graph.class(class).name.starts_with('['));
        let code = code.ok_or_else(|| self.cursor.error("an array is of a class that is none"))?;
        let width = match code {
            b'B' => {
                let bytes = self.cursor.declared(count.into())?.to_vec();
                self.graph.nodes[id.0] = Node::Bytes(class, bytes);
                return Ok(id);
            }
            b'D' | b'J' => 8,
            b'F' | b'I' => 4,
            b'C' | b'S' => 2,
            _ => 1,
        };
        let count = self.cursor.count(count.into(), width)?;
        self.budget.spend(count, self.cursor.at())?;
        let items = (0..count).map(|_| self.slot(code)).collect::<Result<_, _>>()?;
        self.graph.nodes[id.0] = Node::Array(class, items);
        Ok(id)
    }

    fn constant(&mut self) -> Result<Id, Error> {
        let class = self.class()?.ok_or_else(|| self.cursor.error("a class is missing"))?;
        let id = self.add(Node::Open);
        let name = self.object()?;
        let name = name.and_then(|name| match self.graph.node(name) {
            Node::Text(text) => Some(text.clone()),
            _ => None,
        });
        self.graph.nodes[id.0] = Node::Enum(class, name.ok_or_else(|| self.cursor.error("a constant has no name"))?);
        Ok(id)
    }

    /// Takes the description of a class, or a reference to one, or null.
    fn class(&mut self) -> Result<Option<ClassId>, Error> {
        let at = self.cursor.at();
        self.budget.spend(1, at)?;
        match self.cursor.u8()? {
            tc::NULL => Ok(None),
            tc::REFERENCE => match self.handle()? {
                Handle::Class(id) if self.graph.class(id).is_whole => Ok(Some(id)),
                _ => Err(Error::malformed(Format::Jdk, at, "what is no class, or not yet, stands for one")),
            },
            tc::CLASS_DESC => {
                let name = self.name()?;
                // The number of its version: every version is taken.
                self.cursor.take(8)?;
                let id = self.add_class(name);
                let flags = self.cursor.u8()?;
                if flags & (flag::SERIALIZABLE | flag::EXTERNALIZABLE) == flag::SERIALIZABLE | flag::EXTERNALIZABLE {
                    return Err(self.cursor.error("the flags of a class contradict each other"));
                }
                let fields = self.fields()?;
                self.describe(id, flags, fields).map(Some)
            }
            tc::PROXY => {
                let id = self.add_class("a proxy".to_owned());
                let count = u32::from_be_bytes(self.cursor.array()?);
                let count = self.cursor.count(count.into(), 2)?;
                self.budget.spend(count, at)?;
                (0..count).try_for_each(|_| self.name().map(|_| ()))?;
                self.describe(id, flag::SERIALIZABLE, Vec::new()).map(Some)
            }
            _ => Err(Error::malformed(Format::Jdk, at, "the description of a class was expected")),
        }
    }

    fn fields(&mut self) -> Result<Vec<(u8, String)>, Error> {
        let count = u16::from_be_bytes(self.cursor.array()?);
        let count = self.cursor.count(count.into(), 3)?;
        self.budget.spend(count, self.cursor.at())?;
        let field = |reader: &mut Self| {
            let code = reader.cursor.u8()?;
            let name = reader.name()?;
            match code {
                b'B' | b'C' | b'D' | b'F' | b'I' | b'J' | b'S' | b'Z' => {}
                b'L' | b'[' => {
                    let id = reader.object()?;
                    let is_text = id.is_some_and(|id| matches!(reader.graph.node(id), Node::Text(_)));
                    if !is_text {
                        return Err(reader.cursor.error("a field has no type"));
                    }
                }
                _ => return Err(reader.cursor.error("there is no such type of field")),
            }
            Ok((code, name))
        };
        (0..count).map(|_| field(self)).collect()
    }

    /// Takes what comes behind the fields of a class: annotations, and the class above it.
    fn describe(&mut self, id: ClassId, flags: u8, fields: Vec<(u8, String)>) -> Result<ClassId, Error> {
        self.annotations(&mut Vec::new(), &mut Vec::new())?;
        self.parents += 1;
        if self.parents > MOST_PARENTS {
            return Err(Error::too_large(Format::Jdk, self.cursor.at(), "a class has too many classes above it"));
        }
        let parent = self.class()?;
        self.parents -= 1;
        let (mut parents, mut above, mut count) = (0, parent, fields.len());
        while let Some(id) = above {
            parents += 1;
            count += self.graph.class(id).fields.len();
            above = self.graph.class(id).parent;
        }
        if parents > MOST_PARENTS || count > MOST_FIELDS {
            return Err(Error::too_large(
                Format::Jdk,
                self.cursor.at(),
                "a class has too many fields or classes above it",
            ));
        }
        let class = &mut self.graph.classes[id.0];
        (class.flags, class.fields, class.parent, class.is_whole) = (flags, fields, parent, true);
        Ok(id)
    }

    fn add_class(&mut self, name: String) -> ClassId {
        let id = ClassId(self.graph.classes.len());
        self.graph.classes.push(Class { name, flags: 0, fields: Vec::new(), parent: None, is_whole: false });
        self.handles.push(Handle::Class(id));
        id
    }

    fn add(&mut self, node: Node) -> Id {
        let id = Id(self.graph.nodes.len());
        self.graph.nodes.push(node);
        self.handles.push(Handle::Node(id));
        id
    }

    fn handle(&mut self) -> Result<Handle, Error> {
        let number = u32::from_be_bytes(self.cursor.array()?).checked_sub(FIRST_HANDLE);
        let handle = number.and_then(|number| self.handles.get(usize::try_from(number).ok()?)).copied();
        handle.ok_or_else(|| self.cursor.error("a handle leads nowhere"))
    }
}
