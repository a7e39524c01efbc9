//! One acceptance suite for both frameworks: the same application in axum and in actix-web, as real servers, driven over HTTP.
//!
//! Tests are named after what must hold, with the ids of the requirements behind it; `d01` to `d23` are the rows of
//! `docs/defects.md`.

mod app;
mod browser;
mod cookies;
mod csrf;
mod defects;
mod demands;
mod devices;
mod errors;
mod logout;
mod mistakes;
mod on_actix;
mod on_axum;
mod outage;
mod peers;
mod races;
mod renewal;
mod site;
mod streams;
mod timeouts;
mod tokens;
