use std::fmt;
use std::str::FromStr;

use crate::engine::spelling::did_you_mean;

/// How the schedule of a seed is chosen among all those that a setup allows.
///
/// No strategy leaves what the setup allows: spans stay between their shortest and their longest, crashes within their
/// groups and their numbers, other faults within theirs. So whatever a schedule of any strategy shows is a finding
/// about the setup, and it is recorded, replayed and made small alike. A case, its strategy and a seed are one run, for
/// ever.
///
/// ```
/// use jeton::explore::Strategy;
/// assert_eq!("crash-points".parse(), Ok(Strategy::CrashPoints));
/// assert_eq!(Strategy::default().to_string(), "auto");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// Every answer by itself, with the odds of the setup.
    Random,
    /// Each schedule draws its own mix first, as in swarm testing (Groce and others, ISSTA 2012): how spans of each
    /// kind are spread (mostly short, mostly long, either, some channels or some processes slow), which kinds of faults
    /// are on, how many of them, and in which part of the run.
    Swarm,
    /// First a dry run of the seed without drawn crashes. Then a crash at one of its points, each as likely: in a step
    /// of a process that may crash, after some of its effects. Further crashes, up to four, are chosen in the same way
    /// from the run that those before have left. A point lies within the steps or within the ticks that the setup
    /// names. Where the setup has no drawn crashes, or none can be placed, the schedule is that of
    /// [`Random`](Self::Random).
    CrashPoints,
    /// Chains of messages have random priorities, and at each of up to four random points the chain at hand falls
    /// behind all others; after PCT (Burckhardt and others, ASPLOS 2010) and its form for messages, PCTCP (Ozkan and
    /// others, OOPSLA 2018). A chain is a message, the first one that its receiver sends upon it, and so on.
    ///
    /// Those hold back a message for as long as any other can go. Here time passes, and assumptions on timing must stay
    /// true: a priority is a delay between the shortest and the longest. So their bound on the odds of finding a bug of
    /// a given depth is not claimed. The points are drawn within a horizon that is drawn first, since nobody knows how
    /// long the run will be. Everything else is as in [`Random`](Self::Random).
    Pct,
    /// The others in turn, by the seed: seed 4 is that of `random`, 5 of `swarm`, 6 of `crash-points`, 7 of `pct`.
    #[default]
    Auto,
}

impl Strategy {
    /// Every strategy, in the order of their names here.
    pub const ALL: [Self; 5] = [Self::Random, Self::Swarm, Self::CrashPoints, Self::Pct, Self::Auto];

    /// What [`Auto`](Self::Auto) takes in turn. It is part of the meaning of a seed.
    const PORTFOLIO: [Self; 4] = [Self::Random, Self::Swarm, Self::CrashPoints, Self::Pct];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Swarm => "swarm",
            Self::CrashPoints => "crash-points",
            Self::Pct => "pct",
            Self::Auto => "auto",
        }
    }

    /// Which strategy the schedule of this seed is of: itself, but for [`Auto`](Self::Auto).
    #[must_use]
    pub const fn of_seed(self, seed: u64) -> Self {
        match self {
            Self::Auto => Self::PORTFOLIO[(seed % Self::PORTFOLIO.len() as u64) as usize],
            other => other,
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no [`Strategy`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no strategy, expected `random`, `swarm`, `crash-points`, `pct` or `auto`{meant}", meant = meant(.0))]
pub struct UnknownStrategy(String);

fn meant(text: &str) -> String {
    did_you_mean(text, &Strategy::ALL.map(Strategy::name))
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(text: &str) -> Result<Self, UnknownStrategy> {
        let named = Self::ALL.into_iter().find(|strategy| strategy.name() == text);
        named.ok_or_else(|| UnknownStrategy(text.to_owned()))
    }
}
