use crate::model::Ticks;

/// Time and sequence, by which keys are ordered, and the place of what they stand for: 48, 48 and 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u128);

const TIME_MAX: u64 = (1 << 48) - 1;

impl Key {
    /// After all others.
    pub(super) const NONE: Self = Self(u128::MAX);

    /// The latest tick of a key, which no run lives to see.
    pub(super) const LATEST: Ticks = Ticks::new(TIME_MAX);

    #[inline]
    pub(super) fn new(at: Ticks, sequence: u64, slot: u32) -> Self {
        debug_assert!(at <= Self::LATEST, "a tick that no key can have");
        let time = at.get();
        Self(u128::from(time << 16 | sequence >> 32) << 64 | u128::from(sequence << 32 | u64::from(slot)))
    }

    /// The same, standing for what is in another place; its own is the last.
    #[inline]
    pub(super) fn with_slot(self, slot: u32) -> Self {
        Self(self.0 & !u128::from(u32::MAX) | u128::from(slot))
    }

    /// Half of it tells: what was just written in two halves is not read fast in one.
    #[inline]
    pub(super) fn is_some(self) -> bool {
        self.rank() != u64::MAX
    }

    #[inline]
    pub(super) fn time(self) -> u64 {
        (self.0 >> 80) as u64
    }

    /// What orders keys of different ticks, and is greater than all of a tick only in the next.
    #[inline]
    pub(super) fn rank(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The least rank in a tick.
    pub(super) fn rank_of(time: u64) -> u64 {
        if time > TIME_MAX { u64::MAX } else { time << 16 }
    }

    pub(super) fn sequence(self) -> u64 {
        (self.0 >> 32) as u64 & TIME_MAX
    }

    #[inline]
    pub(super) fn slot(self) -> usize {
        self.0 as u32 as usize
    }
}

/// The keys of the distant future: a hierarchy of wheels of 64 buckets each, by the digits of the time to the base 64.
/// A key is in the wheel of the highest digit in which its time differs from `base`, in the bucket of that digit
/// (Varghese and Lauck 1987, scheme 7). Buckets keep no order: whoever takes one sorts it.
#[derive(Clone, Debug, Default)]
pub(super) struct Wheel {
    /// No key is earlier.
    base: u64,
    /// The buckets of all levels, one level after another; none until one is needed.
    buckets: Vec<Vec<Key>>,
    /// For each level, which of its buckets have keys.
    filled: [u64; LEVELS],
    len: usize,
}

const DIGIT_BITS: u32 = 6;
const WIDTH: usize = 1 << DIGIT_BITS;
/// Times have 48 bits.
const LEVELS: usize = 8;

impl Wheel {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn base(&self) -> u64 {
        if self.len == 0 { 0 } else { self.base }
    }

    /// From now on no key earlier than this is put in, if there is none yet that says otherwise.
    pub(super) fn rest_at(&mut self, time: u64) {
        if self.len == 0 {
            self.base = time;
        }
    }

    #[inline]
    pub(super) fn push(&mut self, key: Key) {
        debug_assert!(key.time() >= self.base, "a key from before the base");
        if self.buckets.is_empty() {
            self.make();
        }
        let level = ((key.time() ^ self.base) | 1).ilog2() / DIGIT_BITS;
        let digit = (key.time() >> (level * DIGIT_BITS)) as usize % WIDTH;
        self.filled[level as usize] |= 1 << digit;
        self.buckets[level as usize * WIDTH + digit].push(key);
        self.len += 1;
    }

    #[cold]
    #[inline(never)]
    fn make(&mut self) {
        self.buckets.resize_with(LEVELS * WIDTH, Vec::new);
    }

    /// Takes the keys of the first bucket, which come before all others, into `near`, and tells the tick from which on
    /// keys may be here; `None` if there are none left. A bucket of more than `most` is spread over the wheels below,
    /// if it has more than one tick.
    pub(super) fn take_first(&mut self, near: &mut Vec<Key>, most: usize) -> Option<u64> {
        loop {
            let level = self.filled.iter().position(|&filled| filled != 0)?;
            let digit = self.filled[level].trailing_zeros() as usize;
            let shift = level as u32 * DIGIT_BITS;
            self.filled[level] &= !(1 << digit);
            self.base = (self.base >> shift >> DIGIT_BITS << DIGIT_BITS | digit as u64) << shift;
            let index = level * WIDTH + digit;
            self.len -= self.buckets[index].len();
            if level == 0 || self.buckets[index].len() <= most {
                near.append(&mut self.buckets[index]);
                return (self.len > 0).then_some(self.base + (1 << shift));
            }
            let mut bucket = std::mem::take(&mut self.buckets[index]);
            for key in bucket.drain(..) {
                self.push(key);
            }
            self.buckets[index] = bucket;
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.buckets.iter().flatten()
    }

    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&Key) -> bool) {
        self.len = 0;
        for (index, bucket) in self.buckets.iter_mut().enumerate() {
            bucket.retain(&mut is_kept);
            self.len += bucket.len();
            if bucket.is_empty() {
                self.filled[index / WIDTH] &= !(1 << (index % WIDTH));
            }
        }
    }

    pub(super) fn clear(&mut self) {
        for (level, filled) in self.filled.iter_mut().enumerate() {
            while *filled != 0 {
                self.buckets[level * WIDTH + filled.trailing_zeros() as usize].clear();
                *filled &= *filled - 1;
            }
        }
        self.base = 0;
        self.len = 0;
    }
}
