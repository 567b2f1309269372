//! Many schedules of one setup: seeds in parallel, with an honest account of what was covered.
//!
//! The result never depends on the number of threads or on what ran before. It reads no clock.

mod check;
mod crash_points;
mod exploration;
mod minimise;
mod picture;
mod runner;
mod schedule;
mod why;

pub use crash_points::{CrashPointReport, CrashPoints};
pub use exploration::{Exploration, Finding, Progress, Report, Stop};
pub use minimise::{Minimised, minimise};
pub use picture::draw;
pub use runner::{Case, Runner};
pub use schedule::{Recorded, SCHEDULE_VERSION, ScenarioText, Schedule, ScheduleError};
pub use why::{Happening, Reason, why};

pub use crate::view::diagram;
