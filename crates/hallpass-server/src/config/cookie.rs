use hallpass::http::{CookieCarrier, InvalidCookie, SameSite};
use serde::{Deserialize, Serialize};

use super::Config;

/// The cookie that answers with a token suggest; by default `__Host-sid`, as [`CookieCarrier`] has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CookieConfig {
    /// Its name, beginning with `__Host-`, or with `__Secure-` if it has a domain or another path.
    pub name: Option<String>,
    /// Which requests from other sites it goes with; as the preset in `profile` asks if nobody says.
    pub same_site: Option<SameSiteConfig>,
    /// The part of the site that it is kept to.
    pub path: Option<String>,
    /// The domain whose subdomains share it.
    ///
    /// # Security
    ///
    /// Each of them can read and plant it.
    pub domain: Option<String>,
    /// Whether it is kept apart for each site that embeds this one.
    pub partitioned: bool,
    /// Whether it is a cookie for plain HTTP: named `sid`, without `Secure`.
    ///
    /// # Security
    ///
    /// Anybody on the way sees it. For development on loopback only.
    pub danger_plain_http: bool,
}

/// Which requests from other sites a cookie goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SameSiteConfig {
    /// None at all.
    Strict,
    /// Those that only navigate to the site.
    #[default]
    Lax,
    /// All.
    None,
}

impl CookieConfig {
    /// Returns the carrier that writes this cookie, for these requests from other sites.
    fn carrier(&self, same_site: SameSiteConfig) -> Result<CookieCarrier, InvalidCookie> {
        if self.danger_plain_http {
            return Ok(CookieCarrier::danger_plain_http());
        }
        let mut builder = CookieCarrier::builder().same_site(match same_site {
            SameSiteConfig::Strict => SameSite::Strict,
            SameSiteConfig::Lax => SameSite::Lax,
            SameSiteConfig::None => SameSite::None,
        });
        if let Some(name) = &self.name {
            builder = builder.name(name);
        }
        if let Some(path) = &self.path {
            builder = builder.path(path);
        }
        if let Some(domain) = &self.domain {
            builder = builder.danger_shared_with_subdomains_of(domain);
        }
        if self.partitioned {
            builder = builder.partitioned();
        }
        builder.build()
    }
}

impl Config {
    /// Returns the carrier that writes the suggested cookie.
    ///
    /// # Errors
    ///
    /// [`InvalidCookie`] if browsers would not accept it.
    pub fn carrier(&self) -> Result<CookieCarrier, InvalidCookie> {
        self.cookie.carrier(self.same_site())
    }

    /// Returns which requests from other sites the suggested cookie goes with.
    pub(super) fn same_site(&self) -> SameSiteConfig {
        self.cookie.same_site.unwrap_or(self.profile.same_site())
    }
}
