use crate::engine::{MessageId, Observer, Violation, World};
use crate::model::{Event, Process, ProcessId};

/// A safety property: `holds` is asked after every event, with the process that handled it, and says in one sentence
/// what is wrong if something is.
///
/// It is asked of the process whose state changed; a property of several processes looks at the others through the
/// world, at its own cost. A process that crashed is not asked about.
///
/// ```
/// use jeton::engine::World;
/// use jeton::property::always;
/// # use jeton::{Process, ProcessId};
/// # fn f<P: Process<Stable = u64>>() -> impl jeton::engine::Observer<P> {
/// always("counts_to_ten", |world: &World<P>, process: ProcessId| {
///     if *world.stable(process) <= 10 { Ok(()) } else { Err(format!("{process} counted too far")) }
/// })
/// # }
/// ```
pub fn always<P, F>(name: &'static str, holds: F) -> Always<F>
where
    P: Process,
    F: FnMut(&World<P>, ProcessId) -> Result<(), String>,
{
    Always { name, holds, stepped: None }
}

/// See [`always`].
#[derive(Clone, Debug)]
pub struct Always<F> {
    name: &'static str,
    holds: F,
    stepped: Option<ProcessId>,
}

impl<P: Process, F: FnMut(&World<P>, ProcessId) -> Result<(), String>> Observer<P> for Always<F> {
    fn event(&mut self, process: ProcessId, _event: &Event<P>, _message: Option<MessageId>, _world: &World<P>) {
        self.stepped = Some(process);
    }

    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        match self.stepped.take() {
            Some(process) if world.is_up(process) => (self.holds)(world, process)
                .map_err(|explanation| world.violation(self.name, vec![process], explanation)),
            _ => Ok(()),
        }
    }
}

/// What should be seen now and then, so that nothing holds for want of being tried: `happens` is asked after every
/// event as in [`always`], and how often it said yes is counted. An exploration that has it
/// ([`also`](crate::explore::Exploration::also), [`of_any`](crate::explore::Exploration::of_any)) reports in how many
/// schedules it did; [`Report::assert_seen`](crate::explore::Report::assert_seen) insists that it was in one.
pub fn sometimes<P, F>(name: &'static str, happens: F) -> Sometimes<F>
where
    P: Process,
    F: FnMut(&World<P>, ProcessId) -> bool,
{
    Sometimes { name, happens, stepped: None, count: 0 }
}

/// See [`sometimes`].
#[derive(Clone, Debug)]
pub struct Sometimes<F> {
    name: &'static str,
    happens: F,
    stepped: Option<ProcessId>,
    count: u64,
}

impl<F> Sometimes<F> {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// After how many events it held.
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl<P: Process, F: FnMut(&World<P>, ProcessId) -> bool> Observer<P> for Sometimes<F> {
    fn event(&mut self, process: ProcessId, _event: &Event<P>, _message: Option<MessageId>, _world: &World<P>) {
        self.stepped = Some(process);
    }

    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        if let Some(process) = self.stepped.take() {
            self.count += u64::from(world.is_up(process) && (self.happens)(world, process));
        }
        Ok(())
    }

    fn seen(&self, mark: &mut dyn FnMut(&'static str)) {
        if self.count > 0 {
            mark(self.name);
        }
    }
}
