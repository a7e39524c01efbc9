//! The policies that are in force, and where they are laxer than their presets ask for.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::Overflow;

use super::frame::{Frame, Place};
use super::operator::Operator;
use super::trouble::Trouble;
use crate::config::{Deviation, InForce};
use crate::html::{self, span};

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/policy.html")]
struct PolicyPage {
    frame: Frame,
    policies: Vec<Shown>,
    deviations: Vec<Deviation>,
}

/// A policy in words.
#[derive(Debug)]
struct Shown {
    profile: String,
    preset: &'static str,
    about: &'static str,
    values: Vec<(&'static str, String)>,
}

pub(super) async fn show(operator: Operator) -> Result<Response, Trouble> {
    let config = &operator.desk.app.config;
    // What is wrong in a configuration keeps the service from starting.
    let policies = config.in_force().map_err(|_| Trouble::broken())?;
    let deviations = config.deviations().map_err(|_| Trouble::broken())?;
    let page = PolicyPage {
        frame: Frame::new("Policy", Place::Policy, &operator).await?,
        policies: policies.iter().map(Shown::of).collect(),
        deviations,
    };
    Ok(html::page(StatusCode::OK, &page))
}

impl Shown {
    fn of(in_force: &InForce) -> Self {
        let InForce { profile, preset, policy, .. } = in_force;
        let limit = match policy.limit() {
            None => "any number".to_owned(),
            Some(limit) => {
                let overflow = match limit.overflow {
                    Overflow::EvictOldest => "the oldest ends",
                    Overflow::EvictIdle => "the least used ends",
                    Overflow::Refuse => "one more is refused",
                    _ => "what one more does, the configuration says",
                };
                format!("{}; {overflow}", limit.most)
            }
        };
        let idle = if policy.terms().locks { "Locks when unused for" } else { "Ends when unused for" };
        let grace = policy.grace();
        let persistent = if policy.is_persistent() { "yes" } else { "no" };
        Self {
            profile: profile.to_string(),
            preset: preset.as_str(),
            about: preset.about(),
            values: vec![
                (idle, span(policy.idle())),
                ("Ends in any case after", span(policy.absolute())),
                ("Nobody signed in: ends after", span(policy.anonymous())),
                ("New token every", span(policy.renewal())),
                ("Replaced token good for", span(grace.grace)),
                ("Spent token is theft after", span(grace.replay_after)),
                ("Proof is fresh for", span(policy.fresh())),
                ("Sessions of one subject", limit),
                ("Cookie outlives the browser", persistent.to_owned()),
                ("Ended sessions remembered for", span(policy.retention())),
            ],
        }
    }
}
