use super::class::Class;
use crate::error::{Error, Format};
use crate::limits::Budget;
use crate::value::{Map, Value};

/// Where a node is in its [`Tree`]. A value that is used twice has one place, so a pickle can name it before it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(usize);

#[derive(Debug)]
pub(super) enum Node {
    /// What has no parts.
    Value(Value),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    FrozenSet(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Class(Class),
    /// A value of a known class that waits for its state.
    Unbuilt(Class),
}

impl Node {
    /// Returns how many values its memory would be enough for.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Value(value) => value.weight(),
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::FrozenSet(items) => items.len(),
            Self::Dict(pairs) => pairs.len(),
            Self::Class(_) | Self::Unbuilt(_) => 0,
        }
    }

    /// Adds one to the uses of each part.
    fn count_parts(&self, uses: &mut [u32]) {
        let mut count = |id: &Id| uses[id.0] = uses[id.0].saturating_add(1);
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::FrozenSet(items) => {
                items.iter().for_each(count);
            }
            Self::Dict(pairs) => {
                for (key, value) in pairs {
                    count(key);
                    count(value);
                }
            }
            Self::Value(_) | Self::Class(_) | Self::Unbuilt(_) => {}
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Tree(Vec<Node>);

impl Tree {
    pub(super) fn add(&mut self, node: Node) -> Id {
        self.0.push(node);
        Id(self.0.len() - 1)
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.0[id.0]
    }

    pub(super) fn node_mut(&mut self, id: Id) -> &mut Node {
        &mut self.0[id.0]
    }

    pub(super) fn value(&self, id: Id) -> Option<&Value> {
        match self.node(id) {
            Node::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        self.value(id)?.as_str()
    }

    /// Returns the value that is made of a node and all that it leads to.
    ///
    /// What is shared is copied, and counted each time: a few bytes can stand for very much. A circle is refused.
    pub(super) fn into_value(mut self, root: Id, budget: Budget, at: usize) -> Result<Value, Error> {
        // What nobody else leads to need not be copied; most values are such.
        let mut uses = vec![0_u32; self.0.len()];
        self.0.iter().for_each(|node| node.count_parts(&mut uses));
        let is_open = vec![false; self.0.len()];
        Grower { nodes: &mut self.0, uses, is_open, budget, at }.value(root)
    }
}

struct Grower<'t> {
    nodes: &'t mut [Node],
    uses: Vec<u32>,
    /// Whether a node is being made: who meets such a one went in a circle.
    is_open: Vec<bool>,
    budget: Budget,
    at: usize,
}

impl Grower<'_> {
    fn value(&mut self, id: Id) -> Result<Value, Error> {
        self.budget.spend(1, self.at)?;
        if self.is_open[id.0] {
            return Err(Error::malformed(Format::Pickle, self.at, "a value is a part of itself"));
        }
        let is_shared = self.uses[id.0] > 1;
        match &mut self.nodes[id.0] {
            Node::Value(value) if is_shared => {
                // A long text that is used often is counted as the memory that it takes.
                self.budget.spend(value.weight(), self.at)?;
                Ok(value.clone())
            }
            Node::Value(value) => Ok(std::mem::replace(value, Value::Null)),
            Node::Class(_) | Node::Unbuilt(_) => Err(Error::foreign(Format::Pickle, self.at, "a class by itself")),
            Node::List(_) | Node::Tuple(_) | Node::Set(_) | Node::FrozenSet(_) | Node::Dict(_) => self.container(id),
        }
    }

    fn container(&mut self, id: Id) -> Result<Value, Error> {
        self.is_open[id.0] = true;
        self.budget.descend(self.at)?;
        let value = match self.parts(id) {
            Node::List(items) => Value::List(self.items(&items)?),
            Node::Tuple(items) => Value::tagged("tuple", Value::List(self.items(&items)?)),
            Node::Set(items) => Value::tagged("set", Value::List(self.items(&items)?)),
            Node::FrozenSet(items) => Value::tagged("frozenset", Value::List(self.items(&items)?)),
            Node::Dict(pairs) => {
                let pairs = pairs.into_iter().map(|(key, value)| Ok((self.value(key)?, self.value(value)?)));
                Value::Map(Map::from_pairs(pairs.collect::<Result<_, Error>>()?))
            }
            Node::Value(value) => value,
            Node::Class(_) | Node::Unbuilt(_) => Value::Null,
        };
        self.budget.ascend();
        self.is_open[id.0] = false;
        Ok(value)
    }

    /// Takes the parts of a container, or copies them if somebody else needs them too, who then needs all below as well.
    fn parts(&mut self, id: Id) -> Node {
        let node = &mut self.nodes[id.0];
        if self.uses[id.0] <= 1 {
            return std::mem::replace(node, Node::Value(Value::Null));
        }
        node.count_parts(&mut self.uses);
        match node {
            Node::List(items) => Node::List(items.clone()),
            Node::Tuple(items) => Node::Tuple(items.clone()),
            Node::Set(items) => Node::Set(items.clone()),
            Node::FrozenSet(items) => Node::FrozenSet(items.clone()),
            Node::Dict(pairs) => Node::Dict(pairs.clone()),
            Node::Value(_) | Node::Class(_) | Node::Unbuilt(_) => Node::Value(Value::Null),
        }
    }

    fn items(&mut self, items: &[Id]) -> Result<Vec<Value>, Error> {
        items.iter().map(|id| self.value(*id)).collect()
    }
}
