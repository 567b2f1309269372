//! Where a search begins: the states after the start, some of them later than others.

use super::{Order, Search, Stop};
use crate::engine::interleaving::Watch;
use crate::model::Process;

impl<P: Process, W: Watch<P>> Search<P, W> {
    /// Begins. Who crashes at the start does so in an event like another.
    pub(in super::super) fn start(&mut self) -> Option<Stop> {
        let mut roots = self.space.roots();
        roots.sort_by_key(|root| root.crashes);
        if let Some(root) = roots.iter().find(|root| root.found.is_some()) {
            let to = self.keep(&root.tuple, None);
            return root.found.clone().map(|found| Stop::Found { from: None, to, found });
        }
        roots.reverse();
        self.late = roots;
        self.add_roots(match self.order {
            Order::BreadthFirst => 0,
            Order::DepthFirst => usize::MAX,
        });
        None
    }

    /// Adds where it begins after no more than so many crashes.
    pub(super) fn add_roots(&mut self, crashes: usize) {
        while self.late.last().is_some_and(|root| root.crashes <= crashes) {
            let root = self.late.pop().expect("there is a last");
            self.keep(&root.tuple, None);
        }
    }
}
