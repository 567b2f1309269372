//! Whole numbers on the command line: what is none is refused with what was expected.

use std::ops::RangeInclusive;

/// Any seed, and any number of what there may be any number of.
pub(super) const ANY: RangeInclusive<u64> = 0..=u64::MAX;
/// At least one.
pub(super) const SOME: RangeInclusive<u64> = 1..=u64::MAX;
/// Any that is counted in 32 bits.
pub(super) const FEW: RangeInclusive<u64> = 0..=u32::MAX as u64;

/// Reads a number in this range.
pub(super) fn number<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
    }
}
