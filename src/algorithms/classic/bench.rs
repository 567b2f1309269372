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

mod who_waits {
    use super::*;
    use crate::algorithms::carvalho_roucairol::{self, CarvalhoRoucairol};
    use crate::algorithms::lamport::{self, Lamport};
    use crate::algorithms::maekawa::{self, Maekawa};
    use crate::algorithms::naimi_trehel::{self, NaimiTrehel};
    use crate::algorithms::raymond::{self, Raymond};
    use crate::algorithms::ricart_agrawala::{self, RicartAgrawala};
    use crate::algorithms::suzuki_kasami::SuzukiKasami;
    use crate::mutex::{Mutex, Wait};

    fn waits<A: Algorithm>(peer: &Bench<Classic<A>>) -> Vec<Wait> {
        peer.process.waits_for(p(0))
    }

    fn from(process: u32, what: &str) -> Wait {
        Wait::from(p(process), what)
    }

    #[test]
    fn with_lamport_for_who_came_before_and_for_whom_it_has_not_heard() {
        let mut peer = peer::<Lamport>(1, 3);
        peer.message(0, lamport::Message::Request { time: 1 });
        assert_eq!(waits(&peer), []);
        peer.enter();
        assert_eq!(
            waits(&peer),
            [from(0, "the release"), from(0, "the acknowledgement"), from(2, "the acknowledgement")]
        );
        peer.message(0, lamport::Message::Release { time: 9 });
        assert_eq!(waits(&peer), [from(2, "the acknowledgement")]);
        peer.message(2, lamport::Message::Acknowledge { time: 9 });
        assert_eq!(waits(&peer), []);
    }

    #[test]
    fn with_ricart_and_agrawala_or_carvalho_and_roucairol_for_who_has_not_replied() {
        let mut asker = peer::<RicartAgrawala>(1, 3);
        assert_eq!(waits(&asker), []);
        asker.enter();
        asker.message(0, ricart_agrawala::Message::Reply);
        assert_eq!(waits(&asker), [from(2, "the reply")]);
        asker.message(2, ricart_agrawala::Message::Reply);
        assert_eq!(waits(&asker), []);

        let mut asker = peer::<CarvalhoRoucairol>(1, 3);
        assert_eq!(waits(&asker), [], "it wants nothing");
        asker.enter();
        asker.message(2, carvalho_roucairol::Message::Reply);
        assert_eq!(waits(&asker), [from(0, "the reply")]);
    }

    #[test]
    fn with_maekawa_for_locks_and_at_an_arbiter_for_the_release() {
        let mut peer = peer::<Maekawa>(0, 4);
        peer.message(1, maekawa::Message::Request { sequence: 1 });
        assert_eq!(waits(&peer), [], "nobody is behind it");
        peer.enter();
        let arbiters = [from(1, "the lock"), from(2, "the lock")];
        assert_eq!(waits(&peer), [&arbiters[..], &[from(1, "the release")]].concat());
        peer.message(1, maekawa::Message::Release);
        assert_eq!(waits(&peer), arbiters);
    }

    #[test]
    fn with_a_token_for_it_and_in_a_tree_from_where_it_is() {
        let mut suzuki = peer::<SuzukiKasami>(1, 3);
        suzuki.enter();
        assert_eq!(waits(&suzuki), [Wait::new("the token")]);

        let mut naimi = peer::<NaimiTrehel>(1, 3);
        naimi.enter();
        assert_eq!(waits(&naimi), [Wait::new("the token")]);
        naimi.message(0, naimi_trehel::Message::Token);
        assert_eq!(waits(&naimi), []);

        let mut raymond = peer::<Raymond>(1, 7);
        assert_eq!(waits(&raymond), []);
        raymond.message(4, raymond::Message::Request);
        assert_eq!(waits(&raymond), [from(0, "the privilege")], "for its neighbour");
    }
}
