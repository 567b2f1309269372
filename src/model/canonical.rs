use super::{Process, ProcessId};

/// A kind of counter whose values are compared with each other, and with no others: the hops of a token, the questions
/// of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Family {
    /// Which kind, by a number of the algorithm's own.
    pub kind: u32,
    /// Whose, if each process has its own.
    pub of: Option<ProcessId>,
}

impl Family {
    /// One that all processes share.
    pub const fn shared(kind: u32) -> Self {
        Self { kind, of: None }
    }

    /// That of one process.
    pub const fn of(kind: u32, process: ProcessId) -> Self {
        Self { kind, of: Some(process) }
    }
}

/// What may have counters.
#[derive(Debug)]
pub enum Part<'a, P: Process> {
    /// The state of a process.
    State(ProcessId, &'a mut P),
    /// Its stable storage.
    Stable(ProcessId, &'a mut P::Stable),
    /// A timer that it has set.
    Timer(ProcessId, &'a mut P::Timer),
    /// A message in flight.
    Message {
        /// The sender.
        from: ProcessId,
        /// The receiver.
        to: ProcessId,
        /// What was sent.
        message: &'a mut P::Message,
    },
}

/// Other ids for processes, in [`Process::relabel`].
#[derive(Clone, Copy, Debug)]
pub struct Relabelling<'a>(&'a [ProcessId]);

impl<'a> Relabelling<'a> {
    /// Each process gets the id at its place.
    pub fn new(ids: &'a [ProcessId]) -> Self {
        Self(ids)
    }

    /// The id that this process gets.
    pub fn of(&self, process: ProcessId) -> ProcessId {
        self.0[process.index()]
    }

    /// Has a place that names a process name it by the id that it gets.
    pub fn put(&self, process: &mut ProcessId) {
        *process = self.of(*process);
    }
}

/// Whom a process shows the counters of a part, in [`Process::counters`]. It may change them as it sees them.
pub struct Counters<'a>(&'a mut dyn FnMut(Family, bool, i64) -> i64);

impl<'a> Counters<'a> {
    /// `see` is told of each counter its family, whether it is added to, and its value; it tells its new value.
    pub fn new(see: &'a mut dyn FnMut(Family, bool, i64) -> i64) -> Self {
        Self(see)
    }

    /// Shows a counter to which is added, so that differences matter, but not where it began.
    pub fn shift<C: Counter>(&mut self, family: Family, counter: &mut C) {
        *counter = C::from_i64((self.0)(family, true, counter.to_i64()));
    }

    /// Shows a number that is only compared with others of its family.
    ///
    /// Where a family has counters that are added to, a number keeps its distance from them, unless it is less than all
    /// of them: then it is less than all that come from them, and only its order counts.
    pub fn order<C: Counter>(&mut self, family: Family, counter: &mut C) {
        *counter = C::from_i64((self.0)(family, false, counter.to_i64()));
    }
}

/// A number that can be shown as a counter.
pub trait Counter: Copy {
    /// Its value. It must fit.
    fn to_i64(self) -> i64;
    /// The number of this value.
    fn from_i64(value: i64) -> Self;
}

macro_rules! counter {
    ($($number:ty),*) => {
        $(impl Counter for $number {
            fn to_i64(self) -> i64 {
                i64::try_from(self).expect("a counter that fits 63 bits")
            }
            fn from_i64(value: i64) -> Self {
                Self::try_from(value).expect("a counter that fits its type")
            }
        })*
    };
}

counter!(u32, u64, i64);
