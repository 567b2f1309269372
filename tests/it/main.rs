//! The tests that need more than one module, in one binary.

mod accounting;
mod bounded_time;
#[cfg(feature = "cli")]
mod campaign;
mod classic;
#[cfg(feature = "cli")]
mod command_line;
#[cfg(feature = "cli")]
mod command_line_check;
#[cfg(feature = "cli")]
mod command_line_keep;
#[cfg(feature = "measure")]
mod costs;
mod crash_points;
mod errors;
mod exhaustive;
mod fingerprints;
mod fuzz;
mod hang;
mod kept;
mod laws;
mod limits;
mod messages;
mod minimise;
mod models;
mod no_lock;
mod oracle;
mod partial_order;
mod reach;
#[cfg(feature = "cli")]
mod readme;
mod runaway;
mod scale;
mod scenario;
mod schedules;
#[cfg(feature = "cli")]
mod schema;
mod strategies;
mod symmetry;
#[cfg(all(feature = "proptest", feature = "insta"))]
mod testing;
mod tidy;
mod toy;
mod trace;
#[cfg(feature = "cli")]
mod untimed;
mod view;
mod viewer;
mod zoo;
