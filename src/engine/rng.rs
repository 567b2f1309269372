//! The only place that names `rand` and `rand_chacha`.
//!
//! A seed means the same run for ever, so nothing here leans on what those crates may change: the generator is
//! `ChaCha8` (RFC 8439 with 8 rounds), whose output is fixed by its definition; the 64-bit seed is expanded by the rule
//! below; and numbers are made from its 64-bit words by integer methods of our own, each with test vectors.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One numbered stream a concern, so that turning one kind of chance off leaves the others as they were. The
/// numbers are part of the meaning of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Network = 0,
    Faults = 1,
    Detector = 2,
    Workload = 3,
    Processes = 4,
    Strategy = 5,
}

const STREAMS: usize = 6;

/// The generators of one seed, each made at its first draw: making one costs more than forty draws.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    seed: u64,
    made: [Words; STREAMS],
}

/// The words of one stream, a block at a time.
#[derive(Clone, Debug)]
struct Words {
    /// Their bytes, little-endian: those come out of the generator in one go, and words one by one.
    block: [[u8; 8]; BLOCK],
    /// Which of the block is next.
    next: usize,
    rng: Option<ChaCha8Rng>,
}

/// As many as the generator makes at once.
const BLOCK: usize = 32;

impl Streams {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, made: [const { Words { block: [[0; 8]; BLOCK], next: BLOCK, rng: None } }; STREAMS] }
    }

    /// Another seed, in the same place.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        for words in &mut self.made {
            words.next = BLOCK;
            words.rng = None;
        }
    }

    #[inline]
    fn word(&mut self, stream: Stream) -> u64 {
        let words = &mut self.made[stream as usize];
        match words.block.get(words.next) {
            Some(&word) => {
                words.next += 1;
                u64::from_le_bytes(word)
            }
            None => words.refill(self.seed, stream),
        }
    }

    /// A number in `0..bound`, from one word: the high half of `word * bound`. The bias is below `bound / 2^64`, and a
    /// rejection loop would make the number of draws depend on the answers.
    #[inline]
    pub(crate) fn below(&mut self, stream: Stream, bound: u64) -> u64 {
        let product = u128::from(self.word(stream)) * u128::from(bound);
        (product >> 64) as u64
    }

    /// An exponentially distributed number of mean `mean`, rounded down, from one word.
    pub(crate) fn exponential(&mut self, stream: Stream, mean: u64) -> u64 {
        // -ln(u) = -log2(u) * ln 2, with ln 2 in 32 binary places.
        const LN_2: u128 = 2_977_044_472;
        let bits = u128::from(minus_log2(self.word(stream)));
        let scaled = (bits * LN_2).saturating_mul(u128::from(mean)) >> 64;
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

impl Words {
    /// The first word of the next block.
    #[cold]
    #[inline(never)]
    fn refill(&mut self, seed: u64, stream: Stream) -> u64 {
        let rng = self.rng.get_or_insert_with(|| {
            let mut rng = ChaCha8Rng::from_seed(expand(seed));
            rng.set_stream(stream as u64);
            rng
        });
        rng.fill_bytes(self.block.as_flattened_mut());
        self.next = 1;
        u64::from_le_bytes(self.block[0])
    }
}

/// The 256-bit key of a seed: four successive outputs of `SplitMix64` (Steele, Lea and Flood 2014), little-endian.
fn expand(seed: u64) -> [u8; 32] {
    let mut key = [0; 32];
    #[cfg(any(test, debug_assertions))]
    let seed = other_rule::apply(seed);
    let mut state = seed;
    for bytes in key.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    key
}

/// `-log2((word + 1) / 2^64)` with 32 binary places, by repeated squaring of the mantissa: integers alone, so the same
/// on every machine.
fn minus_log2(word: u64) -> u64 {
    let word = u128::from(word) + 1;
    let exponent = word.ilog2();
    // The mantissa, in [1, 2), with 63 binary places.
    let mut mantissa = if exponent > 63 { 1 << 63 } else { word << (63 - exponent) };
    let mut fraction = 0_u64;
    for _ in 0..32 {
        mantissa = (mantissa * mantissa) >> 63;
        fraction <<= 1;
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    (64 << 32) - ((u64::from(exponent) << 32) + fraction)
}

/// Another rule for the expansion of seeds, so that the tests can see what depends on it.
#[cfg(any(test, debug_assertions))]
pub mod other_rule {
    use std::cell::Cell;

    thread_local!(static HOLDS: Cell<bool> = const { Cell::new(false) });

    pub(super) fn apply(seed: u64) -> u64 {
        if HOLDS.get() { !seed } else { seed }
    }

    /// Does something on this thread under the other rule.
    pub fn under<T>(work: impl FnOnce() -> T) -> T {
        HOLDS.set(true);
        let result = work();
        HOLDS.set(false);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expansion_of_a_seed_never_changes() {
        let key = expand(0);
        assert_eq!(key[..8], 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
        assert_eq!(key[8..16], 0x6e78_9e6a_a1b9_65f4_u64.to_le_bytes());
    }

    #[test]
    fn the_words_of_a_stream_never_change_and_streams_differ() {
        let mut streams = Streams::new(1);
        let network: Vec<_> = (0..4).map(|_| streams.word(Stream::Network)).collect();
        let faults: Vec<_> = (0..4).map(|_| streams.word(Stream::Faults)).collect();
        let expected = [
            17_254_111_457_321_727_320,
            9_958_508_360_252_413_363,
            882_713_562_349_892_078,
            15_830_540_372_668_714_512,
        ];
        assert_eq!(network, expected);
        let expected =
            [1_600_774_549_838_764_492, 1_693_707_604_040_713_437, 308_303_965_981_451_136, 9_158_121_405_302_917_921];
        assert_eq!(faults, expected);
    }

    #[test]
    fn below_takes_one_word_and_stays_below() {
        let mut streams = Streams::new(7);
        let drawn: Vec<_> = (0..12).map(|_| streams.below(Stream::Network, 10)).collect();
        assert_eq!(drawn, [4, 7, 5, 0, 5, 2, 6, 7, 2, 4, 1, 1]);
        assert_eq!(Streams::new(7).below(Stream::Network, 1), 0);
        assert!((0..1000).all(|_| streams.below(Stream::Network, u64::MAX) < u64::MAX));
    }

    #[test]
    fn the_logarithm_is_exact_at_powers_of_two_and_right_between() {
        assert_eq!(minus_log2(u64::MAX), 0);
        assert_eq!(minus_log2((1 << 63) - 1), 1 << 32);
        assert_eq!(minus_log2(0), 64 << 32);
        // -log2(3/4) = 0.41503749927884…
        let got = minus_log2(3 * (1 << 62) - 1);
        assert!(got.abs_diff(1_782_572_486) <= 1, "{got}");
    }

    #[test]
    fn an_exponential_draw_has_its_mean_and_its_tail() {
        let mut streams = Streams::new(3);
        let drawn: Vec<_> = (0..20_000).map(|_| streams.exponential(Stream::Network, 1_000)).collect();
        let mean = drawn.iter().sum::<u64>() / 20_000;
        assert!((980..1_020).contains(&mean), "{mean}");
        let above = drawn.iter().filter(|&&x| x > 3_000).count();
        assert!((850..1_150).contains(&above), "e^-3 of 20,000 is 996, got {above}");
    }
}
