//! The table of sessions, and the search in it.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Cursor, PageLimit, Record};

use super::frame::{Frame, Place};
use super::operator::Operator;
use super::row::Row;
use super::search::{self, AGES, STATES, Search};
use super::trouble::Trouble;
use crate::api::Filter;
use crate::html;
use crate::wire::Problem;

/// How many sessions are on a page.
const PAGE: u16 = 50;
/// How many pages of the store are read for one of ours, where states that only policies know leave them empty.
const MOST_PAGES: usize = 20;

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/sessions.html")]
struct SessionsPage {
    frame: Frame,
    search: Search,
    wrong: Option<Wrong>,
    rows: Vec<Row>,
    /// The address of the page after this, if there is one.
    next: Option<String>,
    /// Whether this is another page than the first.
    is_later: bool,
    profiles: Vec<String>,
}

/// What is wrong with a search.
#[derive(Debug)]
struct Wrong {
    field: String,
    /// What the page calls the field.
    label: &'static str,
    detail: String,
}

impl SessionsPage {
    /// Returns what is wrong with a field, if something is.
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|wrong| wrong.field == field).map(|wrong| wrong.detail.as_str())
    }
}

pub(super) async fn show(operator: Operator, RawQuery(query): RawQuery) -> Result<Response, Trouble> {
    let fields: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let pairs = || fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let search = Search::of(pairs());
    let cursor = pairs().find(|(name, value)| *name == "cursor" && !value.is_empty()).map(|(_, value)| value);
    let mut page = SessionsPage {
        frame: Frame::new("Sessions", Place::Sessions, &operator).await?,
        wrong: None,
        rows: Vec::new(),
        next: None,
        is_later: cursor.is_some(),
        profiles: profiles(&operator),
        search,
    };
    let status = match read(&page.search, cursor, &operator) {
        Ok((filter, cursor)) => {
            let (records, next) = sessions(&operator, &filter, cursor).await?;
            page.rows = records.iter().map(|record| Row::of(operator.sessions(), record)).collect();
            page.next = next.map(|cursor| address(&page.search, &cursor));
            StatusCode::OK
        }
        Err(problem) => {
            let field = problem.wrong_field().unwrap_or_default().to_owned();
            let label = search::label(&field).unwrap_or("This search");
            page.wrong = Some(Wrong { field, label, detail: problem.detail().to_owned() });
            StatusCode::UNPROCESSABLE_ENTITY
        }
    };
    Ok(html::page(status, &page))
}

fn read(search: &Search, cursor: Option<&str>, operator: &Operator) -> Result<(Filter, Option<Cursor>), Problem> {
    let filter = search.filter(operator.now())?;
    let wrong = || Problem::field("cursor", "This address is not whole. Go to the first page.");
    let cursor = cursor.map(|text| text.parse::<Cursor>().map_err(|_| wrong())).transpose()?;
    if cursor.as_ref().is_some_and(|cursor| cursor.record().is_err()) {
        return Err(wrong());
    }
    Ok((filter, cursor))
}

/// Returns as many sessions as fit on a page, or some more, and where to go on.
async fn sessions(
    operator: &Operator,
    filter: &Filter,
    cursor: Option<Cursor>,
) -> Result<(Vec<Record>, Option<Cursor>), Trouble> {
    let mut query = filter.query();
    query.after = cursor;
    query.limit = PageLimit::new(PAGE).unwrap_or_default();
    let mut records = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = operator.sessions().list_in(&query, filter.states()).await?;
        records.extend(page.items);
        query.after = page.next;
        if query.after.is_none() || records.len() >= usize::from(PAGE) {
            break;
        }
    }
    Ok((records, query.after))
}

fn address(search: &Search, cursor: &Cursor) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(search.pairs()).append_pair("cursor", cursor.as_str());
    format!("/dashboard/sessions?{}", query.finish())
}

/// Returns the profiles that sessions can be made under.
fn profiles(operator: &Operator) -> Vec<String> {
    let policies = operator.desk.app.config.policies().unwrap_or_default();
    policies.into_iter().map(|(profile, _)| profile.to_string()).collect()
}
