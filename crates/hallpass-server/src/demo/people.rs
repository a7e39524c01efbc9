//! Who can sign in, and how a subject is shown.

use hallpass::Subject;

/// Somebody who can sign in to the demo.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) line: &'static str,
}

pub(super) const PEOPLE: [Person; 3] = [
    Person { key: "ada", name: "Ada Lovelace", line: "Wrote the first program" },
    Person { key: "grace", name: "Grace Hopper", line: "Taped the first bug into her log" },
    Person { key: "alan", name: "Alan Turing", line: "Asked whether machines can think" },
];

impl Person {
    /// Returns the subject of the person with this key, if there is one.
    pub(super) fn subject(key: &str) -> Option<Subject> {
        let person = PEOPLE.iter().find(|person| person.key == key)?;
        Subject::new(person.key).ok()
    }

    pub(super) fn initials(&self) -> String {
        initials(self.name)
    }
}

/// A subject as pages show it: one of the demo's people, or whoever else has sessions here.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) initials: String,
}

impl From<&Subject> for Who {
    fn from(subject: &Subject) -> Self {
        let person = PEOPLE.iter().find(|person| person.key == subject.as_str());
        let name = person.map_or_else(|| subject.as_str().to_owned(), |person| person.name.to_owned());
        Self { key: subject.as_str().to_owned(), initials: initials(&name), name }
    }
}

fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_can_be_a_subject_and_is_shown_by_name() {
        for person in &PEOPLE {
            let subject = Person::subject(person.key).expect("a key is a subject");
            assert_eq!(Who::from(&subject).name, person.name);
        }
        assert!(Person::subject("mallory").is_none());
        let stranger = Who::from(&Subject::new("zoë@example.org").expect("a subject"));
        assert_eq!((stranger.name.as_str(), stranger.initials.as_str()), ("zoë@example.org", "Z"));
    }
}
