//! Visited states: tuples of numbers, each once, as trees of pairs.

use hashbrown::HashTable;

/// Tuples of one length, each once, numbered from 0 in the order in which they came.
///
/// A tuple is the root of a binary tree of pairs, of which all but the roots repeat (Laarman, van de Pol and Weber,
/// SPIN 2011, after Blom, Lisser, van de Pol and Weber, 2008). So a state takes eight bytes and its place in a table,
/// whatever its length, and nothing is lost: two states are never taken for one.
#[derive(Clone, Debug)]
pub(crate) struct Tuples {
    /// A power of two, at least 2: how many leaves a tree has. Those beyond the tuple are 0.
    width: usize,
    length: usize,
    inner: Pairs,
    roots: Pairs,
}

/// Pairs of numbers, each once.
#[derive(Clone, Debug, Default)]
struct Pairs {
    pairs: Vec<u64>,
    numbers: HashTable<u32>,
}

#[inline]
fn hash(pair: u64) -> u64 {
    let mixed = (pair ^ (pair >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

impl Pairs {
    /// The number of a pair, and whether it is new.
    #[inline]
    fn intern(&mut self, left: u32, right: u32) -> (u32, bool) {
        let pair = u64::from(left) << 32 | u64::from(right);
        let Self { pairs, numbers } = self;
        let hashed = hash(pair);
        if let Some(&number) = numbers.find(hashed, |&number| pairs[number as usize] == pair) {
            return (number, false);
        }
        let number = u32::try_from(pairs.len()).expect("fewer than 2^32 pairs");
        pairs.push(pair);
        numbers.insert_unique(hashed, number, |&number| hash(pairs[number as usize]));
        (number, true)
    }

    #[inline]
    fn get(&self, number: u32) -> (u32, u32) {
        let pair = self.pairs[number as usize];
        ((pair >> 32) as u32, pair as u32)
    }

    fn bytes(&self) -> usize {
        self.pairs.capacity() * size_of::<u64>() + self.numbers.allocation_size()
    }

    /// What it takes besides while it grows, if it will soon.
    fn next_bytes(&self) -> usize {
        const SOON: usize = 1 << 16;
        if self.pairs.len() + SOON > self.pairs.capacity() || self.numbers.len() + SOON > self.numbers.capacity() {
            2 * self.bytes()
        } else {
            0
        }
    }
}

/// A tuple at work: its leaves, and the numbers of the pairs above them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unfolded {
    /// As a heap: the children of `i` are `2i` and `2i + 1`, the root would be 1, and the leaves are the last half.
    nodes: Vec<u32>,
    length: usize,
}

impl Unfolded {
    /// The tuple.
    #[inline]
    pub(crate) fn tuple(&self) -> &[u32] {
        let width = self.nodes.len() / 2;
        &self.nodes[width..width + self.length]
    }
}

impl Tuples {
    pub(crate) fn new(length: usize) -> Self {
        let width = length.next_power_of_two().max(2);
        Self { width, length, inner: Pairs::default(), roots: Pairs::default() }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.roots.pairs.len()
    }

    /// The tuple of a number.
    pub(crate) fn unfold(&self, number: u32, into: &mut Unfolded) {
        into.length = self.length;
        into.nodes.resize(2 * self.width, 0);
        (into.nodes[2], into.nodes[3]) = self.roots.get(number);
        for node in 2..self.width {
            (into.nodes[2 * node], into.nodes[2 * node + 1]) = self.inner.get(into.nodes[node]);
        }
    }

    /// The number of a tuple, and whether it is new. It is cheap if it is much like the one `beside` it.
    pub(crate) fn intern(&mut self, tuple: &[u32], beside: &Unfolded, work: &mut Vec<u32>) -> (u32, bool) {
        debug_assert_eq!(tuple.len(), self.length);
        let width = self.width;
        work.clear();
        work.resize(2 * width, 0);
        work[width..width + tuple.len()].copy_from_slice(tuple);
        let known = beside.nodes.len() == 2 * width;
        for node in (2..width).rev() {
            let (left, right) = (work[2 * node], work[2 * node + 1]);
            let same = known && beside.nodes[2 * node] == left && beside.nodes[2 * node + 1] == right;
            work[node] = if same { beside.nodes[node] } else { self.inner.intern(left, right).0 };
        }
        self.roots.intern(work[2], work[3])
    }

    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.inner.bytes() + self.roots.bytes()
    }

    /// What it takes at most when it takes a few thousand more.
    pub(crate) fn bytes_ahead(&self) -> usize {
        self.bytes() + self.inner.next_bytes() + self.roots.next_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tuples_come_back_as_they_were_and_each_has_one_number(
            length in 1_usize..9,
            words in prop::collection::vec(0_u32..3, 0..400),
        ) {
            let mut tuples = Tuples::new(length);
            let mut known: Vec<Vec<u32>> = Vec::new();
            let (mut unfolded, mut work) = (Unfolded::default(), Vec::new());
            for tuple in words.chunks_exact(length) {
                let (number, is_new) = tuples.intern(tuple, &unfolded, &mut work);
                prop_assert_eq!(is_new, !known.iter().any(|other| other == tuple));
                if is_new {
                    known.push(tuple.to_vec());
                }
                prop_assert_eq!(&known[number as usize], tuple);
                tuples.unfold(number, &mut unfolded);
                prop_assert_eq!(unfolded.tuple(), tuple);
            }
            prop_assert_eq!(tuples.len(), known.len());
        }
    }
}
