//! What a search by partial order looks at.

use super::search::{Desk, Far, Order, Search};
use crate::engine::interleaving::{Move, SHARDS, Space, Tuples, Watch};
use crate::model::Process;

impl<P: Process, W: Watch<P>> Search<P, W> {
    /// Finds out all that those successors of a state take that are to be looked at, and leaves them on the desk.
    pub(super) fn find_out_ample(&mut self, state: u32) {
        let mut desk = std::mem::take(&mut self.desk);
        loop {
            self.settle();
            let level = match self.order {
                Order::BreadthFirst => &self.levels[self.levels.len() - 1],
                // Which of those that are known are still to be looked at is not kept.
                Order::DepthFirst => &[u32::MAX; SHARDS],
            };
            let known = desk.find(&self.space, &self.tuples, Far { free: &self.free, level }, state);
            let Err(unknown) = known else { break };
            self.space.find_out(unknown);
        }
        self.settle();
        self.desk = desk;
    }
}

impl Desk {
    /// Whether one of the states that were found is looked at later than the one that they were found from, after
    /// something other than a loss or a repetition.
    pub(super) fn leads_on<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        level: &[u32; SHARDS],
    ) -> bool {
        let layout = tuples.layout();
        let forms = if space.has_forms() { &self.canonical } else { self.successors.tuples() };
        forms.chunks_exact(space.length()).enumerate().any(|(index, tuple)| {
            if matches!(self.successors.get(index).1.event, Move::Lose { .. } | Move::Repeat { .. }) {
                return false;
            }
            let shard = space.pack(layout, tuple, &self.unpacked, &mut self.string);
            let found = tuples.find(shard, &self.string[..layout.words()]);
            found.is_none_or(|number| number / SHARDS as u32 >= level[shard])
        })
    }
}
