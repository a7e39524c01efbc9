use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Several files: a list in the file, and one text with commas in flags and variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths(pub Vec<PathBuf>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    List(Vec<PathBuf>),
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::List(paths) => Self(paths),
            Written::Text(text) => {
                Self(text.split(',').map(str::trim).filter(|path| !path.is_empty()).map(PathBuf::from).collect())
            }
        })
    }
}

impl Serialize for Paths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_a_list_or_a_text_with_commas() {
        let read = |text: &str| toml::from_str::<std::collections::BTreeMap<String, Paths>>(text).expect("paths");
        let both: Vec<PathBuf> = vec!["a".into(), "b c".into()];
        assert_eq!(read("x = ['a', 'b c']")["x"].0, both);
        assert_eq!(read("x = 'a, b c,'")["x"].0, both);
        assert_eq!(read("x = ''")["x"].0, Vec::<PathBuf>::new());
        assert!(toml::from_str::<std::collections::BTreeMap<String, Paths>>("x = 1").is_err());
    }
}
