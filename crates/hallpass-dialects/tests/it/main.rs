//! Vectors that the frameworks themselves wrote, and the frameworks themselves.

mod django;
mod expect;
mod express;
mod framework;
mod frameworks;
mod gorilla;
mod properties;
mod spring;
mod vectors;
