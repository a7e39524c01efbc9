//! The wire: what requests look like, and how answers and problems are written.

mod answer;
mod authorized;
mod body;
mod edge;
mod path;
mod problem;
mod query;
mod request_id;

pub(crate) use self::answer::{Json, NoContent};
pub(crate) use self::authorized::{Administer, Audit, Authorized, Revoke, Serve, View};
pub(crate) use self::body::{JsonBody, MergePatchBody, check_type, collect};
pub(crate) use self::edge::edge;
pub(crate) use self::path::{PathId, PathKey, PathSubject};
pub(crate) use self::problem::{Problem, ProblemJson};
pub(crate) use self::query::{Params, RawParams, decode};
pub(crate) use self::request_id::{RequestId, RequestIds};
