//! States as strings of bits.

use super::space::Space;
use super::states::Layout;
use super::watch::Watch;
use crate::model::Process;

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// A state as a string of bits, from that of a state much like it, whose tuple is `beside`; and its part.
    #[inline]
    pub(crate) fn pack(&self, layout: &Layout, tuple: &[u32], beside: &Packed, string: &mut Vec<u32>) -> usize {
        string.clear();
        string.extend_from_slice(&beside.string);
        let mut hash = beside.hash;
        for (place, (&value, &old)) in tuple.iter().zip(&beside.tuple).enumerate() {
            if value != old {
                layout.set(string, place, self.rank(place, value));
                hash = hash.wrapping_add(mix(place, value)).wrapping_sub(mix(place, old));
            }
        }
        (hash >> 58) as usize
    }

    /// The state of a string.
    pub(crate) fn unpack(&self, layout: &Layout, state: &mut Packed) {
        let Packed { string, tuple, hash } = state;
        tuple.clear();
        *hash = 0;
        for place in 0..self.length() {
            let rank = layout.get(string, place);
            let value = self.values.get(place).map_or(rank, |values| values[rank as usize]);
            tuple.push(value);
            *hash = hash.wrapping_add(mix(place, value));
        }
    }

    /// A state that any can be packed beside.
    pub(crate) fn first(&self, layout: &Layout) -> Packed {
        let mut state = Packed { string: vec![0; layout.words() + 1], ..Packed::default() };
        self.unpack(layout, &mut state);
        state
    }

    #[inline]
    fn rank(&self, place: usize, value: u32) -> u32 {
        if place + 1 == self.length() {
            value
        } else if place % 2 == 0 {
            self.about[value as usize].rank
        } else {
            self.mail[value as usize].rank
        }
    }
}

/// A state as a tuple and as a string of bits that is worked on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    pub(crate) string: Vec<u32>,
    pub(crate) tuple: Vec<u32>,
    /// The sum of what each number at its place is mixed to.
    hash: u64,
}

#[inline]
fn mix(place: usize, value: u32) -> u64 {
    let mixed = (u64::from(value) << 8 | place as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
