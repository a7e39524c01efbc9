use crate::session::{Session, User};

/// Finds the user where Passport keeps it, or where the application does.
pub(super) fn find(session: &Session, path: &[String]) -> Option<User> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    session.at(&path).and_then(User::of)
}
