use axum::http::{HeaderMap, StatusCode};
use hallpass::{Caller, Demand, Record, Timestamp, Verified};

use super::ForwardAuth;
use super::credentials::Credentials;
use super::identity::Identity;
use super::original::Original;
use super::rules::Needs;
use crate::app::App;
use crate::metrics::Verification;
use crate::wire::Problem;

/// A request that is let in.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) identity: Identity,
    /// Whether its browser should be sent where it gets its next token.
    pub(crate) renewal_due: bool,
}

impl ForwardAuth {
    /// Tells whether a request is let in: the same for every kind of proxy.
    pub(super) async fn judge(
        &self,
        app: &App,
        original: &Original,
        headers: &HeaderMap,
        caller: &Caller,
    ) -> Result<Admitted, Problem> {
        let (demand, roles) = match self.rules.needs(&original.host, &original.target, &original.method) {
            // Nobody is asked: what is public is so while the store is away, and knows nobody.
            Needs::Nothing => return Ok(Admitted { identity: Identity::default(), renewal_due: false }),
            Needs::Denied => return Err(forbidden("forbidden", "Nobody is let in here.")),
            Needs::Unclear => {
                let detail = "The path can be read in more than one way. Send it without dot segments, encoded slashes and the like.";
                return Err(forbidden("ambiguous_path", detail));
            }
            Needs::Session(demand, roles) => (demand, roles),
        };
        let sessions = self.realms.at(Some(&original.host));
        let judged = async {
            let credentials = Credentials::of(headers, &app.carrier)?;
            let verified = credentials.verify(sessions, app.makes_access_tokens(), !roles.is_empty(), caller).await?;
            let identity = self.admit(&verified, demand, &roles, sessions.now())?;
            let is_cookie = matches!(credentials, Credentials::Cookies(_));
            Ok(Admitted { identity, renewal_due: verified.renewal_due && is_cookie })
        };
        let judged: Result<Admitted, Problem> = judged.await;
        app.metrics.verified(match &judged {
            Ok(_) => Verification::Active,
            Err(problem) => problem.verification(),
        });
        judged
    }

    fn admit(
        &self,
        verified: &Verified,
        demand: Demand,
        roles: &[Vec<String>],
        now: Timestamp,
    ) -> Result<Identity, Problem> {
        let record = &verified.record;
        if record.subject.is_none() {
            return Err(Problem::inactive());
        }
        if verified.is_locked {
            return Err(Problem::locked());
        }
        let identity = Identity::of(record, &self.config)?;
        // Before the strength of the proof: nobody is to prove more for what they may not see.
        if !roles.iter().all(|list| identity.has_one_of(list)) {
            return Err(forbidden("missing_role", "This is for people with another role."));
        }
        if meets(record, demand, now) { Ok(identity) } else { Err(Problem::step_up_required()) }
    }
}

fn meets(record: &Record, demand: Demand, now: Timestamp) -> bool {
    let is_fresh =
        demand.max_age().is_none_or(|within| record.authenticated_at.is_some_and(|at| now.since(at) <= within));
    record.level >= demand.least_level() && is_fresh
}

fn forbidden(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, detail)
}
