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
    /// The items whose turn it is, all of the tick `base`, the next one last; and the pieces behind them, the next one
    /// last too, of which there are none without the former.
    due: Piece<T>,
    behind: Vec<Piece<T>>,
    /// The buckets of all wheels, one wheel after another; none until one is needed.
    buckets: Vec<Bucket<T>>,
    /// For each wheel, which of its buckets have items.
    filled: [u64; LEVELS],
    len: usize,
    /// The memory of large pieces that are empty, for the next ones: so there is as much as is in use, and not as much
    /// as each bucket ever had.
    spare: Vec<Piece<T>>,
}

/// Items with their times.
type Piece<T> = Vec<(u64, T)>;

/// What is in one bucket: the pieces that are full, and the one that gets the next item.
#[derive(Clone, Debug)]
struct Bucket<T> {
    full: Vec<Piece<T>>,
    last: Piece<T>,
}

const DIGIT_BITS: u32 = 6;
const WIDTH: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 8;

/// The last tick of all: times have 48 bits.
pub(super) const LAST: u64 = (1 << (DIGIT_BITS * LEVELS as u32)) - 1;
/// Later than any time.
pub(super) const NEVER: u64 = u64::MAX;

/// A piece with so many items is full. Without pieces, a bucket of very many would be copied each time that it doubles,
/// and have up to twice the memory that it needs.
const FULL: usize = 64;
/// A piece with room for more gives its memory away when it is empty.
const SMALL: usize = 32;

impl<T> Bucket<T> {
    fn pieces(&self) -> impl Iterator<Item = &Piece<T>> {
        self.full.iter().chain([&self.last])
    }
}

impl<T> Default for Bucket<T> {
    fn default() -> Self {
        Self { full: Vec::new(), last: Vec::new() }
    }
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self {
            base: 0,
            earliest: NEVER,
            due: Vec::new(),
            behind: Vec::new(),
            buckets: Vec::new(),
            filled: [0; LEVELS],
            len: 0,
            spare: Vec::new(),
        }
    }
}

