//! A token that is passed among three processes, the last of which waits for it.

use std::borrow::Cow;

use jeton::mutex::{DataId, Fence, Indication, Mutex, Request};
use jeton::{Context, Never, Process, ProcessId};
use stateright::actor::{Actor, Id, Out, model_timeout};

use super::{Row, Says, jeton_says, stateright_says};

/// Whom each process passes the token to: itself, if it keeps it.
type Next = [usize; 3];

pub(super) const SKIPS: &str = "the token goes to and fro between the others (a cycle)";

pub(super) fn comes_round() -> Row {
    row("the token goes round", Says::Holds, [1, 2, 0])
}

pub(super) fn stops() -> Row {
    row("the token stays with another (an end)", Says::Violated, [1, 1, 0])
}

pub(super) fn skips() -> Row {
    row(SKIPS, Says::Violated, [1, 0, 0])
}

fn row(model: &'static str, truth: Says, next: Next) -> Row {
    let (jeton, shown) = jeton_says::<Passer>(next);
    let served = |last: &Passer| *last == Passer::Inside;
    Row { model, truth, stateright: stateright_says([Actors(next); 3], 2, served), jeton, shown }
}

const LAST: usize = 2;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Passer {
    /// Never wants it.
    Other,
    Idle,
    Waiting,
    Inside,
}

impl Process for Passer {
    type Config = Next;
    type Message = ();
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, _: &Next) -> Self {
        if me.index() == LAST { Self::Idle } else { Self::Other }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me().index() == 0 {
            pass(ctx);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        if let Request::Leave(data) = request {
            *self = Self::Idle;
            ctx.indicate(Indication::Left(data));
            pass(ctx);
        } else {
            *self = Self::Waiting;
        }
    }

    fn on_message(&mut self, _: ProcessId, (): (), ctx: &mut Context<'_, Self>) {
        if *self == Self::Waiting {
            *self = Self::Inside;
            ctx.indicate(Indication::Entered(DataId::new(0), Fence::default()));
        } else {
            pass(ctx);
        }
    }

    fn takes_requests(&self) -> bool {
        *self != Self::Other
    }
}

fn pass(ctx: &mut Context<'_, Passer>) {
    let me = ctx.me();
    let next = ctx.config()[me.index()];
    if next != me.index() {
        ctx.send(ProcessId::new(next as u32), ());
    }
}

impl Mutex for Passer {}

/// The same for stateright: the last waits from the start.
#[derive(Clone, Copy)]
struct Actors(Next);

impl Actors {
    fn pass(self, me: Id, out: &mut Out<Self>) {
        let next = self.0[usize::from(me)];
        if next != usize::from(me) {
            out.send(Id::from(next), ());
        }
    }
}

impl Actor for Actors {
    type Msg = ();
    type Timer = ();
    type State = Passer;
    type Storage = ();
    type Random = ();

    fn on_start(&self, me: Id, _: &Option<()>, out: &mut Out<Self>) -> Passer {
        if usize::from(me) == 0 {
            self.pass(me, out);
        }
        if usize::from(me) == LAST { Passer::Waiting } else { Passer::Other }
    }

    fn on_msg(&self, me: Id, state: &mut Cow<'_, Passer>, _: Id, (): (), out: &mut Out<Self>) {
        let state = state.to_mut();
        if *state == Passer::Waiting {
            *state = Passer::Inside;
            out.set_timer((), model_timeout());
        } else {
            self.pass(me, out);
        }
    }

    fn on_timeout(&self, me: Id, state: &mut Cow<'_, Passer>, (): &(), out: &mut Out<Self>) {
        *state.to_mut() = Passer::Idle;
        self.pass(me, out);
    }
}
