//! Visited states: tuples of numbers, each once, as strings of bits.

use hashbrown::HashTable;

/// In so many parts the states are kept, each of which one thread at a time adds to.
pub(crate) const SHARDS: usize = 64;

/// Where the numbers of a tuple stand in a string of bits, and how many bits each has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    fields: Vec<Field>,
    words: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    word: u32,
    shift: u32,
    width: u32,
}

impl Layout {
    /// For tuples of which each place has so many values, with room for as many more.
    pub(crate) fn new(counts: &[usize]) -> Self {
        let mut bit = 0;
        let mut fields = Vec::new();
        for &count in counts {
            let width = (2 * count.max(1) - 1).ilog2() + 1;
            fields.push(Field { word: bit / 32, shift: bit % 32, width });
            bit += width;
        }
        Self { fields, words: bit.div_ceil(32).max(1) as usize }
    }

    /// Whether there is still room for so many values of each place.
    pub(crate) fn holds(&self, counts: &[usize]) -> bool {
        self.fields.len() == counts.len()
            && self.fields.iter().zip(counts).all(|(field, &count)| count as u64 <= 1 << field.width)
    }

    /// How many words a string has. One that is worked on has one more.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// The number at a place of a string that is worked on.
    #[inline]
    pub(crate) fn get(&self, string: &[u32], place: usize) -> u32 {
        let Field { word, shift, width } = self.fields[place];
        let word = word as usize;
        let both = u64::from(string[word]) | u64::from(string[word + 1]) << 32;
        (both >> shift & mask(width)) as u32
    }

    /// Puts a number at a place of a string that is worked on.
    #[inline]
    pub(crate) fn set(&self, string: &mut [u32], place: usize, number: u32) {
        let Field { word, shift, width } = self.fields[place];
        debug_assert!(u64::from(number) <= mask(width), "a number that its place has no room for");
        let word = word as usize;
        let both = u64::from(string[word]) | u64::from(string[word + 1]) << 32;
        let both = both & !(mask(width) << shift) | u64::from(number) << shift;
        string[word] = both as u32;
        string[word + 1] = (both >> 32) as u32;
    }
}

#[inline]
fn mask(width: u32) -> u64 {
    (1 << width) - 1
}