impl<T> Wheel<T> {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
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
        self.put(time, item);
    }

    /// Puts one in that is before all others, also of its tick, of which none is due.
    pub(super) fn push_first(&mut self, time: u64, item: T, now: u64) {
        if time < self.earliest {
            self.prepare(time, now);
            self.push(time, item);
        } else {
            self.len += 1;
            let index = self.index_of(time);
            let Bucket { full, last } = &mut self.buckets[index];
            full.first_mut().unwrap_or(last).insert(0, (time, item));
        }
    }

    /// Gets ready for an item that is before all others, but not before `now`, as nothing will be.
    #[inline(never)]
    pub(super) fn prepare(&mut self, time: u64, now: u64) {
        if self.len == 0 {
            self.base = now;
            self.buckets.resize_with(LEVELS * WIDTH, Bucket::default);
        } else if time < self.base {
            self.rebase(now);
        }
        self.earliest = time;
    }

    /// Which bucket has the items of this time.
    #[inline(always)]
    fn index_of(&self, time: u64) -> usize {
        let differs = time ^ self.base;
        // Most are near.
        if differs < WIDTH as u64 {
            return time as usize % WIDTH;
        }
        let level = differs.ilog2() / DIGIT_BITS;
        level as usize * WIDTH + (time >> (level * DIGIT_BITS)) as usize % WIDTH
    }

    #[inline(always)]
    fn put(&mut self, time: u64, item: T) {
        let index = self.index_of(time);
        let last = &mut self.buckets[index].last;
        if last.is_empty() || last.len() == last.capacity() {
            self.make_room(index).push((time, item));
        } else {
            last.push((time, item));
        }
    }

    /// Room for another item in a bucket whose last piece is empty or full.
    #[inline(never)]
    fn make_room(&mut self, index: usize) -> &mut Piece<T> {
        let Bucket { full, last } = &mut self.buckets[index];
        if last.is_empty() {
            self.filled[index / WIDTH] |= 1 << (index % WIDTH);
            if let Some(spare) = self.spare.pop() {
                *last = spare;
            }
        } else if last.len() >= FULL {
            let spare = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(FULL));
            full.push(mem::replace(last, spare));
        }
        last
    }

    fn reuse(spare: &mut Vec<Piece<T>>, mut piece: Piece<T>) {
        piece.clear();
        if piece.capacity() > SMALL {
            spare.push(piece);
        }
    }

    /// Something comes that is earlier than what was thought to be next: whoever looked ahead did not go there.
    #[cold]
    #[inline(never)]
    fn rebase(&mut self, now: u64) {
        let mut items: Piece<T> = self.due.drain(..).rev().collect();
        items.extend(self.behind.drain(..).rev().flatten());
        for Bucket { full, last } in &mut self.buckets {
            items.extend(full.drain(..).flatten());
            items.append(last);
        }
        self.filled = [0; LEVELS];
        self.base = now;
        for (time, item) in items {
            self.put(time, item);
        }
    }

    /// When the next item is, if that is known.
    #[inline(always)]
    pub(super) fn due_at(&self) -> Option<u64> {
        (!self.due.is_empty()).then_some(self.base)
    }

    /// Takes the next item, if it is known.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<T> {
        let (_, item) = self.due.pop()?;
        self.len -= 1;
        if self.due.is_empty() {
            self.end_piece();
        }
        Some(item)
    }

    /// A piece of what was due is gone.
    #[inline(never)]
    fn end_piece(&mut self) {
        while self.due.is_empty() {
            let Some(next) = self.behind.pop() else { return self.end_tick() };
            Self::reuse(&mut self.spare, mem::replace(&mut self.due, next));
            self.due.reverse();
        }
    }

    /// All that was due is gone.
    fn end_tick(&mut self) {
        self.earliest = match self.first_filled() {
            // What was known before may be more exact than the start of a bucket.
            Some(index) => self.start(index).max(self.earliest),
            None => NEVER,
        };
    }

    /// Nothing is in a bucket before this one.
    fn first_filled(&self) -> Option<usize> {
        let level = self.filled.iter().position(|&filled| filled != 0)?;
        Some(level * WIDTH + self.filled[level].trailing_zeros() as usize)
    }

    /// Where a bucket begins.
    fn start(&self, index: usize) -> u64 {
        let shift = (index / WIDTH) as u32 * DIGIT_BITS;
        (self.base >> shift >> DIGIT_BITS << DIGIT_BITS | (index % WIDTH) as u64) << shift
    }

    /// Goes on to the next tick that has items, when all that was due is gone.
    #[inline(never)]
    pub(super) fn turn(&mut self) {
        let Some(mut index) = self.first_filled() else { return };
        if index < WIDTH {
            self.base = self.start(index);
        } else {
            self.spread(index);
            index = self.base as usize % WIDTH;
        }
        self.earliest = self.base;
        self.filled[0] &= !(1 << index);
        let Bucket { full, last } = &mut self.buckets[index];
        mem::swap(&mut self.due, last);
        if !full.is_empty() {
            self.behind.push(mem::take(&mut self.due));
            self.behind.extend(full.drain(..).rev());
            self.due = self.behind.pop().unwrap_or_default();
        }
        self.due.reverse();
        if last.capacity() > SMALL {
            self.spare.push(mem::take(last));
        }
    }

    /// Spreads the items of a bucket of several ticks over the wheels below, from the earliest of them on.
    fn spread(&mut self, index: usize) {
        self.filled[index / WIDTH] &= !(1 << (index % WIDTH));
        let Bucket { mut full, mut last } = mem::take(&mut self.buckets[index]);
        let times = full.iter().chain([&last]).flatten().map(|&(time, _)| time);
        self.base = times.min().unwrap_or_default();
        for mut piece in full.drain(..) {
            for (time, item) in piece.drain(..) {
                self.put(time, item);
            }
            self.spare.push(piece);
        }
        for (time, item) in last.drain(..) {
            self.put(time, item);
        }
        if last.capacity() > SMALL {
            self.spare.push(mem::take(&mut last));
        }
        self.buckets[index] = Bucket { full, last };
    }

    /// All items with their times, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let pieces = self.behind.iter().chain(self.buckets.iter().flat_map(Bucket::pieces));
        self.due.iter().chain(pieces.flatten()).map(|(time, item)| (*time, item))
    }

    /// Takes out those that are not kept of what is due.
    pub(super) fn retain_due(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        for piece in self.behind.iter_mut().chain([&mut self.due]) {
            let before = piece.len();
            piece.retain(|(_, item)| is_kept(item));
            self.len -= before - piece.len();
        }
        if self.due.is_empty() {
            self.end_piece();
        }
    }

    /// Takes out those that are not kept.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        for (index, Bucket { full, last }) in self.buckets.iter_mut().enumerate() {
            for piece in full.iter_mut().chain([&mut *last]) {
                let before = piece.len();
                piece.retain(|(_, item)| is_kept(item));
                self.len -= before - piece.len();
            }
            full.retain(|piece| !piece.is_empty());
            if full.is_empty() && last.is_empty() {
                self.filled[index / WIDTH] &= !(1 << (index % WIDTH));
            }
        }
        self.retain_due(is_kept);
    }

    pub(super) fn clear(&mut self) {
        self.due.clear();
        for piece in self.behind.drain(..) {
            Self::reuse(&mut self.spare, piece);
        }
        for (level, filled) in self.filled.iter_mut().enumerate() {
            while *filled != 0 {
                let Bucket { full, last } = &mut self.buckets[level * WIDTH + filled.trailing_zeros() as usize];
                for piece in full.drain(..) {
                    Self::reuse(&mut self.spare, piece);
                }
                last.clear();
                *filled &= *filled - 1;
            }
        }
        self.base = 0;
        self.earliest = NEVER;
        self.len = 0;
    }
}
