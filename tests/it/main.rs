//! The tests that need more than one module, in one binary.

#[cfg(feature = "cli")]
mod command_line;
#[cfg(feature = "cli")]
mod command_line_check;
mod crash_points;
mod exhaustive;
mod fingerprints;
mod laws;
mod scale;
mod scenario;
mod schedules;
#[cfg(feature = "cli")]
mod schema;
mod tidy;
mod toy;
mod trace;
mod zoo;
