use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Several words: a list in the file, and one text with commas in flags and variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    List(Vec<String>),
}

impl Words {
    /// Returns the words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::List(words) => Self(words),
            Written::Text(text) => {
                Self(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect())
            }
        })
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<const COUNT: usize> From<[&str; COUNT]> for Words {
    fn from(words: [&str; COUNT]) -> Self {
        Self(words.map(ToOwned::to_owned).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_list_or_a_text_with_commas() {
        let read = |text: &str| toml::from_str::<std::collections::BTreeMap<String, Words>>(text).expect("words");
        assert_eq!(read("x = ['a', 'b']")["x"], Words::from(["a", "b"]));
        assert_eq!(read("x = ' a,b, '")["x"], Words::from(["a", "b"]));
        assert!(read("x = ''")["x"].is_empty());
    }
}
