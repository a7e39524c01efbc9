use std::fmt;
use std::sync::Arc;

use hallpass_dialects::{Map, Value};

use crate::error::Error;

/// What is to become of a session's attributes, one by one, so that it can be done again on what somebody else wrote.
///
/// ```
/// use hallpass_dialects::{Map, Value};
/// use hallpass_foreign::Changes;
///
/// let mut changes = Changes::new();
/// changes.set("theme", "dark");
/// changes.update("views", |views| Some(Value::Int(views.and_then(Value::as_int).unwrap_or_default() + 1)));
///
/// let mut attributes = Map::new();
/// attributes.insert("views", Value::Int(41));
/// assert!(changes.apply(&mut attributes)?);
/// assert_eq!(attributes.get("views"), Some(&Value::Int(42)));
/// # Ok::<(), hallpass_foreign::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Changes {
    changes: Vec<(String, Change)>,
    /// What was seen of attributes, each at the first time.
    seen: Vec<(String, Option<Value>)>,
}

#[derive(Clone)]
enum Change {
    Set(Value),
    Remove,
    Update(Update),
}

type Update = Arc<dyn Fn(Option<&Value>) -> Option<Value> + Send + Sync>;

impl Changes {
    /// Returns no changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Sets an attribute.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.push(name, Change::Set(value.into()));
    }

    /// Removes an attribute.
    pub fn remove(&mut self, name: &str) {
        self.push(name, Change::Remove);
    }

    /// Makes an attribute of what it is when it is written; nothing removes it. Of many that do so, none is lost.
    pub fn update(&mut self, name: &str, update: impl Fn(Option<&Value>) -> Option<Value> + Send + Sync + 'static) {
        self.changes.push((name.to_owned(), Change::Update(Arc::new(update))));
    }

    /// Notes what was seen of an attribute. If it is set as well, that is only done where it still is so.
    pub fn saw(&mut self, name: &str, value: Option<&Value>) {
        let is_known = self.seen.iter().any(|(seen, _)| seen == name);
        // What a handler reads of its own changes says nothing about the store.
        if !is_known && !self.changes.iter().any(|(changed, _)| changed == name) {
            self.seen.push((name.to_owned(), value.cloned()));
        }
    }

    fn push(&mut self, name: &str, change: Change) {
        self.changes.retain(|(changed, _)| changed != name);
        self.changes.push((name.to_owned(), change));
    }

    /// Does the changes; answers whether anything is different.
    ///
    /// # Errors
    ///
    /// If an attribute that was seen, and is to be set or removed, is not as it was seen. Then nothing was changed.
    pub fn apply(&self, attributes: &mut Map) -> Result<bool, Error> {
        for (name, seen) in &self.seen {
            let is_written = |(changed, change): &(String, Change)| {
                changed == name && matches!(change, Change::Set(_) | Change::Remove)
            };
            if self.changes.iter().any(is_written) && attributes.get(name) != seen.as_ref() {
                return Err(Error::conflict(name));
            }
        }
        let mut is_different = false;
        for (name, change) in &self.changes {
            let present = attributes.get(name);
            let wanted = match change {
                Change::Set(value) => Some(value.clone()),
                Change::Remove => None,
                Change::Update(update) => update(present),
            };
            let wanted = wanted.map(|wanted| typed(present, wanted));
            if wanted.as_ref() == present {
                continue;
            }
            is_different = true;
            match wanted {
                Some(value) => drop(attributes.insert(name, value)),
                None => drop(attributes.remove(name)),
            }
        }
        Ok(is_different)
    }
}

/// Gives a plain value the type of the one in whose place it comes: a program that stored a `Long` reads it as one.
fn typed(present: Option<&Value>, wanted: Value) -> Value {
    match (present, wanted) {
        (Some(Value::Float(_)), Value::Int(number)) => {
            #[allow(clippy::cast_precision_loss)] // it is checked
            let float = number as f64;
            #[allow(clippy::cast_possible_truncation)] // a number that comes back is exact
            if float as i64 == number { Value::Float(float) } else { Value::Int(number) }
        }
        (Some(Value::Tagged(tagged)), wanted)
            if std::mem::discriminant(&tagged.value) == std::mem::discriminant(&wanted) =>
        {
            Value::tagged(tagged.tag.clone(), wanted)
        }
        (_, wanted) => wanted,
    }
}

// Values are what applications keep, also secrets.
impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.changes.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, i64)]) -> Map {
        pairs.iter().map(|(name, number)| ((*name).into(), Value::Int(*number))).collect()
    }

    #[test]
    fn what_was_read_and_set_is_only_set_where_it_still_is_so() {
        let mut changes = Changes::new();
        changes.saw("a", Some(&Value::Int(1)));
        changes.saw("b", None);
        changes.set("a", Value::Int(2));
        let mut same = attributes(&[("a", 1), ("b", 9)]);
        assert!(changes.apply(&mut same).unwrap(), "b was seen, and is not written");
        assert_eq!(same.get("a"), Some(&Value::Int(2)));
        let mut other = attributes(&[("a", 7)]);
        assert!(changes.apply(&mut other).unwrap_err().is_conflict());
        assert_eq!(other.get("a"), Some(&Value::Int(7)));
    }

    #[test]
    fn what_is_as_it_was_is_no_change() {
        let mut changes = Changes::new();
        changes.set("a", Value::Int(1));
        changes.remove("b");
        assert!(!changes.apply(&mut attributes(&[("a", 1)])).unwrap());
    }

    #[test]
    fn a_number_keeps_the_type_that_its_language_gave_it() {
        let long = |number| Value::tagged("java.lang.Long", Value::Int(number));
        let mut map = Map::new();
        map.insert("long", long(1));
        map.insert("float", Value::Float(1.5));
        let mut changes = Changes::new();
        changes.set("long", Value::Int(2));
        changes.set("float", Value::Int(2));
        assert!(changes.apply(&mut map).unwrap());
        assert_eq!((map.get("long"), map.get("float")), (Some(&long(2)), Some(&Value::Float(2.0))));
        changes.set("long", "text");
        assert!(changes.apply(&mut map).unwrap());
        assert_eq!(map.get("long"), Some(&"text".into()));
    }
}
