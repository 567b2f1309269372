//! What the unit tests of these algorithms share.

use super::{Algorithm, Classic, DATA};
use crate::model::{Bench, Effect, ProcessId};
use crate::mutex::{Fence, Indication, Request, System};

pub(in crate::algorithms) type Effects<A> = Vec<Effect<Classic<A>>>;

pub(in crate::algorithms) fn p(id: u32) -> ProcessId {
    ProcessId::new(id)
}

/// Process `me` of `count`.
pub(in crate::algorithms) fn peer_with<A: Algorithm>(
    me: u32,
    count: u32,
    parameters: &A::Parameters,
) -> Bench<Classic<A>> {
    let config = Classic::<A>::configure(count, parameters).expect("the parameters can be");
    Bench::new(me, count, config)
}

pub(in crate::algorithms) fn peer<A: Algorithm>(me: u32, count: u32) -> Bench<Classic<A>> {
    peer_with(me, count, &A::Parameters::default())
}

pub(in crate::algorithms) fn send<A: Algorithm>(to: u32, message: A::Message) -> Effect<Classic<A>> {
    Effect::Send { to: p(to), message }
}

/// A message to each of these.
pub(in crate::algorithms) fn send_all<A: Algorithm>(
    to: impl IntoIterator<Item = u32>,
    message: &A::Message,
) -> Effects<A> {
    to.into_iter().map(|to| send::<A>(to, message.clone())).collect()
}

pub(in crate::algorithms) fn entered<A: Algorithm>() -> Effect<Classic<A>> {
    entered_with(0, 0)
}

/// With this stamp as the fencing number.
pub(in crate::algorithms) fn entered_with<A: Algorithm>(time: u64, process: u64) -> Effect<Classic<A>> {
    Effect::Indicate { indication: Indication::Entered(DATA, Fence { epoch: time, counter: process }) }
}

pub(in crate::algorithms) fn left<A: Algorithm>() -> Effect<Classic<A>> {
    Effect::Indicate { indication: Indication::Left(DATA) }
}

pub(in crate::algorithms) trait Steps<A: Algorithm> {
    fn enter(&mut self) -> Effects<A>;
    fn leave(&mut self) -> Effects<A>;
    fn noted(&self, note: &str) -> bool;
}

impl<A: Algorithm> Steps<A> for Bench<Classic<A>> {
    fn enter(&mut self) -> Effects<A> {
        self.request(Request::Enter(DATA))
    }
    fn leave(&mut self) -> Effects<A> {
        self.request(Request::Leave(DATA))
    }
    fn noted(&self, note: &str) -> bool {
        self.notes.contains(&note)
    }
}

mod the_application {
    use super::*;
    use crate::algorithms::ricart_agrawala::RicartAgrawala;
    use crate::mutex::DataId;

    #[test]
    fn is_told_of_a_write_at_once() {
        let mut alone = peer::<RicartAgrawala>(0, 1);
        assert_eq!(alone.enter(), [entered_with(1, 0)]);
        let written = Effect::Indicate { indication: Indication::Written(DATA) };
        assert_eq!(alone.request(Request::Write(DATA, 7)), [written]);
        assert_eq!(alone.leave(), [left()]);
    }

    #[test]
    fn is_ignored_where_it_is_out_of_order_or_asks_for_another_lock() {
        let mut alone = peer::<RicartAgrawala>(0, 1);
        for request in [Request::Leave(DATA), Request::Write(DATA, 7), Request::Enter(DataId::new(1)), Request::Connect]
        {
            assert_eq!(alone.request(request), [], "{request:?}");
        }
        alone.enter();
        assert_eq!(alone.enter(), []);
    }
}
