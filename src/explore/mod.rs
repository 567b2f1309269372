//! Many schedules of one setup: seeds in parallel, every crash point, every interleaving, with an honest account of
//! what was covered; and a failing one made small.
//!
//! It is for whoever wants to know whether something holds: begin with [`Exploration`], and see
//! [the guide](crate::guide). Its results must never depend on the number of threads or on what ran before; it reads no
//! clock, and never says that
//! something holds of what was cut off.

mod campaign;
mod check;
mod crash_points;
mod exhaustive;
mod exploration;
mod minimise;
mod picture;
mod placing;
mod reduction;
mod round;
mod runner;
mod schedule;
mod strategy;
#[cfg(test)]
mod toy;
mod trial;
mod watchdog;
mod why;

pub use campaign::{Campaign, CampaignStep, Form, Misfit, Plan, Shard, ShardError, Small, Totals};
pub use check::Failure;
pub use crash_points::{CrashPointReport, CrashPoints};
pub use exhaustive::{
    Budget, Counterexample, Coverage, Departure, Estimate, Exhaustive, Order, Proof, Reach, Reduction, Reproducer,
    Spans, Step, UNTIMED_VERSION, Unchecked, UnknownReduction, UntimedBounds, UntimedError, UntimedSchedule,
    UntimedViolation, Verdict,
};
pub use exploration::{Exploration, Failing, Finding, Progress, Report, Stop};
pub use minimise::{MinimiseProgress, Minimised, Minimiser, minimise};
pub use picture::draw;
pub use reduction::Part;
pub use round::Round;
pub use runner::{Case, Runner};
pub use schedule::{Recorded, SCHEDULE_VERSION, ScenarioText, Schedule, ScheduleError};
pub use strategy::{Strategy, UnknownStrategy};
pub use trial::{Locks, Own, Trial};
pub use watchdog::{HANDLERS_RETURN, Hang, Watchdog};
pub use why::{Happening, Reason, why};

pub use crate::view::diagram;
