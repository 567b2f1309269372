//! Values by number: what repeats is kept once.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;

/// A fast hash that is the same in every run. The values are a search's own, so nobody chooses them to collide.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mixer(u64);

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mixer {
    #[inline]
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for Mixer {
    #[inline]
    fn finish(&self) -> u64 {
        let folded = (self.0 ^ (self.0 >> 32)).wrapping_mul(FACTOR);
        folded ^ (folded >> 29)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        self.mix(bytes.len() as u64);
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.mix(u64::from(number));
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.mix(u64::from(number));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }
}

#[inline]
pub(crate) fn hash_of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut mixer = Mixer::default();
    value.hash(&mut mixer);
    mixer.finish()
}

/// Values, each once, numbered from 0 in the order in which they came.
#[derive(Clone, Debug)]
pub(crate) struct Interner<T> {
    values: Vec<T>,
    numbers: HashTable<u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashTable::new() }
    }
}

impl<T: Eq + Hash> Interner<T> {
    /// The number of a value.
    ///
    /// # Panics
    /// If there are 2^32 of them.
    #[inline]
    pub(crate) fn intern(&mut self, value: T) -> u32 {
        let Self { values, numbers } = self;
        let hash = hash_of(&value);
        if let Some(&number) = numbers.find(hash, |&number| values[number as usize] == value) {
            return number;
        }
        let number = u32::try_from(values.len()).expect("fewer than 2^32 values");
        values.push(value);
        numbers.insert_unique(hash, number, |&number| hash_of(&values[number as usize]));
        number
    }

    /// The number that a value has, if it has one.
    #[inline]
    pub(crate) fn number(&self, value: &T) -> Option<u32> {
        let hash = hash_of(value);
        self.numbers.find(hash, |&number| self.values[number as usize] == *value).copied()
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// All values, in the order in which they came.
    pub(crate) fn into_values(self) -> Vec<T> {
        self.values
    }

    /// What it takes, in bytes, without what the values own.
    pub(crate) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<T>() + self.numbers.allocation_size()
    }
}

/// What was found out once, by what it follows from.
#[derive(Clone, Debug)]
pub(crate) struct Memo<K, V>(HashTable<(K, V)>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<K: Eq + Hash, V: Copy> Memo<K, V> {
    #[inline]
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.0.find(hash_of(key), |(known, _)| known == key).map(|(_, value)| *value)
    }

    /// Remembers it, unless it is known.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let hash = hash_of(&key);
        self.0.entry(hash, |(known, _)| *known == key, |(key, _)| hash_of(key)).or_insert((key, value));
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equal_values_and_no_others_have_one_number(values in prop::collection::vec("[a-c]{0,3}", 0..60)) {
            let mut interner = Interner::default();
            let numbers: Vec<u32> = values.iter().map(|value| interner.intern(value.clone())).collect();
            for (value, &number) in values.iter().zip(&numbers) {
                prop_assert_eq!(interner.get(number), value);
            }
            for (i, j) in (0..values.len()).flat_map(|i| (0..i).map(move |j| (i, j))) {
                prop_assert_eq!(values[i] == values[j], numbers[i] == numbers[j]);
            }
        }
    }
}
