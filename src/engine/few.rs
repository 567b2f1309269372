//! A few items in the order of their times, and those of one time in the order in which they were put in.

/// For so many nothing is faster than to put each in its place.
pub(super) const FEW: usize = 1 << BITS;
const BITS: u32 = 4;
const MASK: usize = FEW - 1;

#[derive(Clone, Debug)]
pub(super) struct Few<T> {
    /// The time of each item, above its place; the next one is the last of `len`. Those behind have the places that
    /// are free.
    keys: [u64; FEW],
    len: usize,
    /// An item stays where it is, since it may be large.
    places: [Option<T>; FEW],
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        let keys = std::array::from_fn(|index| index as u64);
        Self { keys, len: 0, places: [const { None }; FEW] }
    }
}

fn place_of(key: u64) -> usize {
    key as usize & MASK
}

impl<T> Few<T> {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The time of the next item.
    #[inline(always)]
    pub(super) fn first_at(&self) -> Option<u64> {
        Some(self.keys.get(self.len.wrapping_sub(1))? >> BITS)
    }

    /// The time of the last item, if there is no room for another.
    #[inline(always)]
    pub(super) fn last_at_if_full(&self) -> Option<u64> {
        (self.len == FEW).then_some(self.keys[0] >> BITS)
    }

    /// Makes place for one more behind all others of its time; there is room.
    #[inline(always)]
    pub(super) fn place(&mut self, at: u64) -> &mut Option<T> {
        let place = place_of(self.keys[self.len & MASK]);
        let bound = at << BITS | MASK as u64;
        let mut index = self.len & MASK;
        while index > 0 && self.keys[index - 1] <= bound {
            self.keys[index] = self.keys[index - 1];
            index -= 1;
        }
        self.keys[index] = at << BITS | place as u64;
        self.len += 1;
        &mut self.places[place]
    }

    /// Where the next item is, which is none of them any more and must be taken from there.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<&mut Option<T>> {
        let last = self.len.wrapping_sub(1);
        let key = self.keys.get(last)?;
        self.len = last;
        Some(&mut self.places[place_of(*key)])
    }

    /// Takes out the one that would come last.
    pub(super) fn pop_last(&mut self) -> Option<(u64, T)> {
        let at = self.keys[0] >> BITS;
        Some((at, self.take(0)?))
    }

    fn take(&mut self, index: usize) -> Option<T> {
        self.keys[index..self.len].rotate_left(1);
        self.len -= 1;
        self.places[place_of(self.keys[self.len])].take()
    }

    /// Takes out one like this, if there is one.
    pub(super) fn remove(&mut self, is_it: impl Fn(&T) -> bool) -> bool {
        let is_it = |key: &u64| self.places[place_of(*key)].as_ref().is_some_and(&is_it);
        let found = self.keys[..self.len].iter().position(is_it);
        found.is_some_and(|index| self.take(index).is_some())
    }

    /// Takes out those that are not kept.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        for index in (0..self.len).rev() {
            if !self.places[place_of(self.keys[index])].as_ref().is_some_and(&mut is_kept) {
                self.take(index);
            }
        }
    }

    /// All items with their times, the last first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let item = |&key: &u64| Some((key >> BITS, self.places[place_of(key)].as_ref()?));
        self.keys[..self.len].iter().filter_map(item)
    }

    pub(super) fn clear(&mut self) {
        self.retain(|_| false);
    }
}
