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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Crash, Moment, Setup};
    use crate::explore::Case;
    use crate::model::{Context, Never};
    use crate::mutex::{Indication, Property, Request};

    /// The first so many are said to be interchangeable; but one of them does what no other does.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Crowd(u64);

    impl Process for Crowd {
        type Config = (u32, Option<ProcessId>);
        type Message = ();
        type Timer = Never;
        type Request = Request;
        type Indication = Indication;
        type Stable = ();
        type Record = Never;

        fn new(_: ProcessId, _: &Self::Config) -> Self {
            Self(0)
        }

        fn on_request(&mut self, _: Request, ctx: &mut Context<'_, Self>) {
            self.0 = if Some(ctx.me()) == ctx.config().1 { 2 } else { 1 };
        }

        fn on_message(&mut self, _: ProcessId, (): (), _: &mut Context<'_, Self>) {}
    }

    impl Mutex for Crowd {
        fn interchangeable((count, _): &Self::Config, _: u32) -> Vec<ProcessId> {
            ProcessId::all(*count).collect()
        }
    }

    /// What is said against a search by symmetry of so many, after a change of the case.
    fn against(count: u32, change: impl FnOnce(&mut Case<Crowd>)) -> Option<String> {
        let mut case = Case::new(Setup::new(8, (count, None)));
        change(&mut case);
        let search = Exhaustive::of(case).reduction(Reduction::Symmetry);
        search.refuse_reduction().err().map(|refused| refused.problem)
    }

    #[test]
    fn two_to_six_processes_can_be_interchangeable() {
        assert!([2, 3, 6].into_iter().all(|count| against(count, |_| ()).is_none()));
        for count in [0, 1] {
            let problem = against(count, |_| ()).expect("there is nothing to interchange");
            assert!(problem.ends_with("no interchangeable processes"), "{problem}");
        }
        let problem = against(7, |_| ()).expect("there are too many orders");
        assert!(problem.ends_with("there are 7 interchangeable processes, expected 6 at most"), "{problem}");
        let search = Exhaustive::of(Case::new(Setup::<Crowd>::new(8, (7, None))));
        assert!(search.refuse_reduction().is_ok(), "nobody wants symmetry");
    }

    #[test]
    fn a_crash_or_a_request_of_one_of_them_tells_it_from_the_others() {
        let crash = |process| {
            move |case: &mut Case<Crowd>| {
                let (process, moment) = (ProcessId::new(process), Moment::AtTick(1));
                std::sync::Arc::make_mut(&mut case.setup).faults.crashes =
                    vec![Crash { process, moment, down_ticks: None }];
            }
        };
        assert_eq!(against(3, crash(3)), None, "it is none of them");
        for one in 0..3 {
            let problem = against(3, crash(one)).expect("only one crashes");
            assert!(problem.ends_with("only for some of the interchangeable processes"), "{problem}");
        }
        let requests = |requests: [u32; 8]| move |case: &mut Case<Crowd>| case.requests = requests.to_vec();
        assert_eq!(against(3, requests([2, 2, 2, 0, 1, 0, 0, 0])), None, "the others may differ");
        for requests in [[1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0, 0, 0]].map(requests) {
            let problem = against(3, requests).expect("they make other numbers of requests");
            assert!(problem.ends_with("do not make as many requests"), "{problem}");
        }
    }

    #[test]
    fn processes_that_would_not_do_the_same_are_found_out() {
        let run = |other| {
            let search = Exhaustive::<Crowd>::new(Setup::new(3, (3, other))).properties(&[Property::SingleHolder]);
            search.reduction(Reduction::Symmetry).jobs(1).run()
        };
        run(None).expect("all do the same").assert_verified();
        for other in ProcessId::all(3) {
            let refused = run(Some(other)).expect_err("one of them does what no other does");
            assert!(refused.problem.contains("would not do the same upon"), "{refused}");
        }
    }
}
