use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Realm, SessionId, Subject};
use sha2::{Digest as _, Sha256};

/// The names of everything that the store keeps.
///
/// A key is at most 250 bytes and has neither spaces nor control characters: a realm is of letters, digits and three
/// signs, an id is written in 22 of them, and a subject, which may be anything, by its hash.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: Box<str>,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(crate) fn record(&self, realm: &Realm, id: &SessionId) -> String {
        format!("{}session:{realm}/{id}", self.prefix)
    }

    pub(crate) fn epoch(&self, realm: &Realm, subject: &Subject) -> String {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(subject.as_str()));
        format!("{}epoch:{realm}/{hash}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_make_keys_that_a_server_takes() {
        let keys = Keys::new(&"p".repeat(64));
        let realm = Realm::new("r".repeat(64)).expect("a realm");
        let subject = Subject::new("\u{1f3ab}".repeat(63)).expect("a subject");
        for key in [keys.record(&realm, &SessionId::random()), keys.epoch(&realm, &subject)] {
            assert!(key.len() <= 250 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
        }
    }

    #[test]
    fn what_differs_has_another_key() {
        let keys = Keys::new("hallpass:");
        let realm = Realm::default();
        let epoch = |name: &str| keys.epoch(&realm, &Subject::new(name).expect("a subject"));
        assert_ne!(epoch("alice"), epoch("Alice"));
        assert_ne!(epoch("alice"), epoch("alice "));
        assert_eq!(
            keys.record(&realm, &SessionId::from_bytes([0; 16])),
            "hallpass:session:default/AAAAAAAAAAAAAAAAAAAAAA"
        );
    }
}
