//! What a search by symmetry cannot do, and says so.

use std::fmt;

use super::{Exhaustive, Reduction};
use crate::engine::Invalid;
use crate::engine::interleaving::{Space, Watch};
use crate::model::{Process, ProcessId};
use crate::mutex::Mutex;

/// There are 720 orders of six processes, and each state would be tried in all.
const PROCESSES_MAX: usize = 6;

fn refused(why: impl fmt::Display) -> Invalid {
    Reduction::Symmetry.refused(why)
}

/// Whether processes that were to be interchangeable have been so far.
///
/// # Errors
/// What they would not do alike.
pub(super) fn is_kept<P: Process, W: Watch<P>>(space: &Space<P, W>) -> Result<(), Invalid> {
    space.asymmetry().map_or(Ok(()), |why| Err(refused(why)))
}

impl<P: Mutex> Exhaustive<'_, P> {
    /// The processes that are not to be told apart.
    pub(super) fn interchanged(&self) -> Vec<ProcessId> {
        let setup = &self.case.setup;
        let by_symmetry = self.reduction.by_symmetry();
        if by_symmetry { P::interchangeable(&setup.config, setup.processes) } else { Vec::new() }
    }

    /// Refuses symmetry where processes differ in what the setup says of them.
    pub(super) fn refuse_reduction(&self) -> Result<(), Invalid> {
        if !self.reduction.by_symmetry() {
            return Ok(());
        }
        let among = self.interchanged();
        let (count, requests) = (among.len(), &self.case.requests);
        if count < 2 {
            return Err(refused("this system has no interchangeable processes"));
        }
        if count > PROCESSES_MAX {
            return Err(refused(format!(
                "there are {count} interchangeable processes, expected {PROCESSES_MAX} at most"
            )));
        }
        let differ = |of: &dyn Fn(&ProcessId) -> bool| among.iter().any(|process| of(process) != of(&among[0]));
        let faults = &self.case.setup.faults;
        let strikes_one = faults.random.iter().any(|random| differ(&|process| random.has(*process)))
            || faults.crashes.iter().any(|crash| differ(&|process| crash.process == *process));
        if strikes_one {
            return Err(refused("some crashes are only for some of the interchangeable processes"));
        }
        if among.iter().any(|process| requests.get(process.index()) != requests.get(among[0].index())) {
            return Err(refused("interchangeable processes do not make as many requests"));
        }
        Ok(())
    }
}
