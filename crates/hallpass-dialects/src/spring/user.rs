use crate::session::{Session, User};
use crate::value::Value;

/// The attribute that names the user for the index.
const PRINCIPAL: &str = "org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME";
const CONTEXT: &str = "SPRING_SECURITY_CONTEXT";

/// Finds the user as the index of Spring Session does: by its own attribute, or in Spring Security's context.
pub(super) fn find(session: &Session) -> Option<User> {
    let authentication = session.at(&[CONTEXT, "authentication"]);
    let named = session.attributes.get(PRINCIPAL).and_then(User::of);
    let user = named.or_else(|| authentication.and_then(name))?;
    Some(User { roles: authentication.map(roles).unwrap_or_default(), ..user })
}

/// `Authentication.getName`: of a `UserDetails` its username, of text the text.
fn name(authentication: &Value) -> Option<User> {
    let principal = authentication.at(&["principal"])?;
    let name = principal.at(&["username"]).or_else(|| principal.at(&["name"])).unwrap_or(principal);
    User::of(name)
}

fn roles(authentication: &Value) -> Vec<String> {
    let authorities = authentication.at(&["authorities"]).and_then(Value::as_list).unwrap_or_default();
    let role = |authority: &Value| {
        let named = authority.at(&["role"]).or_else(|| authority.at(&["authority"]))?;
        named.as_str().map(str::to_owned)
    };
    authorities.iter().filter_map(role).collect()
}
