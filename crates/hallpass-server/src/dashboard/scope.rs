use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use hallpass::{
    Error, Extent, PageLimit, Query, Record, Revocation, Revoked, SessionId, SessionState, States, Subject,
};

use super::operator::Operator;
use super::row::Row;
use super::search::Search;
use super::trouble::Trouble;
use crate::wire::Problem;

/// Which sessions are to end.
#[derive(Debug, Clone)]
pub(super) enum Scope {
    /// One.
    One(SessionId),
    /// Every usable one of a subject.
    Subject(Subject),
    /// Every usable one that a search finds.
    Matching(Box<Search>),
}

/// What would end.
#[derive(Debug)]
pub(super) struct DryRun {
    pub(super) matched: u64,
    /// Whether there are more than were counted.
    pub(super) is_more: bool,
    /// The first of them.
    pub(super) sample: Vec<Row>,
}

/// How many sessions are counted: a page is to come within a request's time.
const MOST_COUNTED: NonZeroU64 = NonZeroU64::new(100_000).expect("not zero");
/// How many sessions are ended between two looks at the time.
const SLICE: NonZeroU64 = NonZeroU64::new(1000).expect("not zero");
/// For how long one form goes on ending sessions; then it says how far it came, and can be sent again.
const PATIENCE: Duration = Duration::from_secs(15);

impl Scope {
    /// Reads which sessions the fields of a form or an address mean.
    pub(super) fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Result<Self, Trouble> {
        let named = |wanted: &str| fields.clone().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        if let Some(id) = named("id") {
            return id.parse().map(Self::One).map_err(|_| Trouble::no_session());
        }
        if let Some(subject) = named("all_of") {
            let subject = Subject::new(subject);
            return subject.map(Self::Subject).map_err(|_| Trouble::bad_field("There can be no such subject."));
        }
        Ok(Self::Matching(Box::new(Search::of(fields))))
    }

    /// Returns the fields that mean the same in a form.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::One(id) => vec![("id", id.to_string())],
            Self::Subject(subject) => vec![("all_of", subject.to_string())],
            Self::Matching(search) => {
                search.pairs().into_iter().map(|(name, value)| (name, value.to_owned())).collect()
            }
        }
    }

    /// Returns the query of an address that means the same.
    pub(super) fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.fields()).finish()
    }

    /// Says in words which sessions are meant.
    pub(super) fn words(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::One(id) => vec![("Session", id.to_string())],
            Self::Subject(subject) => vec![("Every session of", subject.to_string())],
            Self::Matching(search) => search.words(),
        }
    }

    /// Tells whether it means every session of the realm.
    pub(super) fn is_everything(&self) -> bool {
        matches!(self, Self::Matching(search) if search.is_empty())
    }

    /// Returns where somebody goes back to who thinks better of it.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::One(id) => format!("/dashboard/sessions/{id}"),
            Self::Subject(subject) => {
                let query =
                    form_urlencoded::Serializer::new(String::new()).append_pair("subject", subject.as_str()).finish();
                format!("/dashboard/sessions?{query}")
            }
            Self::Matching(search) => format!("/dashboard/sessions?{}", search.query()),
        }
    }

    /// Says what would end, and ends nothing.
    pub(super) async fn dry_run(&self, operator: &Operator) -> Result<DryRun, Trouble> {
        let sessions = operator.sessions();
        if let Self::One(id) = self {
            let record = sessions.find(id).await?.ok_or_else(Trouble::no_session)?;
            let is_usable = sessions.state(&record) != SessionState::Ended;
            return Ok(DryRun { matched: is_usable.into(), is_more: false, sample: vec![Row::of(sessions, &record)] });
        }
        let (query, states) = self.question(operator).map_err(Trouble::from)?;
        let extent = Extent { states, most: Some(MOST_COUNTED), dry_run: true };
        let found = sessions.revoke_matching(&query, &extent, &Revocation::default(), |_| {}).await?;
        let mut sample = Vec::with_capacity(found.sample.len());
        for id in &found.sample {
            sample.extend(sessions.find(id).await?.as_ref().map(|record: &Record| Row::of(sessions, record)));
        }
        Ok(DryRun { matched: found.matched, is_more: found.next.is_some(), sample })
    }

    /// Ends the sessions; answers how many were usable until then, and whether the time was up before all had ended.
    pub(super) async fn revoke(&self, operator: &Operator, revocation: &Revocation) -> Result<(u64, bool), Trouble> {
        let sessions = operator.sessions();
        match self {
            Self::One(id) => match sessions.revoke(id, revocation).await {
                Err(error) if error.is_not_found() => Err(Trouble::no_session()),
                revoked => Ok((revoked?.into(), false)),
            },
            // By batches first: what is over then is no more than came meanwhile.
            Self::Subject(subject) => {
                let (query, states) = self.question(operator).map_err(Trouble::from)?;
                let (revoked, is_cut) = in_slices(operator, query, states, revocation).await?;
                let more = if is_cut { 0 } else { sessions.revoke_subject(subject, None, revocation).await? };
                Ok((revoked + more, is_cut))
            }
            Self::Matching(_) => {
                let (query, states) = self.question(operator).map_err(Trouble::from)?;
                Ok(in_slices(operator, query, states, revocation).await?)
            }
        }
    }

    fn question(&self, operator: &Operator) -> Result<(Query, States), Problem> {
        let (mut query, states) = match self {
            Self::Matching(search) => {
                let filter = search.filter(operator.now())?;
                (filter.query(), filter.states())
            }
            Self::Subject(subject) => {
                (Query::of_subject(operator.sessions().realm().clone(), subject.clone()), States::ALL)
            }
            Self::One(_) => (Query::default(), States::ALL),
        };
        query.limit = PageLimit::MOST;
        Ok((query, states))
    }
}

async fn in_slices(
    operator: &Operator,
    mut query: Query,
    states: States,
    revocation: &Revocation,
) -> Result<(u64, bool), Error> {
    let began = Instant::now();
    let patience = PATIENCE.min(operator.desk.app.config.limits.request_time() / 2);
    let extent = Extent { states, most: Some(SLICE), dry_run: false };
    let mut total = 0;
    loop {
        let Revoked { revoked, next, .. } =
            operator.sessions().revoke_matching(&query, &extent, revocation, |_| {}).await?;
        total += revoked;
        if next.is_none() || began.elapsed() >= patience {
            return Ok((total, next.is_some()));
        }
        query.after = next;
    }
}
