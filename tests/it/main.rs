//! The tests.

mod tidy;
