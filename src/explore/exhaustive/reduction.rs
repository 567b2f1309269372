//! What a search leaves out.

use std::fmt;
use std::str::FromStr;

use super::Exhaustive;
use super::report::Unchecked;
use crate::engine::Invalid;
use crate::engine::spelling::did_you_mean;
use crate::mutex::{Mutex, Property};

/// What a search leaves out because it is as something that it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Nothing.
    #[default]
    None,
    /// States that differ only in which of some [interchangeable](crate::mutex::Mutex::interchangeable) processes is
    /// which are one. It tells what is violated as a search of all does, but for what must come in the end, which is of
    /// single processes.
    Symmetry,
    /// Of the orders of events of different processes that do not observe each other, as many as are like one that is
    /// looked at. It tells whether something is violated as a search of all does, but for what must come in the end; a
    /// counterexample is a run like any, and may be longer than the shortest. Crashes are observed by all: as long as
    /// one is possible, nothing is left out.
    PartialOrder,
    /// Both. If a step is seen that is not the same under other names, which another order may not come to: symmetry
    /// alone, and the [proof](super::Proof::reduction) says so.
    Both,
}

impl Reduction {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Symmetry, Self::PartialOrder, Self::Both];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Symmetry => "symmetry",
            Self::PartialOrder => "partial-order",
            Self::Both => "both",
        }
    }

    /// It cannot be done, and why.
    pub(super) fn refused(self, why: impl fmt::Display) -> Invalid {
        Invalid { key: "reduction".to_owned(), problem: format!("{self}, and {why}") }
    }

    pub(super) const fn by_symmetry(self) -> bool {
        matches!(self, Self::Symmetry | Self::Both)
    }

    pub(super) const fn by_partial_order(self) -> bool {
        matches!(self, Self::PartialOrder | Self::Both)
    }
}

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no [`Reduction`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no reduction, expected `none`, `symmetry`, `partial-order` or `both`{meant}", meant = meant(.0))]
pub struct UnknownReduction(String);

fn meant(text: &str) -> String {
    did_you_mean(text, &Reduction::ALL.map(Reduction::name))
}

impl FromStr for Reduction {
    type Err = UnknownReduction;

    fn from_str(text: &str) -> Result<Self, UnknownReduction> {
        let named = Self::ALL.into_iter().find(|reduction| reduction.name() == text);
        named.ok_or_else(|| UnknownReduction(text.to_owned()))
    }
}

impl<P: Mutex> Exhaustive<'_, P> {
    /// What of that which is asked for a search that leaves something out cannot tell.
    pub(super) fn unchecked_by_reduction(&self) -> Vec<Unchecked> {
        let why = if self.reduction.by_symmetry() {
            "is of single processes, which symmetry does not tell apart"
        } else {
            "is of runs that never end, of which partial order leaves some out"
        };
        let all = self.case.properties.iter().filter(|property| property.is_liveness());
        let of_one = |&property: &Property| Unchecked { property, why };
        if self.reduction == Reduction::None { Vec::new() } else { all.map(of_one).collect() }
    }
}
