use axum::http::{HeaderName, HeaderValue, StatusCode};
use hallpass::Record;
use serde_json::value::RawValue;
use std::collections::HashMap;

use crate::config::{ForwardAuthConfig, IdentityHeaders};
use crate::wire::Problem;

/// What applications behind the proxy are told of who somebody is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    user: String,
    roles: Vec<String>,
    email: String,
    name: String,
    session: String,
    level: String,
    methods: String,
    impersonator: String,
}

impl IdentityHeaders {
    /// Returns the names of the headers, in the order in which they are filled.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Remote => &[
                "remote-user",
                "remote-groups",
                "remote-email",
                "remote-name",
                "remote-session",
                "remote-level",
                "remote-methods",
                "remote-impersonator",
            ],
            Self::Oauth2Proxy => &[
                "x-auth-request-user",
                "x-auth-request-groups",
                "x-auth-request-email",
                "x-auth-request-preferred-username",
            ],
            Self::Authelia => &["remote-user", "remote-groups", "remote-email", "remote-name"],
        }
    }

    /// Returns the other spellings of the names, which some applications do not tell from them: CGI and what is like it
    /// read `_` and `-` alike.
    pub fn other_spellings(self) -> Vec<String> {
        self.names().iter().flat_map(|name| spellings(name)).collect()
    }
}

/// Returns every spelling of a name with `_` in the place of one or more `-`.
pub(crate) fn spellings(name: &str) -> Vec<String> {
    let parts: Vec<_> = name.split('-').collect();
    let gaps = parts.len() - 1;
    let spell = |mask: usize| {
        let glue = |at: usize| if mask >> at & 1 == 1 { "_" } else { "-" };
        let rest = parts[1..].iter().enumerate().flat_map(|(at, part)| [glue(at), part]);
        std::iter::once(parts[0]).chain(rest).collect()
    };
    (1..1 << gaps).map(spell).collect()
}

impl Identity {
    /// Returns what is known of the subject of a session.
    pub(crate) fn of(record: &Record, config: &ForwardAuthConfig) -> Result<Self, Problem> {
        let subject = record.subject.as_ref().ok_or_else(Problem::inactive)?;
        let mut names = std::iter::once(subject).chain(&record.impersonator);
        if !names.all(|name| is_whole(name.as_str())) {
            // At the other end it would be somebody else's name, or nobody's who acts for another.
            let detail = "The name of this subject, or of who acts in it, begins or ends with a space, so no header can carry it.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "unnamable_subject", detail));
        }
        let attributes = Attributes::of(record)?;
        let methods: Vec<_> = record.methods.iter().map(hallpass::Method::as_str).collect();
        Ok(Self {
            user: subject.to_string(),
            roles: attributes.texts(&config.role_attribute),
            email: attributes.text(&config.email_attribute),
            name: attributes.text(&config.name_attribute),
            session: record.id.to_string(),
            level: record.level.number().to_string(),
            methods: methods.join(","),
            impersonator: record.impersonator.as_ref().map(ToString::to_string).unwrap_or_default(),
        })
    }

    pub(crate) fn has_one_of(&self, roles: &[String]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }

    /// Returns all the headers, empty where nothing is known, so that none that a client sent is left.
    pub(crate) fn headers(&self, names: IdentityHeaders) -> Vec<(HeaderName, HeaderValue)> {
        let groups = self.roles.join(",");
        // In the order of the names, whichever they are; shorter lists leave the last ones out.
        let values = [
            &self.user,
            &groups,
            &self.email,
            &self.name,
            &self.session,
            &self.level,
            &self.methods,
            &self.impersonator,
        ];
        let pairs = names.names().iter().zip(values);
        pairs.map(|(name, value)| (HeaderName::from_static(name), header_value(value))).collect()
    }
}

fn header_value(text: &str) -> HeaderValue {
    if text.is_empty() {
        return HeaderValue::from_static("");
    }
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

/// Tells whether a header carries a text as it is: without line ends, and with nothing at its ends that is cut off.
fn is_whole(text: &str) -> bool {
    text.trim() == text && !text.chars().any(char::is_control) && text.len() <= 4096
}

/// The attributes of a session, none of them read yet.
struct Attributes<'a>(HashMap<String, &'a RawValue>);

impl<'a> Attributes<'a> {
    fn of(record: &'a Record) -> Result<Self, Problem> {
        if record.data.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        serde_json::from_slice(&record.data).map(Self).map_err(Problem::corrupt)
    }

    fn text(&self, key: &str) -> String {
        let text = self.0.get(key).and_then(|value| serde_json::from_str::<String>(value.get()).ok());
        text.filter(|text| is_whole(text)).unwrap_or_default()
    }

    /// Returns the texts that can stand in a list with commas between them.
    fn texts(&self, key: &str) -> Vec<String> {
        let Some(value) = self.0.get(key) else { return Vec::new() };
        let list = serde_json::from_str::<Vec<String>>(value.get());
        let list = list.or_else(|_| serde_json::from_str::<String>(value.get()).map(|text| vec![text]));
        let mut texts = list.unwrap_or_default();
        texts.retain(|text| !text.is_empty() && !text.contains(',') && is_whole(text));
        texts
    }
}

#[cfg(test)]
mod tests {
    use hallpass::{Caller, MemoryStore, NewSession, Sessions, Subject};

    use super::*;

    #[test]
    fn every_spelling_of_a_name_is_known() {
        assert_eq!(spellings("remote-user"), ["remote_user"]);
        let long = spellings("x-auth-request-user");
        assert_eq!(long.len(), 7);
        for name in ["x_auth_request_user", "x-auth-request_user", "x_auth-request-user"] {
            assert!(long.contains(&name.to_owned()), "{name}");
        }
        assert!(!long.contains(&"x-auth-request-user".to_owned()));
    }

    #[test]
    fn what_is_unknown_is_an_empty_header() {
        for names in [IdentityHeaders::Remote, IdentityHeaders::Oauth2Proxy, IdentityHeaders::Authelia] {
            let headers = Identity::default().headers(names);
            assert_eq!(headers.len(), names.names().len());
            assert!(headers.iter().all(|(_, value)| value.is_empty()));
        }
    }

    #[test]
    fn what_a_header_would_change_is_not_whole() {
        for bad in [" alice", "alice ", "a\nb", "a\tb", "\u{a0}alice", "a\u{85}"] {
            assert!(!is_whole(bad), "{bad:?}");
        }
        assert!(is_whole("Zo\u{eb} <zoe@example.org>") && is_whole(""));
    }

    #[tokio::test]
    async fn who_impersonates_is_never_left_out() {
        let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("the parts fit");
        let subject = |name: &str| Some(Subject::new(name).expect("a name"));
        let issued = sessions.create(NewSession::default(), &Caller::user()).await.expect("it is made");
        let mut record = issued.record;
        record.subject = subject("alice");
        record.impersonator = subject("support");
        let config = ForwardAuthConfig::default();
        assert_eq!(Identity::of(&record, &config).expect("both have names").impersonator, "support");
        record.impersonator = subject(" support");
        let refused = Identity::of(&record, &config).expect_err("nobody would hear of it");
        assert_eq!(refused.code(), "unnamable_subject");
    }
}
