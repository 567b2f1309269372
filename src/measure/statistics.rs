use serde::Serialize;

/// The mean of some runs, and how far from it the true one is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Half of the 95 % confidence interval, by Student's t with `of` − 1 degrees of freedom; 0 if `of` is 1, where
    /// nothing is known of it.
    pub error: f64,
    /// Of how many runs.
    pub of: u64,
}

/// The 0.975 quantiles of Student's t for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// The same for more; between two, that of the fewer, which is the wider interval.
fn student(freedom: usize) -> f64 {
    match freedom {
        0 => 0.0,
        1..=30 => STUDENT[freedom - 1],
        31..=39 => 2.042,
        40..=59 => 2.021,
        60..=119 => 2.000,
        _ => 1.980,
    }
}

impl Mean {
    /// Of these runs; nothing if there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let freedom = values.len() - 1;
        let error = if freedom == 0 { 0.0 } else { student(freedom) * (squares / freedom as f64 / count).sqrt() };
        Some(Self { mean: rounded(mean), error: rounded(error), of: values.len() as u64 })
    }
}

/// To six figures after the point, for people and files.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// Jain's index of fairness of these shares: 1 if they are equal, one over their number if one has all.
pub fn jain(shares: &[u64]) -> Option<f64> {
    let sum: f64 = shares.iter().map(|&share| share as f64).sum();
    let squares: f64 = shares.iter().map(|&share| share as f64 * share as f64).sum();
    (squares > 0.0).then(|| sum * sum / (shares.len() as f64 * squares))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        // By hand: deviations of 2, 0 and 2, so a variance of 4, and 4.303 · √(4 / 3).
        let mean = Mean::of(&[1.0, 3.0, 5.0]).expect("three");
        assert!((mean.mean - 3.0).abs() < 1e-9 && (mean.error - 4.968_676).abs() < 1e-5, "{mean:?}");
        assert_eq!(Mean::of(&[7.0]), Some(Mean { mean: 7.0, error: 0.0, of: 1 }));
        assert_eq!(Mean::of(&[]), None);
    }

    #[test]
    fn more_runs_have_a_smaller_quantile() {
        let quantiles: Vec<f64> = (1..200).map(student).collect();
        assert!(quantiles.windows(2).all(|pair| pair[0] >= pair[1]));
    }

    #[test]
    fn fairness_is_between_one_share_and_equal_ones() {
        assert_eq!(jain(&[5, 5, 5, 5]), Some(1.0));
        assert_eq!(jain(&[8, 0, 0, 0]), Some(0.25));
        assert_eq!(jain(&[0, 0]), None);
    }
}
