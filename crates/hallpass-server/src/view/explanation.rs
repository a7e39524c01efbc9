use std::fmt::Write as _;

use hallpass::{Actor, EndReason};

use super::timeline::{Ending, TimelineView, Timeouts};

impl TimelineView<'_> {
    /// Says in words why a session ended, or what would end it: which clock, policy, actor and request.
    pub fn explanation(timeouts: Option<&Timeouts>, ending: Option<&Ending<'_>>) -> String {
        match (timeouts, ending) {
            (_, Some(ending)) => ended(ending),
            (Some(timeouts), None) => living(timeouts),
            (None, None) => "It is over, and nothing was written down about its end.".to_owned(),
        }
    }
}

fn ended(ending: &Ending<'_>) -> String {
    let policy = &ending.policy;
    let (who, by_rule) = (who(&ending.actor), ending.actor == Actor::policy());
    let why = match &ending.reason {
        EndReason::Idle => format!(
            "it was not used for {}, the idle timeout of the profile `{}`. Nobody ended it: the policy did",
            duration(policy.idle),
            policy.profile
        ),
        EndReason::Absolute => format!(
            "its lifetime was over: the profile `{}` lets a session live {} after its sign-in, however much it is used. Nobody \
             ended it: the policy did",
            policy.profile,
            duration(policy.absolute)
        ),
        EndReason::Logout => format!("{who} logged it out"),
        EndReason::Replayed => {
            "a token that had been replaced long before was shown again. Two parties held it, so the \
                                session was ended as stolen"
                .to_owned()
        }
        EndReason::Replaced => "another user signed in in its place".to_owned(),
        EndReason::Evicted => format!(
            "its user signed in more often at once than the profile `{}` allows, and this session had to give way",
            policy.profile
        ),
        EndReason::Exhausted => "it had used up all tokens that one session can have".to_owned(),
        EndReason::Revoked if by_rule => "a rule of the policy ended it".to_owned(),
        EndReason::Revoked => format!("{who} ended it"),
        other => format!("{who} ended it, for the reason `{}`", other.as_str()),
    };
    let mut text = format!("The session ended at {}: {why}", ending.at);
    if let Some(note) = &ending.note {
        let _ = write!(text, ", and said: \u{201c}{note}\u{201d}"); // text takes all
    }
    text.push('.');
    if let Some(request) = &ending.request_id {
        let route = ending.route.as_ref().map(|route| format!(" ({route})")).unwrap_or_default();
        let from = ending.ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
        let _ = write!(text, " That came with the request {request}{route}{from}."); // as above
    }
    text
}

fn living(timeouts: &Timeouts) -> String {
    let Timeouts { idle, absolute, locks, .. } = *timeouts;
    match (idle, locks) {
        (0, true) => format!(
            "The session is locked: it was not used for too long. Its user can unlock it by signing in again; if nobody does, it \
             ends in {}.",
            duration(absolute)
        ),
        (idle, true) => format!(
            "The session has not ended. If it is not used, it locks in {}; however much it is used, it ends in {}.",
            duration(idle),
            duration(absolute)
        ),
        (idle, false) => format!(
            "The session has not ended. If it is not used, it ends in {}; however much it is used, it ends in {}.",
            duration(idle),
            duration(absolute)
        ),
    }
}

/// Returns who did something, for the beginning of a sentence's part.
fn who(actor: &Actor) -> String {
    let (kind, name) = actor.as_str().split_once(':').unwrap_or((actor.as_str(), ""));
    let named = match name.split_once('#') {
        Some((name, key)) => format!("{name} (API key {key})"),
        None => name.to_owned(),
    };
    match kind {
        "user" => "its user".to_owned(),
        "policy" => "the policy".to_owned(),
        "operator" if named.is_empty() => "an operator".to_owned(),
        "operator" => format!("the operator {named}"),
        "application" => format!("the application {named}"),
        "impersonator" => format!("{named}, who acted as its user,"),
        _ => actor.as_str().to_owned(),
    }
}

/// Returns so many seconds in the two greatest units that it has.
fn duration(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "less than a second".to_owned() } else { parts.join(" and ") }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::EndingPolicy;
    use super::*;
    use hallpass::Timestamp;

    fn ending(reason: EndReason, actor: Actor) -> Ending<'static> {
        Ending {
            at: Timestamp::from_millis(1_700_000_000_000),
            reason,
            clock: None,
            policy: EndingPolicy { profile: "default", idle: 1800, absolute: 14_400 },
            actor,
            request_id: None,
            route: None,
            ip: None,
            note: None,
        }
    }

    #[test]
    fn every_reason_has_words_of_its_own() {
        let said: std::collections::BTreeSet<_> = EndReason::ALL
            .iter()
            .map(|reason| TimelineView::explanation(None, Some(&ending(reason.clone(), Actor::user()))))
            .collect();
        assert_eq!(said.len(), EndReason::ALL.len(), "{said:#?}");
        assert!(
            said.iter().all(|text| text.starts_with("The session ended at 2023-11-14T22:13:20.000Z: ")),
            "{said:#?}"
        );
    }

    #[test]
    fn clock_policy_actor_and_request_are_named() {
        let idle = TimelineView::explanation(None, Some(&ending(EndReason::Idle, Actor::policy())));
        assert!(idle.contains("not used for 30 minutes, the idle timeout of the profile `default`"), "{idle}");
        let actor = Actor::new("operator:dana#a1").expect("a name");
        let mut revoked = ending(EndReason::Revoked, actor);
        revoked.note = Some("stolen phone".to_owned());
        revoked.request_id = Some("01J".to_owned());
        revoked.route = Some("POST /v1/sessions/{id}/revoke".to_owned());
        assert_eq!(
            TimelineView::explanation(None, Some(&revoked)),
            "The session ended at 2023-11-14T22:13:20.000Z: the operator dana (API key a1) ended it, and said: \
             \u{201c}stolen phone\u{201d}. That came with the request 01J (POST /v1/sessions/{id}/revoke)."
        );
    }

    #[test]
    fn what_is_left_is_said_in_words() {
        let timeouts = Timeouts { idle: 90, absolute: 90_061, renewal: 5, locks: false };
        assert_eq!(
            TimelineView::explanation(Some(&timeouts), None),
            "The session has not ended. If it is not used, it ends in 1 minute and 30 seconds; however much it is used, it \
             ends in 1 day and 1 hour."
        );
        let locked = TimelineView::explanation(Some(&Timeouts { idle: 0, locks: true, ..timeouts }), None);
        assert!(locked.starts_with("The session is locked"), "{locked}");
    }
}
