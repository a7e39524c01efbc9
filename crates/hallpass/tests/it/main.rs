//! Tests of the library from the outside; one binary, since each more is linked again.

mod broken;
mod conformance;
