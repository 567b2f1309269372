//! How many states there are in all, told from some of them.

/// How many states a search that did not finish would have found.
///
/// It goes by the branching of the levels of a breadth-first search, as Pelánek and Šimeček do ("Estimating state space
/// parameters", PDMC 2008). Level *k* are the states that take *k* events at least. Where many things can happen in any
/// order, levels grow, then shrink again, and the ratio of one to the one before falls evenly: its logarithm is near a
/// straight line, as for the coefficients of a product. The line through the ratios of the last levels is followed until
/// a level would have no state. Through how many of them, nobody knows: so it is done with several numbers of them, and
/// what comes out is told as the middle one and the outermost two.
///
/// It is an extrapolation, and its range is no bound: on spaces that were exhausted, from a tenth of the states, the
/// estimate was mostly between a third and three times of what there is. A part of the space that comes late, with the
/// last crash say, is not foreseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The states in all.
    pub states: u64,
    /// The least of the estimates that were made.
    pub low: u64,
    /// The greatest of them; none, if some saw no end.
    pub high: Option<u64>,
    /// How many levels it is told from.
    pub levels: u32,
}

/// Fewer levels than these tell nothing.
const LEVELS_MIN: usize = 6;

impl Estimate {
    /// From the levels that are complete, and the number of all states found so far.
    pub(super) fn of(levels: &[u64], found: u64) -> Option<Self> {
        if levels.len() < LEVELS_MIN {
            return None;
        }
        let ratios: Vec<f64> = levels.windows(2).map(|pair| (float(pair[1]) / float(pair[0])).ln()).collect();
        let shares = [(1, 4), (1, 3), (1, 2), (2, 3), (1, 1)];
        let counts = shares.map(|(part, whole)| (ratios.len() * part / whole).max(LEVELS_MIN - 2));
        let sum = levels.iter().sum();
        let last = float(*levels.last()?);
        let mut all: Vec<Option<f64>> = counts.map(|count| follow(&ratios[ratios.len() - count..], last)).to_vec();
        // Those that see no end are the greatest.
        all.sort_by(|one, other| match (one, other) {
            (Some(one), Some(other)) => one.total_cmp(other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        let whole = |more: f64| (float(sum) + more).max(float(found)) as u64;
        let states = whole(all[all.len() / 2]?);
        let (low, high) = (whole(all[0]?), all[all.len() - 1].map(whole));
        Some(Self { states, low, high, levels: levels.len() as u32 })
    }
}

fn float(count: u64) -> f64 {
    count as f64
}

/// How many states come after the last level, by the line through these ratios; nothing, if it does not fall.
fn follow(ratios: &[f64], last: f64) -> Option<f64> {
    /// No space is deeper than this by an estimate that is worth anything.
    const DEPTH: usize = 100_000;
    let count = ratios.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = ratios.iter().sum::<f64>() / count;
    let places = || (0..ratios.len()).map(|place| place as f64 - middle);
    let slope = places().zip(ratios).map(|(x, y)| x * (y - mean)).sum::<f64>() / places().map(|x| x * x).sum::<f64>();
    if slope >= 0.0 {
        return None;
    }
    let (mut level, mut sum) = (last, 0.0);
    for place in ratios.len()..ratios.len() + DEPTH {
        level *= (mean + slope * (place as f64 - middle)).exp();
        if level < 0.5 {
            return Some(sum);
        }
        sum += level;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binomials(n: u64) -> Vec<u64> {
        (0..n)
            .scan(1, |c, k| {
                *c = *c * (n - k) / (k + 1);
                Some(*c)
            })
            .collect()
    }

    #[test]
    fn independent_events_are_foreseen() {
        // The subsets of 30 things: two to the thirtieth.
        let levels = binomials(30);
        for complete in [8, 11, 15, 20] {
            let found = levels[..complete].iter().sum();
            let Estimate { states, low, high, .. } = Estimate::of(&levels[..complete], found).expect("it has an end");
            let truth = 1_u64 << 30;
            assert!(states > truth / 4 && states < truth * 4, "{complete} levels: {states}");
            assert!(low <= states && high.is_none_or(|high| high >= states), "{low} {states} {high:?}");
        }
    }

    #[test]
    fn what_grows_evenly_has_no_end_in_sight() {
        let levels: Vec<u64> = (0..20).map(|k| 1 << k).collect();
        assert_eq!(Estimate::of(&levels, 1 << 20), None);
        assert_eq!(Estimate::of(&[1, 2, 3], 6), None);
    }

    #[test]
    fn it_is_never_less_than_what_was_found() {
        let levels = [1, 10, 40, 60, 40, 10, 1];
        let estimate = Estimate::of(&levels, 1_000).expect("it falls");
        assert!(estimate.low >= 1_000);
    }
}
