//! The tests.

#[cfg(feature = "cli")]
mod command_line;
mod scenario;
#[cfg(feature = "cli")]
mod schema;