#[inline]
fn hash(string: &[u32]) -> u64 {
    const FACTOR: u64 = 0xd6e8_feb8_6659_fd93;
    let mut hash = 0_u64;
    for pair in string.chunks(2) {
        let word = u64::from(pair[0]) | u64::from(*pair.get(1).unwrap_or(&0)) << 32;
        hash = (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
        hash ^= hash >> 32;
    }
    hash = hash.wrapping_mul(FACTOR);
    hash ^ hash >> 29
}

/// Strings are too short to call anybody for.
#[inline]
fn is_same(one: &[u32], other: &[u32]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// Tuples of one length, each once, in which each place counts its own values from 0.
///
/// A number has as many bits as its place needs (components repeat, and a state is a vector of their numbers:
/// Holzmann's *collapse*, SPIN 1997). Nothing is lost: two states are never taken for one. When a place has got more
/// values than its bits have room for, all states are written anew, as seldom as a vector that grows is moved.
///
/// A state belongs to a part by a hash of its own, and counts up in it, so that its number is the same however many
/// threads add states, as long as those of one part come in the same order.
#[derive(Clone, Debug)]
pub(crate) struct Tuples {
    layout: Layout,
    shards: Vec<Shard>,
}

/// One part of the states.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shard {
    strings: Vec<u32>,
    /// From which state each was found; a root from itself.
    parents: Vec<u32>,
    places: HashTable<u32>,
}

impl Shard {
    fn find(&self, string: &[u32]) -> Option<u32> {
        let words = string.len();
        let is_it = |&at: &u32| is_same(&self.strings[at as usize * words..][..words], string);
        self.places.find(hash(string), is_it).copied()
    }

    /// Adds a state, unless it is there; returns its number and whether it is new.
    #[inline]
    pub(crate) fn insert(&mut self, shard: usize, string: &[u32], from: Option<u32>) -> (u32, bool) {
        let words = string.len();
        let Self { strings, parents, places } = self;
        let hashed = hash(string);
        let is_it = |&at: &u32| is_same(&strings[at as usize * words..][..words], string);
        if let Some(&at) = places.find(hashed, is_it) {
            return (number(shard, at as usize), false);
        }
        let at = parents.len();
        assert!(at < u32::MAX as usize / SHARDS, "fewer than 2^32 states");
        if parents.len() == parents.capacity() {
            let more = parents.len() / 4 + 16;
            parents.reserve_exact(more);
            strings.reserve_exact(more * words);
        }
        let number = number(shard, at);
        parents.push(from.unwrap_or(number));
        strings.extend_from_slice(string);
        places.insert_unique(hashed, at as u32, |&at| hash(&strings[at as usize * words..][..words]));
        (number, true)
    }

    fn bytes(&self) -> usize {
        (self.strings.capacity() + self.parents.capacity()) * size_of::<u32>() + self.places.allocation_size()
    }

    fn write_anew(&mut self, old: &Layout, new: &Layout) {
        let count = self.parents.len();
        if count == 0 {
            return;
        }
        let mut strings = Vec::with_capacity(count * new.words);
        let (mut before, mut after) = (vec![0; old.words + 1], vec![0; new.words + 1]);
        for string in self.strings.chunks_exact(old.words) {
            before[..old.words].copy_from_slice(string);
            after.fill(0);
            for place in 0..old.fields.len() {
                new.set(&mut after, place, old.get(&before, place));
            }
            strings.extend_from_slice(&after[..new.words]);
        }
        self.strings = strings;
        self.places.clear();
        let Self { strings, places, .. } = self;
        let words = new.words;
        let hash = |at: &u32| hash(&strings[*at as usize * words..][..words]);
        for at in 0..count as u32 {
            places.insert_unique(hash(&at), at, hash);
        }
    }
}

/// States of a part in turn have numbers so far apart.
#[inline]
fn number(shard: usize, at: usize) -> u32 {
    (at * SHARDS + shard) as u32
}

impl Tuples {
    pub(crate) fn new() -> Self {
        Self { layout: Layout::default(), shards: vec![Shard::default(); SHARDS] }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.parents.len()).sum()
    }

    /// All numbers are less than this.
    pub(crate) fn bound(&self) -> usize {
        self.shards.iter().map(|shard| shard.parents.len()).max().unwrap_or(0) * SHARDS
    }

    /// Whether there is a state of this number.
    pub(crate) fn has(&self, number: u32) -> bool {
        let (shard, at) = place(number);
        at < self.shards[shard].parents.len()
    }

    /// How many states each part has.
    pub(crate) fn lengths(&self) -> [u32; SHARDS] {
        std::array::from_fn(|shard| self.shards[shard].parents.len() as u32)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn shards_mut(&mut self) -> &mut [Shard] {
        &mut self.shards
    }

    /// Sees to it that there is room for so many values of each place.
    pub(crate) fn make_room(&mut self, counts: &[usize]) {
        if self.layout.holds(counts) {
            return;
        }
        let new = Layout::new(counts);
        for shard in &mut self.shards {
            shard.write_anew(&self.layout, &new);
        }
        self.layout = new;
    }

    /// The string of a state, into one to be worked on.
    #[inline]
    pub(crate) fn string(&self, number: u32, into: &mut Vec<u32>) {
        let (shard, at) = place(number);
        let words = self.layout.words;
        into.clear();
        into.extend_from_slice(&self.shards[shard].strings[at * words..][..words]);
        into.push(0);
    }

    /// From which state this was found; a root from itself.
    pub(crate) fn parent(&self, number: u32) -> u32 {
        let (shard, at) = place(number);
        self.shards[shard].parents[at]
    }

    /// The number of a state that is there.
    pub(crate) fn find(&self, shard: usize, string: &[u32]) -> Option<u32> {
        self.shards[shard].find(string).map(|at| number(shard, at as usize))
    }

    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.shards.iter().map(Shard::bytes).sum()
    }

    /// What it takes at most while it takes so many more.
    pub(crate) fn bytes_ahead(&self, more: usize) -> usize {
        let each = more / SHARDS;
        let grows = |shard: &Shard| {
            let room = shard.places.capacity().min(shard.parents.capacity());
            if shard.parents.len() + 2 * each >= room { 2 * shard.bytes() } else { shard.bytes() }
        };
        self.shards.iter().map(grows).sum::<usize>() + more * (self.layout.words + 4) * size_of::<u32>()
    }
}

#[inline]
fn place(number: u32) -> (usize, usize) {
    (number as usize % SHARDS, number as usize / SHARDS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tuples_come_back_as_they_were_and_each_has_one_number(
            length in 1_usize..9,
            spread in 1_u32..3000,
            words in prop::collection::vec(any::<u32>(), 0..400),
        ) {
            let mut tuples = Tuples::new();
            let mut counts = vec![1; length];
            let mut known: Vec<(Vec<u32>, u32)> = Vec::new();
            let mut string = Vec::new();
            for tuple in words.chunks_exact(length) {
                let tuple: Vec<u32> = tuple.iter().map(|word| word % spread).collect();
                for (count, word) in counts.iter_mut().zip(&tuple) {
                    *count = (*word as usize + 1).max(*count);
                }
                tuples.make_room(&counts);
                let layout = tuples.layout().clone();
                string.clear();
                string.resize(layout.words() + 1, 0);
                for (place, &word) in tuple.iter().enumerate() {
                    layout.set(&mut string, place, word);
                }
                let shard = tuple[0] as usize % SHARDS;
                let (number, is_new) = tuples.shards_mut()[shard].insert(shard, &string[..layout.words()], Some(0));
                prop_assert_eq!(is_new, !known.iter().any(|(other, _)| *other == tuple));
                prop_assert_eq!(tuples.find(shard, &string[..layout.words()]), Some(number));
                prop_assert!(tuples.has(number) && (number as usize) < tuples.bound());
                if is_new {
                    known.push((tuple, number));
                }
                for (tuple, number) in &known {
                    tuples.string(*number, &mut string);
                    let back: Vec<u32> = (0..length).map(|place| layout.get(&string, place)).collect();
                    prop_assert_eq!(&back, tuple);
                }
            }
            prop_assert_eq!(tuples.len(), known.len());
        }
    }
}
