use std::mem;

/// The items of the future: a hierarchy of wheels of 64 buckets each, by the digits of the time to the base 64. An item
/// is in the wheel of the highest digit in which its time differs from `base`, in the bucket of that digit (Varghese
/// and Lauck 1987, scheme 7).
///
/// A bucket of the lowest wheel is one tick, and those of one tick are always in one bucket, in the order in which they
/// were put in: nothing is ever sorted, and no number says which came first.
#[derive(Clone, Debug)]
pub(super) struct Wheel<T> {
    /// No item is earlier.
    base: u64,
    /// No item is earlier than this either; [`NEVER`] if there are none.
    earliest: u64,
    /// The items whose turn it is, all of the tick `base`, and how many of them are gone.
    due: Bucket<T>,
    gone: usize,
    /// The buckets of all wheels, one wheel after another; none until one is needed.
    buckets: Vec<Bucket<T>>,
    /// For each wheel, which of its buckets have items.
    filled: [u64; LEVELS],
    len: usize,
    /// The memory of large buckets that are empty, for the next ones: so there is as much as is in use, and not as much
    /// as each bucket ever had.
    spare: Vec<Bucket<T>>,
}

/// Nothing is left of an item but its time when it is gone.
type Bucket<T> = Vec<(u64, Option<T>)>;

const DIGIT_BITS: u32 = 6;
const WIDTH: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 8;

/// The last tick of all: times have 48 bits.
pub(super) const LAST: u64 = (1 << (DIGIT_BITS * LEVELS as u32)) - 1;
/// Later than any time.
pub(super) const NEVER: u64 = u64::MAX;

/// A bucket with room for more gives its memory away when it is empty.
const SMALL: usize = 32;

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self {
            base: 0,
            earliest: NEVER,
            due: Vec::new(),
            gone: 0,
            buckets: Vec::new(),
            filled: [0; LEVELS],
            len: 0,
            spare: Vec::new(),
        }
    }
}

impl<T> Wheel<T> {
    /// How many there are; those of the present tick that are gone count until all of it are.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many of them are gone.
    pub(super) fn gone(&self) -> usize {
        self.gone
    }

    /// No item is earlier; [`NEVER`] if there is none.
    #[inline(always)]
    pub(super) fn earliest(&self) -> u64 {
        self.earliest
    }

    /// Puts one in behind all others of its tick. If it is before [the earliest](Self::earliest), that is
    /// [prepared](Self::prepare).
    #[inline(always)]
    pub(super) fn push(&mut self, time: u64, item: T) {
        debug_assert!(time >= self.earliest, "an item before all others");
        self.len += 1;
        self.bucket_of(time).push((time, Some(item)));
    }

    /// Puts one in that is before all others, also of its tick, of which none is due.
    pub(super) fn push_first(&mut self, time: u64, item: T, now: u64) {
        if time < self.earliest {
            self.prepare(time, now);
            self.push(time, item);
        } else {
            self.len += 1;
            self.bucket_of(time).insert(0, (time, Some(item)));
        }
    }

    /// Gets ready for an item that is before all others, but not before `now`, as nothing will be.
    #[inline(never)]
    pub(super) fn prepare(&mut self, time: u64, now: u64) {
        if self.len == 0 {
            self.base = now;
            self.buckets.resize_with(LEVELS * WIDTH, Bucket::new);
        } else if time < self.base {
            self.rebase(now);
        }
        self.earliest = time;
    }

    /// The bucket of this time, which gets one more.
    #[inline(always)]
    fn bucket_of(&mut self, time: u64) -> &mut Bucket<T> {
        let differs = time ^ self.base;
        // Most are near.
        let (level, digit) = if differs < WIDTH as u64 {
            (0, time as usize % WIDTH)
        } else {
            let level = differs.ilog2() / DIGIT_BITS;
            (level as usize, (time >> (level * DIGIT_BITS)) as usize % WIDTH)
        };
        let bucket = &mut self.buckets[level * WIDTH + digit];
        if bucket.is_empty() {
            self.filled[level] |= 1 << digit;
            if let Some(spare) = self.spare.pop() {
                *bucket = spare;
            }
        }
        bucket
    }

