use super::number;

/// How a quantity is laid along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from zero unless some value is below it.
    #[default]
    Linear,
    /// By the logarithm, with a line for each power of two.
    Log2,
    /// By the logarithm, with a line for each power of ten.
    Log10,
}

/// An axis that knows its ends: where a value is between them, and where its lines are.
#[derive(Debug)]
pub(super) struct Span {
    scale: Scale,
    low: f64,
    high: f64,
    pub(super) ticks: Vec<f64>,
}

impl Scale {
    /// Whether a value has a place: of zero and less there is no logarithm.
    pub(super) fn takes(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }

    fn place(self, value: f64) -> f64 {
        if self == Self::Linear { value } else { log2(value) }
    }

    /// An axis with a place for all these values.
    pub(super) fn span(self, values: impl Iterator<Item = f64>) -> Span {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|&value| self.takes(value)) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = if self == Self::Linear { (0.0, 1.0) } else { (1.0, 10.0) };
        }
        match self {
            Self::Linear => linear(low.min(0.0), high.max(0.0)),
            Self::Log2 => powers(self, low, high, 2.0, &[1.0]),
            Self::Log10 if high < low * 1_000.0 => powers(self, low, high, 10.0, &[1.0, 2.0, 5.0]),
            Self::Log10 => powers(self, low, high, 10.0, &[1.0]),
        }
    }
}

impl Span {
    /// How far along the axis a value is: 0 at its low end, 1 at its high one.
    pub(super) fn along(&self, value: f64) -> f64 {
        let place = |value| self.scale.place(value);
        (place(value) - place(self.low)) / (place(self.high) - place(self.low))
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = (f64, String)> + '_ {
        self.ticks.iter().map(|&tick| (self.along(tick), number(tick)))
    }
}

/// Lines a round distance apart, nine at most.
fn linear(low: f64, high: f64) -> Span {
    let high = if high > low { high } else { low + 1.0 };
    let mut step = 1.0;
    while (high - low) / step < 8.0 && step > 1e-12 {
        step /= 10.0;
    }
    let mut factors = [2.0, 2.5, 2.0].into_iter().cycle();
    while (high - low) / step > 8.0 {
        step *= factors.next().unwrap_or(2.0);
    }
    let (first, last) = ((low / step).floor(), (high / step - 1e-9).ceil());
    let mut ticks = Vec::new();
    let mut tick = first;
    while tick <= last {
        ticks.push(tick * step);
        tick += 1.0;
    }
    Span { scale: Scale::Linear, low: first * step, high: last * step, ticks }
}

/// Lines at these multiples of powers of the base, from the last below the values to the first above.
fn powers(scale: Scale, low: f64, high: f64, base: f64, multiples: &[f64]) -> Span {
    let mut power = 1.0;
    while power > low {
        power /= base;
    }
    while power * base <= low {
        power *= base;
    }
    let mut ticks = Vec::new();
    'all: loop {
        for multiple in multiples {
            let tick = power * multiple;
            // Above what a division leaves of it.
            if tick <= low * (1.0 + 1e-9) {
                ticks.clear();
            }
            ticks.push(tick);
            if tick >= high * (1.0 - 1e-9) && ticks.len() > 1 {
                break 'all;
            }
        }
        power *= base;
    }
    let (low, high) = (ticks[0], ticks[ticks.len() - 1]);
    // Too many to be read: every other one, every third, …
    let every = ticks.len().div_ceil(13);
    let ticks = ticks.into_iter().step_by(every).collect();
    Span { scale, low, high, ticks }
}

/// The logarithm to the base two, by halving and squaring: the same bits on every machine, which the one of the
/// system's library is not.
fn log2(mut value: f64) -> f64 {
    let mut whole = 0.0;
    while value >= 2.0 {
        value /= 2.0;
        whole += 1.0;
    }
    while value < 1.0 {
        value *= 2.0;
        whole -= 1.0;
    }
    let (mut fraction, mut bit) = (0.0, 0.5);
    for _ in 0..40 {
        value *= value;
        if value >= 2.0 {
            value /= 2.0;
            fraction += bit;
        }
        bit /= 2.0;
    }
    whole + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: Scale, values: &[f64]) -> Vec<String> {
        scale.span(values.iter().copied()).labels().map(|(_, label)| label).collect()
    }

    #[test]
    fn a_logarithm_is_that_of_the_library_but_for_the_last_digits() {
        for value in [0.003_f64, 0.5, 1.0, 1.5, 2.0, 3.0, 1_024.0, 98_765.4] {
            assert!((log2(value) - value.log2()).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn lines_are_at_round_numbers_around_all_values() {
        assert_eq!(ticks(Scale::Linear, &[3.0, 47.0]), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(ticks(Scale::Linear, &[0.2, 1.0]), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(ticks(Scale::Linear, &[-30.0, 1_234.0]).first().map(String::as_str), Some("-200"));
        assert_eq!(ticks(Scale::Log2, &[2.0, 60.0]), ["2", "4", "8", "16", "32", "64"]);
        assert_eq!(ticks(Scale::Log10, &[0.5, 3_000.0]), ["0.1", "1", "10", "100", "1,000", "10,000"]);
        assert_eq!(ticks(Scale::Log10, &[0.01, 1.0]), ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
    }

    #[test]
    fn one_value_or_none_has_an_axis_too() {
        for scale in [Scale::Linear, Scale::Log2, Scale::Log10] {
            for values in [&[][..], &[7.0], &[0.0], &[f64::NAN, -1.0]] {
                let span = scale.span(values.iter().copied());
                assert!(span.ticks.len() > 1 && span.low < span.high, "{scale:?} {values:?}: {span:?}");
            }
        }
    }
}
