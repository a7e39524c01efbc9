use std::collections::HashMap;

use super::{Text, Value};

/// Pairs in the order in which they were written; keys are mostly text, and in Python and Go may be anything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<(Value, Value)>);

impl Map {
    /// Returns an empty map.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the map of these pairs; of two with the same key, the later one is kept, in the place of the earlier.
    pub(crate) fn from_pairs(pairs: Vec<(Value, Value)>) -> Self {
        // Most are small: then looking is cheaper than hashing, and there is nothing to allocate.
        let is_repeated = |at: usize| pairs[..at].iter().any(|(earlier, _)| *earlier == pairs[at].0);
        if pairs.len() <= 16 && !(1..pairs.len()).any(is_repeated) {
            return Self(pairs);
        }
        let mut places: HashMap<Name, usize> = HashMap::with_capacity(pairs.len());
        let mut kept: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let Some(name) = Name::of(&key) else {
                kept.push((key, value));
                continue;
            };
            let place = *places.entry(name).or_insert(kept.len());
            match kept.get_mut(place) {
                Some(pair) => pair.1 = value,
                None => kept.push((key, value)),
            }
        }
        Self(kept)
    }

    /// Returns the value under the text `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name.is(key)).map(|(_, value)| value)
    }

    /// Sets the value under the text `key`, and returns the one that was there.
    pub fn insert(&mut self, key: &str, value: Value) -> Option<Value> {
        if let Some((_, place)) = self.0.iter_mut().find(|(name, _)| name.is(key)) {
            return Some(std::mem::replace(place, value));
        }
        self.0.push((key.into(), value));
        None
    }

    /// Takes the value under the text `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(name, _)| name.is(key))?;
        Some(self.0.remove(at).1)
    }

    /// Returns the pairs in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(Value, Value)> {
        self.0.iter()
    }

    /// Returns the number of pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_pairs(self) -> Vec<(Value, Value)> {
        self.0
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(pairs: I) -> Self {
        Self::from_pairs(pairs.into_iter().collect())
    }
}

/// What tells keys apart that can be the same; others are all different.
#[derive(PartialEq, Eq, Hash)]
enum Name {
    Text(Text),
    Int(i64),
    Bool(bool),
}

impl Name {
    fn of(key: &Value) -> Option<Self> {
        match key {
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Bool(flag) => Some(Self::Bool(*flag)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_with_one_name_is_kept_in_the_first_ones_place() {
        for filler in [0, 20] {
            let mut pairs: Vec<(Value, Value)> = vec![("a".into(), Value::Int(1)), ("b".into(), Value::Int(2))];
            pairs.extend((0..filler).map(|n| (Value::Int(n), Value::Null)));
            pairs.push(("a".into(), Value::Int(3)));
            let map = Map::from_pairs(pairs);
            assert_eq!(map.len(), 2 + usize::try_from(filler).unwrap());
            assert_eq!(map.iter().next(), Some(&("a".into(), Value::Int(3))));
        }
    }

    #[test]
    fn what_is_set_can_be_read_and_removed() {
        let mut map = Map::new();
        assert_eq!(map.insert("a", Value::Int(1)), None);
        assert_eq!(map.insert("a", Value::Int(2)), Some(Value::Int(1)));
        assert_eq!(map.get("a"), Some(&Value::Int(2)));
        assert_eq!(map.remove("a"), Some(Value::Int(2)));
        assert!(map.is_empty() && map.remove("a").is_none());
    }
}
