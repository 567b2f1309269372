//! The tests that need more than one module, in one binary.

mod classic;
#[cfg(feature = "cli")]
mod command_line;
mod crash_points;
mod fingerprints;
mod hang;
mod laws;
mod messages;
mod minimise;
mod runaway;
mod scale;
mod scenario;
mod schedules;
#[cfg(feature = "cli")]
mod schema;
#[cfg(all(feature = "proptest", feature = "insta"))]
mod testing;
mod tidy;
mod toy;
mod trace;
mod zoo;
#[path = "zoo/tests.rs"]
mod zoo_tests;
