//! Signing in, and proving it again.

use axum::response::Response;
use hallpass::{Level, Method, SignIn};
use serde::Deserialize;

use super::keep::{COUNT, NOTE};
use super::log_out::{Ending, EndingForm};
use super::page::{Said, done};
use super::people::Person;
use super::policy;
use super::trouble::Trouble;
use super::visit::{Sent, Visit};

#[derive(Debug, Deserialize)]
pub(super) struct SignInForm {
    person: String,
    remember: Option<String>,
    keep_count: Option<String>,
    keep_note: Option<String>,
}

pub(super) async fn sign_in(visit: Visit, Sent(form): Sent<SignInForm>) -> Result<Response, Trouble> {
    let subject = Person::subject(&form.person).ok_or_else(Trouble::bad_field)?;
    let session = &visit.session;
    let is_anonymous = session.subject().or(session.locked_subject()).is_none();
    let profile = policy::profile(session.sessions(), form.remember.is_some());
    let mut sign_in = by(SignIn::new(subject), &["demo"]).profile(profile);
    // What one person kept is never another's.
    if is_anonymous {
        let wanted = [(form.keep_count, COUNT), (form.keep_note, NOTE)];
        for (_, key) in wanted.iter().filter(|(is_wanted, _)| is_wanted.is_some()) {
            sign_in = sign_in.keep(*key);
        }
    }
    session.authenticate(sign_in)?;
    Ok(done("/demo", Said::SignedIn))
}

/// Takes a second factor from whoever is signed in.
pub(super) async fn second_factor(visit: Visit) -> Result<Response, Trouble> {
    let Some(subject) = visit.session.subject() else {
        return Ok(done("/demo", Said::NobodyThere));
    };
    visit.session.authenticate(by(SignIn::new(subject), &["demo", "otp"]).level(Level::TWO_FACTORS))?;
    Ok(done("/demo", Said::SecondFactor))
}

/// Takes a fresh proof of the same person, and then does what needed it.
pub(super) async fn confirm(visit: Visit, Sent(form): Sent<EndingForm>) -> Result<Response, Trouble> {
    let session = &visit.session;
    let Some(subject) = session.subject().or(session.locked_subject()) else {
        return Ok(done("/demo", Said::NobodyThere));
    };
    let (level, methods) = (session.level().max(Level::ONE_FACTOR), session.methods());
    let mut sign_in = SignIn::new(subject).level(level);
    sign_in.methods = methods;
    session.authenticate(sign_in)?;
    if form.what.is_none() {
        return Ok(done("/demo", Said::Confirmed));
    }
    let ending = Ending::of(&form, session)?;
    // Nothing else ends before the proof is stored.
    session.commit().await?;
    ending.carry_out(&visit).await
}

fn by(mut sign_in: SignIn, methods: &[&str]) -> SignIn {
    sign_in.methods = methods.iter().filter_map(|method| Method::new(method).ok()).collect();
    sign_in
}
