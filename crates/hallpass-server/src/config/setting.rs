/// One thing that can be set by a flag, by a variable and in the file alike.
///
/// ```
/// use hallpass_server::Setting;
///
/// let setting = Setting::ALL.iter().find(|setting| setting.key == "cookie.name").expect("it is there");
/// assert_eq!(setting.flag(), "cookie-name");
/// assert_eq!(setting.variable(), "HALLPASS_COOKIE_NAME");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// The key in the file, with its table: `listen`, `cookie.name`.
    pub key: &'static str,
    /// What kind of value it takes.
    pub kind: SettingKind,
    /// What it sets, in a few words.
    pub about: &'static str,
}

/// What kind of value a [`Setting`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingKind {
    /// Text.
    Text,
    /// A whole number; durations are seconds.
    Number,
    /// `true` or `false`; the flag alone means `true`.
    Switch,
}

impl Setting {
    /// Every setting that has a flag and a variable. Further profiles and the rules for proxies can be set in the file only, and the first admin
    /// key by `HALLPASS_ADMIN_KEY` only, as a signing key is by `HALLPASS_SIGNING_KEY`.
    pub const ALL: &'static [Self] = &[
        text("listen", "Address to listen on; port 0 picks one"),
        text("admin_listen", "Address for metrics, keys and operators, apart from applications"),
        text(
            "store",
            "Where sessions live: memory:, sqlite:FILE, postgres://..., mysql://..., redis://HOST, memcached://HOST or dynamodb://REGION/TABLE",
        ),
        text("profile", "Policy preset for sessions that name no profile"),
        text("tokens", "Self-contained tokens: none, jwt (short ones beside sessions) or sealed (in place of them)"),
        switch("demo", "Serve the demo under /demo"),
        switch("dashboard", "Serve the dashboard of operators under /dashboard"),
        number("data_limit", "Most bytes of data in a session"),
        number("sweep_interval", "Seconds between sweeps"),
        text("pepper_file", "File with at least 32 random bytes that the store never sees"),
        text("sealing_key_files", "Files with 32 random bytes each: the first seals what the store keeps, all open it"),
        text(
            "signing_key_files",
            "Files with key pairs in PEM: the first signs tokens, all verify; made here if there are none",
        ),
        number("key_rotation", "Seconds that a key made here signs tokens before the next one does"),
        switch("danger_unsealed", "Read what was saved before sealing began"),
        number("cache", "MiB of copies before a shared store; what ends elsewhere is let in for 1.5 s more"),
        number("policy.idle", "Seconds that a session may go unused"),
        number("policy.absolute", "Seconds that a session lives after its authentication"),
        number("policy.renewal", "Seconds that one token is used before the next"),
        number("policy.anonymous", "Seconds that a session lives that nobody signs in to"),
        number("policy.grace", "Seconds that a replaced token is still good"),
        number("policy.replay_after", "Seconds until a spent token is a sign of theft"),
        number("policy.most_sessions", "Most sessions of one subject"),
        text("policy.overflow", "What one session too many does: evict-oldest, evict-idle or refuse"),
        switch("policy.lock_when_idle", "Lock an unused session instead of ending it"),
        number("policy.fresh", "Seconds that an authentication counts as fresh"),
        number("policy.retention", "Seconds that an ended session is remembered"),
        switch("policy.persistent", "Let cookies outlive the browser"),
        text("policy.deviation", "Why the policy departs from its preset, for those who ask"),
        text("cookie.name", "Name of the suggested cookie"),
        text("cookie.same_site", "SameSite of the suggested cookie: strict, lax or none"),
        text("cookie.path", "Path of the suggested cookie"),
        text("cookie.domain", "Domain of the suggested cookie, shared with its subdomains"),
        switch("cookie.partitioned", "Keep the cookie apart for each embedding site"),
        switch("cookie.danger_plain_http", "Suggest a cookie for plain HTTP, for development"),
        text("jwt.issuer", "Who issues access tokens: the address that clients have of this service"),
        text("jwt.audience", "Whom access tokens are for; the issuer if nobody says"),
        number("jwt.lifetime", "Seconds that an access token is good"),
        text("jwt.algorithm", "What keys made here are for: EdDSA or ES256"),
        number("jwt.max_age", "Seconds that others may keep the published keys"),
        text(
            "forward_auth.trusted_proxies",
            "Addresses and networks of the proxies that are believed; loopback if nobody says",
        ),
        text("forward_auth.sign_in", "Where proxies send browsers to sign in: a path on their site, or a URL"),
        text("forward_auth.step_up", "Where they send browsers to prove more"),
        text("forward_auth.return_to", "Origins that a sign-in elsewhere may send people back to"),
        text("forward_auth.identity", "Names of the headers that say who it is: remote, oauth2-proxy or authelia"),
        text("forward_auth.realm", "Realm whose sessions are asked for"),
        switch("forward_auth.renewal", "Send browsers to /session/renew when their token is due"),
        text("forward_auth.role_attribute", "Attribute of a session with its subject's roles"),
        text("forward_auth.email_attribute", "Attribute with the subject's address for mail"),
        text("forward_auth.name_attribute", "Attribute with the subject's name for people"),
        text("forward_auth.default", "What holds where no rule does: signed-in or deny"),
        text("forward_auth.grpc_listen", "Address for Envoy's gRPC (ext_authz)"),
        text("audit.key_file", "File with the key pair in PEM that signs the audit trail"),
        number("audit.retention", "Seconds that events are kept; for ever if nobody says"),
        switch("audit.required", "Do nothing for operators and admins whose event cannot be kept"),
        switch("audit.refusals", "Keep refused tokens in the audit trail too, at most 60 of a kind in a minute"),
        text("tls.certificate_file", "File with the certificate in PEM; the service then speaks HTTPS"),
        text("tls.key_file", "File with its private key in PEM"),
        number("limits.connections", "Most connections at once"),
        number("limits.requests", "Most requests at once"),
        number("limits.streams", "Most event streams at once"),
        number("limits.header_timeout", "Seconds for the head of a request"),
        number("limits.body_timeout", "Seconds for the body of a request"),
        number("limits.request_timeout", "Seconds for a request"),
        number("limits.drain_timeout", "Seconds for requests to finish at the stop"),
        number("limits.guesses", "Most unknown tokens and keys from one network in a minute; 0 for any number"),
    ];

    /// Returns the name of its flag, without the dashes before it.
    pub fn flag(&self) -> String {
        self.key.replace(['_', '.'], "-")
    }

    /// Returns the name of its environment variable.
    pub fn variable(&self) -> String {
        format!("HALLPASS_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }
}

const fn text(key: &'static str, about: &'static str) -> Setting {
    Setting { key, kind: SettingKind::Text, about }
}

const fn number(key: &'static str, about: &'static str) -> Setting {
    Setting { key, kind: SettingKind::Number, about }
}

const fn switch(key: &'static str, about: &'static str) -> Setting {
    Setting { key, kind: SettingKind::Switch, about }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Config, PolicyConfig};

    /// Returns the keys that the file can have, as serialisation shows them.
    fn keys_of_the_file() -> BTreeSet<String> {
        let all = PolicyConfig {
            preset: None,
            idle: Some(1),
            absolute: Some(1),
            renewal: Some(1),
            anonymous: Some(1),
            grace: Some(1),
            replay_after: Some(1),
            most_sessions: Some(1),
            overflow: Some(crate::OverflowConfig::Refuse),
            lock_when_idle: Some(true),
            fresh: Some(1),
            retention: Some(1),
            persistent: Some(true),
            deviation: Some(String::new()),
        };
        let mut config = Config { policy: all, ..Config::default() };
        config.admin_listen = Some(config.listen);
        config.pepper_file = Some("pepper".into());
        config.sealing_key_files.0.push("sealing-key".into());
        config.signing_key_files.0.push("signing-key.pem".into());
        let text = || Some("x".to_owned());
        config.cookie.name = text();
        config.cookie.same_site = Some(crate::SameSiteConfig::Lax);
        config.cookie.path = text();
        config.cookie.domain = text();
        config.audit.key_file = Some("audit-key.pem".into());
        config.audit.retention = Some(86_400);
        config.audit.required = Some(true);
        config.tls.certificate_file = Some("certificate.pem".into());
        config.tls.key_file = Some("key.pem".into());
        config.jwt.issuer = text();
        config.jwt.audience = text();
        config.jwt.algorithm = Some(crate::SigningAlgorithm::EdDsa);
        config.forward_auth.sign_in = text();
        config.forward_auth.step_up = text();
        config.forward_auth.grpc_listen = Some(config.listen);
        let table = toml::Table::try_from(&config).expect("a table");
        let mut keys = BTreeSet::new();
        for (key, value) in table {
            match value {
                toml::Value::Table(inner) if key != "profiles" => {
                    keys.extend(inner.keys().map(|name| format!("{key}.{name}")));
                }
                toml::Value::Table(_) => {}
                _ => {
                    keys.insert(key);
                }
            }
        }
        keys
    }

    #[test]
    fn what_the_file_can_set_flags_and_variables_can_set_too() {
        let settings: BTreeSet<_> = Setting::ALL.iter().map(|setting| setting.key.to_owned()).collect();
        assert_eq!(settings, keys_of_the_file());
    }

    #[test]
    fn no_two_settings_share_a_flag_or_variable() {
        let flags: BTreeSet<_> = Setting::ALL.iter().map(Setting::flag).collect();
        let variables: BTreeSet<_> = Setting::ALL.iter().map(Setting::variable).collect();
        assert_eq!((flags.len(), variables.len()), (Setting::ALL.len(), Setting::ALL.len()));
    }
}
