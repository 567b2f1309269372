//! What processes weigh together with what is in flight to them.

use super::learn::Unknown;
use super::space::Space;
use super::successors::Successors;
use super::watch::{Found, Watch};
use crate::model::Process;

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// What each process of the state weighs.
    pub(super) fn weigh_all(&self, tuple: &[u32], out: &mut Successors) -> Result<(), Unknown<W::Global>> {
        out.weights.clear();
        if self.bounds.weighs {
            for pair in tuple.chunks_exact(2) {
                out.weights.push(self.weight(pair[0], pair[1])?);
            }
        }
        Ok(())
    }

    /// What is wrong with the weight of a state, where it is another than that of its predecessor.
    #[inline]
    pub(super) fn weigh(
        &self,
        tuple: &[u32],
        before: &[u32],
        weights: &[u32],
    ) -> Result<Option<Box<Found>>, Unknown<W::Global>> {
        let mut sum = 0;
        let mut same = true;
        for ((pair, old), weight) in tuple.chunks_exact(2).zip(before.chunks_exact(2)).zip(weights) {
            if pair == old {
                sum += weight;
            } else {
                same = false;
                sum += self.weight(pair[0], pair[1])?;
            }
        }
        if sum <= 1 || same {
            return Ok(None);
        }
        let weights: Result<Vec<u32>, _> = tuple.chunks_exact(2).map(|pair| self.weight(pair[0], pair[1])).collect();
        Ok(Some(Box::new(self.nodes.watch.overweight(&weights?))))
    }

    #[inline]
    pub(super) fn weight(&self, node: u32, inbox: u32) -> Result<u32, Unknown<W::Global>> {
        if !self.mail[inbox as usize].is_weighed {
            return Ok(self.about[node as usize].weight);
        }
        self.weights.get(&(node, inbox)).ok_or(Unknown::Weight { node, inbox })
    }
}
