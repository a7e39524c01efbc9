//! "Your devices": all sessions of whoever is signed in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use hallpass::{Record, SessionState, Sessions};

use super::page::{Page, Place, html};
use super::trouble::Trouble;
use super::visit::Visit;
use super::words::When;

#[derive(Debug, Template)]
#[template(path = "demo/pages/devices.html")]
struct DevicesPage {
    page: Page,
    devices: Vec<Device>,
}

/// A session as its user knows it.
#[derive(Debug)]
struct Device {
    id: String,
    label: String,
    ip: Option<String>,
    signed_in: When,
    seen: When,
    is_here: bool,
    is_remembered: bool,
    is_locked: bool,
    level: u8,
}

impl DevicesPage {
    fn others(&self) -> usize {
        self.devices.iter().filter(|device| !device.is_here).count()
    }
}

pub(super) async fn show(visit: Visit) -> Result<Response, Trouble> {
    let present = visit.settled().await?;
    let sessions = visit.session.sessions();
    let mut records = match visit.session.subject() {
        Some(subject) => sessions.of_subject(&subject).await?,
        None => Vec::new(),
    };
    let is_here = |record: &Record| present.as_ref().is_some_and(|present| present.id == record.id);
    records.sort_by_key(|record| (!is_here(record), std::cmp::Reverse(record.seen_at), record.id));
    let devices = records.iter().map(|record| Device::of(record, is_here(record), sessions)).collect();
    let page = DevicesPage { page: Page::new("Your devices", Place::Devices, &visit), devices };
    Ok(html(StatusCode::OK, &page))
}

impl Device {
    fn of(record: &Record, is_here: bool, sessions: &Sessions) -> Self {
        let now = sessions.now();
        let label = record.client.label.as_ref().or(record.client.user_agent.as_ref());
        Self {
            id: record.id.to_string(),
            label: label.map_or_else(|| "An unknown device".to_owned(), ToString::to_string),
            ip: record.client.ip.map(|ip| ip.to_string()),
            signed_in: When::new(record.authenticated_at.unwrap_or(record.created_at), now),
            seen: When::new(record.seen_at, now),
            is_here,
            is_remembered: sessions.policy(&record.profile).is_persistent(),
            is_locked: sessions.state(record) == SessionState::Locked,
            level: record.level.number(),
        }
    }
}
