//! Sessions of other frameworks, in real servers and with the frameworks themselves.

mod app;
mod axum;
mod django;
mod express;
mod gorilla;
mod spring;
mod twin;