    /// Something comes that is earlier than what was thought to be next: whoever looked ahead did not go there.
    #[cold]
    #[inline(never)]
    fn rebase(&mut self, now: u64) {
        self.len -= self.gone;
        let due = self.due.drain(..).skip(mem::take(&mut self.gone));
        let items: Vec<_> = due.chain(self.buckets.iter_mut().flat_map(|bucket| bucket.drain(..))).collect();
        self.filled = [0; LEVELS];
        self.base = now;
        for item in items {
            self.bucket_of(item.0).push(item);
        }
    }

    /// When the next item is, if that is known.
    #[inline(always)]
    pub(super) fn due_at(&self) -> Option<u64> {
        (self.gone < self.due.len()).then_some(self.base)
    }

    /// Takes the next item, if it is known.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<T> {
        let item = self.due.get_mut(self.gone)?.1.take()?;
        self.gone += 1;
        if self.gone == self.due.len() {
            self.end_tick();
        }
        Some(item)
    }

    /// The next item, if it is known.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<&T> {
        self.due.get(self.gone)?.1.as_ref()
    }

    /// All that was due is gone.
    #[inline]
    fn end_tick(&mut self) {
        self.len -= self.due.len();
        self.due.clear();
        self.gone = 0;
        self.earliest = match self.first_filled() {
            // What was known before may be more exact than the start of a bucket.
            Some((level, digit)) => self.start(level, digit).max(self.earliest),
            None => NEVER,
        };
    }

    #[inline]
    fn first_filled(&self) -> Option<(usize, usize)> {
        let level = self.filled.iter().position(|&filled| filled != 0)?;
        Some((level, self.filled[level].trailing_zeros() as usize))
    }

    /// Where a bucket begins.
    #[inline]
    fn start(&self, level: usize, digit: usize) -> u64 {
        let shift = level as u32 * DIGIT_BITS;
        (self.base >> shift >> DIGIT_BITS << DIGIT_BITS | digit as u64) << shift
    }

    /// Goes on to the next tick that has items, when all that was due is gone. Those of a bucket of several ticks are
    /// spread over the wheels below, from the earliest of them on.
    #[inline(never)]
    pub(super) fn turn(&mut self) {
        let Some((level, digit)) = self.first_filled() else { return };
        let index = level * WIDTH + digit;
        self.filled[level] &= !(1 << digit);
        if level == 0 {
            self.base = self.start(0, digit);
            mem::swap(&mut self.due, &mut self.buckets[index]);
        } else {
            let mut bucket = mem::take(&mut self.buckets[index]);
            self.base = bucket.iter().map(|&(time, _)| time).min().unwrap_or_default();
            for item in bucket.drain(..) {
                if item.0 == self.base {
                    self.due.push(item);
                } else {
                    self.bucket_of(item.0).push(item);
                }
            }
            self.buckets[index] = bucket;
        }
        self.earliest = self.base;
        if self.buckets[index].capacity() > SMALL {
            self.spare.push(mem::take(&mut self.buckets[index]));
        }
    }

    /// All items with their times, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let items = self.due.iter().chain(self.buckets.iter().flatten());
        items.filter_map(|(time, item)| Some((*time, item.as_ref()?)))
    }

    /// Takes out those that are not kept of what is due.
    pub(super) fn retain_due(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        let before = self.due.len();
        self.due.retain(|(_, item)| item.as_ref().is_some_and(&mut is_kept));
        self.len -= before - self.due.len();
        self.gone = 0;
        if self.due.is_empty() {
            self.end_tick();
        }
    }

    /// Takes out those that are not kept.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        for (index, bucket) in self.buckets.iter_mut().enumerate() {
            let before = bucket.len();
            bucket.retain(|(_, item)| item.as_ref().is_some_and(&mut is_kept));
            self.len -= before - bucket.len();
            if bucket.is_empty() {
                self.filled[index / WIDTH] &= !(1 << (index % WIDTH));
            }
        }
        self.retain_due(is_kept);
    }

    pub(super) fn clear(&mut self) {
        self.due.clear();
        self.gone = 0;
        for (level, filled) in self.filled.iter_mut().enumerate() {
            while *filled != 0 {
                self.buckets[level * WIDTH + filled.trailing_zeros() as usize].clear();
                *filled &= *filled - 1;
            }
        }
        self.base = 0;
        self.earliest = NEVER;
        self.len = 0;
    }
}
