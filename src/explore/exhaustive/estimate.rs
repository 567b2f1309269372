//! How many states there are in all, told from some of them.

/// How many states a search that did not finish would have found.
///
/// It goes by the branching of the levels of a breadth-first search, as Pelánek and Šimeček do ("Estimating state
/// space parameters", PDMC 2008). Level *k* are the states that take *k* events at least. Where many things can happen
/// in any order, levels grow, then shrink, and the ratio of one to the one before falls: fast at first, then slowly.
/// How exactly nobody knows, so its logarithm is fitted (least squares) as falling with *k*, with ln *k* and with
/// 1/*k*, through all levels or the last ones, and followed until a level would have no state. Of these five fits,
/// those that see no end are left out; told are the middle one and the outermost two.
///
/// It is an extrapolation, and its range is no bound: on five spaces of 444 to 17,865 states, from a twentieth to a
/// half of their states, the estimate was 0.36 to 2.5 times what there is. A part of the space that comes late, with
/// the last crash say, is not foreseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The states in all.
    pub states: u64,
    /// The least of the estimates that were made.
    pub low: u64,
    /// The greatest of them; none, if some see no end.
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
        let count = |part: usize, whole: usize| (ratios.len() * part / whole).max(LEVELS_MIN - 2);
        let (straight, slowing): (Shape, Shape) = (|k| k, f64::ln);
        let fading: Shape = |k| -1.0 / k;
        let fits = [
            (straight, count(1, 1)),
            (slowing, count(1, 2)),
            (fading, count(1, 1)),
            (fading, count(2, 3)),
            (fading, count(1, 2)),
        ];
        let (sum, last) = (levels.iter().sum::<u64>(), float(*levels.last()?));
        let mut all: Vec<f64> = fits.iter().filter_map(|&(shape, count)| follow(&ratios, count, shape, last)).collect();
        all.sort_by(f64::total_cmp);
        #[allow(clippy::cast_sign_loss, reason = "there are as many as were found, at least")]
        let whole = |more: f64| (float(sum) + more).max(float(found)) as u64;
        let (low, greatest) = (whole(*all.first()?), whole(*all.last()?));
        let states = whole(all[(all.len() - 1) / 2]);
        let high = (all.len() == fits.len()).then_some(greatest);
        Some(Self { states, low, high, levels: levels.len() as u32 })
    }
}

/// How the logarithm of the ratio of two levels falls, by the place of the first.
type Shape = fn(f64) -> f64;

#[allow(clippy::cast_precision_loss, reason = "it is an estimate")]
fn float(count: u64) -> f64 {
    count as f64
}

/// How many states come after the last level, by the last so many ratios; nothing, if no end is in sight.
fn follow(ratios: &[f64], count: usize, shape: Shape, last: f64) -> Option<f64> {
    /// No space is deeper than this, or larger, by an estimate that is worth anything.
    const DEPTH: usize = 10_000;
    const STATES: f64 = 1e15;
    let place = |index: usize| shape(float(index as u64) + 1.5);
    let fitted = || ratios.iter().enumerate().skip(ratios.len() - count).map(|(index, y)| (place(index), y));
    let mean = |sum: f64| sum / float(count as u64);
    let (middle, height) = (mean(fitted().map(|(x, _)| x).sum()), mean(fitted().map(|(_, y)| y).sum()));
    let spread: f64 = fitted().map(|(x, _)| (x - middle) * (x - middle)).sum();
    let slope = fitted().map(|(x, y)| (x - middle) * (y - height)).sum::<f64>() / spread;
    if slope >= 0.0 {
        return None;
    }
    let (mut level, mut sum) = (last, 0.0);
    for index in ratios.len()..ratios.len() + DEPTH {
        level *= (height + slope * (place(index) - middle)).exp();
        if level < 0.5 {
            return Some(sum);
        }
        sum += level;
        if sum > STATES {
            return None;
        }
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
        for complete in [11, 15, 20] {
            let found = levels[..complete].iter().sum();
            let Estimate { states, low, high, .. } = Estimate::of(&levels[..complete], found).expect("it has an end");
            let truth = 1_u64 << 30;
            assert!(states > truth / 8 && states < truth * 8, "{complete} levels: {states}");
            assert!(low <= states && high.is_none_or(|high| high >= states), "{low} {states} {high:?}");
        }
    }

    #[test]
    fn levels_that_shrink_as_the_fits_have_it_are_foreseen_exactly() {
        // The logarithm of the ratio falls by a tenth a level: the straight fit goes on with what there would be.
        let level = |k: u64| {
            let logarithm: f64 = (0..k).map(|i| 0.9 - 0.1 * float(i)).sum();
            1e6 * logarithm.exp()
        };
        let levels: Vec<f64> = (0..13).map(level).collect();
        let ratios: Vec<f64> = levels.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect();
        let rest: f64 = (13..100).map(level).take_while(|&level| level >= 0.5).sum();
        for count in [12, 6, 3] {
            let foreseen = follow(&ratios, count, |k| k, levels[12]).expect("it has an end");
            assert!((foreseen / rest - 1.0).abs() < 1e-6, "{foreseen} and not {rest}, by {count} ratios");
        }
        // What does not fall has no end, nor has what is more than anybody could count.
        assert_eq!(follow(&[0.1, 0.2, 0.3, 0.4], 4, |k| k, 10.0), None);
        assert_eq!(follow(&ratios, 12, |k| k, 1e15), None);
    }

    #[test]
    fn an_estimate_is_of_fixed_levels_a_fixed_one() {
        let levels = binomials(30);
        let found = levels[..12].iter().sum();
        let estimate = Estimate::of(&levels[..12], found).expect("it has an end");
        let about = |states: u64| states / 1_000_000;
        let seen = (about(estimate.states), about(estimate.low), estimate.high.map(about), estimate.levels);
        assert_eq!(seen, (1_624, 500, None, 12));
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
