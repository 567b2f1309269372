use std::collections::BTreeMap;

/// In how many schedules something happened, by name: what stands beside every "holds".
///
/// Within one schedule a name counts once, however often it comes; [`Tally::close`] ends a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    names: Vec<&'static str>,
    schedules: Vec<u64>,
    seen: Vec<bool>,
}

impl Tally {
    /// Nothing has happened.
    pub fn new() -> Self {
        Self::default()
    }

    /// It happened in this schedule.
    #[inline]
    pub fn mark(&mut self, name: &'static str) {
        let index = self.index(name);
        self.seen[index] = true;
    }

    /// The schedule is over.
    pub fn close(&mut self) {
        for (count, seen) in self.schedules.iter_mut().zip(&mut self.seen) {
            *count += u64::from(std::mem::take(seen));
        }
    }

    /// In how many schedules each happened, by name.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.names.iter().copied().zip(self.schedules.iter().copied()).filter(|(_, count)| *count > 0).collect()
    }

    #[inline]
    fn index(&mut self, name: &'static str) -> usize {
        // Few names, and nearly always one literal at one address: comparing addresses first saves comparing text.
        let same_place =
            |known: &&'static str| std::ptr::eq(known.as_ptr(), name.as_ptr()) && known.len() == name.len();
        if let Some(index) = self.names.iter().position(same_place) {
            return index;
        }
        self.names.iter().position(|&known| known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.schedules.push(0);
            self.seen.push(false);
            self.names.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_once_a_schedule() {
        let mut tally = Tally::new();
        tally.mark("a");
        tally.mark("a");
        tally.close();
        tally.mark("b");
        tally.close();
        tally.mark("a");
        tally.close();
        assert_eq!(tally.counts(), BTreeMap::from([("a", 2), ("b", 1)]));
    }

    #[test]
    fn a_name_is_its_text_wherever_that_stands() {
        let elsewhere: &'static str = String::from("ab").leak();
        let mut tally = Tally::new();
        for name in ["ab", "a", elsewhere, &elsewhere[..1], "c"] {
            tally.mark(name);
            tally.close();
        }
        tally.mark("never closed");
        assert_eq!(tally.counts(), BTreeMap::from([("ab", 2), ("a", 2), ("c", 1)]));
    }
}
