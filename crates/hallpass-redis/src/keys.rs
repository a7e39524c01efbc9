use hallpass::{Realm, SessionId, Subject};

/// The names of everything that the store keeps.
///
/// What must lie in one slot of a cluster shares what stands in braces: the indices of a realm, the index of a subject and
/// its epoch. The events of a record have its whole key in braces.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: Box<str>,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The shortest, since there are the most of it. No realm looks like what stands before a colon in other keys, and an
    /// id is longer than the names that have none.
    pub(crate) fn record(&self, realm: &Realm, id: &SessionId) -> String {
        if *realm == Realm::default() { format!("{}{id}", self.prefix) } else { format!("{}{realm}/{id}", self.prefix) }
    }

    /// What every record's key, and no other, looks like to `SCAN`: it ends as an id does, after 21 characters or more.
    pub(crate) fn any_session(&self) -> String {
        let mut pattern = String::new();
        for character in self.prefix.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern + "*?????????????????????[^}]"
    }

    /// The latest events of a session.
    pub(crate) fn events(&self, realm: &Realm, id: &SessionId) -> String {
        format!("{}events:{{{}}}", self.prefix, self.record(realm, id))
    }

    /// The realms that have sessions.
    pub(crate) fn realms(&self) -> String {
        format!("{}realms", self.prefix)
    }

    /// The sessions of a realm, by creation and id.
    pub(crate) fn all(&self, realm: &Realm) -> String {
        format!("{}all:{{{realm}}}", self.prefix)
    }

    /// The sessions of a realm, by when they may be over at the earliest.
    pub(crate) fn due(&self, realm: &Realm) -> String {
        format!("{}due:{{{realm}}}", self.prefix)
    }

    /// The events of a realm, in the order in which they came: pointers to those of its sessions.
    pub(crate) fn stream(&self, realm: &Realm) -> String {
        format!("{}stream:{{{realm}}}", self.prefix)
    }

    /// The sessions of a subject, by creation and id.
    pub(crate) fn subject(&self, realm: &Realm, subject: &str) -> String {
        format!("{}subject:{{{realm}/{subject}}}", self.prefix)
    }

    /// The mark of an index to which something was just added.
    pub(crate) fn mark(&self, realm: &Realm, subject: &str) -> String {
        format!("{}mark:{{{realm}/{subject}}}", self.prefix)
    }

    pub(crate) fn epoch(&self, realm: &Realm, subject: &Subject) -> String {
        format!("{}epoch:{{{realm}/{subject}}}", self.prefix)
    }

    /// What is written for no other reason than to wait until it, and so whatever was written before, is replicated.
    pub(crate) fn settling(&self, realm: &Realm, id: &SessionId) -> String {
        format!("{}settling:{{{}}}", self.prefix, self.record(realm, id))
    }

    /// The same for no record; each number may lie on another server of a cluster.
    pub(crate) fn settling_at(&self, number: usize) -> String {
        format!("{}settling:{number}", self.prefix)
    }

    pub(crate) fn settings(&self) -> String {
        format!("{}settings", self.prefix)
    }

    /// The channel of news.
    pub(crate) fn changes(&self) -> String {
        format!("{}changes", self.prefix)
    }
}
