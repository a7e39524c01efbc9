use super::guard::{CsrfGuard, Paths};
use crate::http::pages::is_origin;

/// Builds a [`CsrfGuard`].
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct CsrfBuilder(CsrfGuard);

/// The error of building a [`CsrfGuard`] from what is no origin or path; says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidCsrf(&'static str);

impl CsrfBuilder {
    /// Says what the application's own origin is, such as `https://shop.example`; several if it has several.
    ///
    /// Without, it is what `Host` says, over HTTPS, or over HTTP on this very machine.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.0.own.push(origin.into());
        self
    }

    /// Lets pages of another origin change things too, such as `https://admin.example`.
    ///
    /// # Security
    ///
    /// Whoever can run a script there, acts here as every user who visits it.
    pub fn trust(mut self, origin: impl Into<String>) -> Self {
        self.0.trusted.push(origin.into());
        self
    }

    /// Checks nothing of what is sent to a path, such as `/webhook`; or to everything under it, where it ends with `/`.
    ///
    /// # Security
    ///
    /// For what needs no session and proves itself otherwise, such as by a signature.
    pub fn danger_exempt(mut self, path: impl Into<String>) -> Self {
        self.0.exempt.0.push(path.into());
        self
    }

    /// Checks requests that are not to change anything too, by their path, or everything under it, where it ends with
    /// `/`: for what is worth protecting all the same (`CSF-7`).
    pub fn check_reads(mut self, path: impl Into<String>) -> Self {
        self.0.checked_reads.0.push(path.into());
        self
    }

    /// Takes only JSON and the like on a path, or everything under it, where it ends with `/`: of what any site's form
    /// could send, a token is demanded (`CSF-9`).
    pub fn json_only(mut self, path: impl Into<String>) -> Self {
        self.0.json_only.0.push(path.into());
        self
    }

    /// Demands a [form token](crate::Session::form_token) with everything that would change something, and not only of
    /// who does not say where they come from: for browsers that are older than these checks.
    pub fn require_tokens(mut self) -> Self {
        self.0.requires_tokens = true;
        self
    }

    /// Refuses who does not say where they come from, whatever token they bring: no browser of the last years does so.
    pub fn refuse_silent(mut self) -> Self {
        self.0.refuses_silent = true;
        self
    }

    /// Lets everything pass, and only tells what would have been refused, for the time of a roll-out (`CSF-12`).
    ///
    /// # Security
    ///
    /// Nothing is protected meanwhile.
    pub fn danger_log_only(mut self) -> Self {
        self.0.only_logs = true;
        self
    }

    /// Builds the guard.
    ///
    /// # Errors
    ///
    /// [`InvalidCsrf`] if an origin is none as browsers write it, or a path does not begin with `/`.
    pub fn build(self) -> Result<CsrfGuard, InvalidCsrf> {
        let guard = self.0;
        if !guard.own.iter().chain(&guard.trusted).all(|origin| is_origin(origin)) {
            return Err(InvalidCsrf(
                "an origin is such as `https://shop.example`: lower case, without a path or its own port",
            ));
        }
        let paths = [&guard.exempt, &guard.checked_reads, &guard.json_only];
        if !paths.into_iter().flat_map(|Paths(paths)| paths).all(|path| path.starts_with('/')) {
            return Err(InvalidCsrf("a path begins with `/`"));
        }
        Ok(guard)
    }
}
