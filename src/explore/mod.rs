//! Many schedules of one setup: seeds in parallel, with an honest account of what was covered.
//!
//! The result never depends on the number of threads or on what ran before. It reads no clock.

mod check;
mod crash_points;
mod exploration;
mod minimise;
mod picture;
mod placing;
mod reduction;
mod runner;
mod schedule;
mod strategy;
mod watchdog;
mod why;

pub use crash_points::{CrashPointReport, CrashPoints};
pub use exploration::{Exploration, Finding, Progress, Report, Stop};
pub use minimise::{MinimiseProgress, Minimised, Minimiser, minimise};
pub use picture::{diagram, draw};
pub use reduction::Part;
pub use runner::{Case, Runner};
pub use schedule::{Recorded, SCHEDULE_VERSION, ScenarioText, Schedule, ScheduleError};
pub use strategy::{Strategy, UnknownStrategy};
pub use watchdog::{HANDLERS_RETURN, Hang, Pulse, Watchdog, Watched};
pub use why::{Happening, Reason, why};
