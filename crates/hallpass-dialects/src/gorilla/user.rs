use crate::session::{Session, User};

/// Finds the user under the first of the names that has one; gorilla/sessions has no name of its own for it.
pub(super) fn find(session: &Session, names: &[String]) -> Option<User> {
    names.iter().find_map(|name| session.attributes.get(name).and_then(User::of))
}
