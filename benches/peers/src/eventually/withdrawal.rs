//! A client whose request is withdrawn by another while it is on its way: it never enters, and nothing tells that state
//! from the one after it has entered and left.

use std::borrow::Cow;

use jeton::mutex::{DataId, Fence, Indication, Mutex, Request};
use jeton::{Context, Never, Process, ProcessId};
use serde::Serialize;
use stateright::actor::{Actor, Id, Out, model_timeout};

use super::{Row, Says, jeton_says, stateright_says};

pub(super) const WITHDRAWN: &str = "the request is withdrawn (two paths join)";

const SERVER: usize = 0;
const CLIENT: usize = 1;
const MEDDLER: usize = 2;

pub(super) fn withdrawn() -> Row {
    let (jeton, shown) = jeton_says::<Role>(());
    let served = |client: &Role| *client == Role::Inside;
    let stateright = stateright_says([Actors; 3], CLIENT, served);
    Row { model: WITHDRAWN, truth: Says::Violated, stateright, jeton, shown }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    Server,
    Meddler,
    Idle,
    Waiting,
    Inside,
    Withdrawing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
enum Message {
    Req,
    Grant,
    Cancel,
    Withdraw,
    Withdrawn,
}

/// What a process does upon a message: its next state, and what it sends to whom.
fn step(role: Role, message: Message) -> (Role, Option<(usize, Message)>) {
    match (role, message) {
        (Role::Server, Message::Req) => (Role::Server, Some((CLIENT, Message::Grant))),
        (Role::Server, Message::Withdraw) => (Role::Server, Some((CLIENT, Message::Withdrawn))),
        (Role::Waiting, Message::Grant) => (Role::Inside, None),
        (Role::Waiting, Message::Cancel) => (Role::Withdrawing, Some((SERVER, Message::Withdraw))),
        (Role::Withdrawing, Message::Withdrawn) => (Role::Idle, None),
        (role, _) => (role, None),
    }
}

impl Process for Role {
    type Config = ();
    type Message = Message;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, (): &()) -> Self {
        [Self::Server, Self::Idle, Self::Meddler][me.index()]
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if *self == Self::Meddler {
            ctx.send(ProcessId::new(CLIENT as u32), Message::Cancel);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        if let Request::Leave(data) = request {
            *self = Self::Idle;
            ctx.indicate(Indication::Left(data));
        } else {
            *self = Self::Waiting;
            ctx.send(ProcessId::new(SERVER as u32), Message::Req);
        }
    }

    fn on_message(&mut self, _: ProcessId, message: Message, ctx: &mut Context<'_, Self>) {
        let was = *self;
        let (role, sent) = step(was, message);
        *self = role;
        if let Some((to, message)) = sent {
            ctx.send(ProcessId::new(to as u32), message);
        }
        if was != Self::Inside && role == Self::Inside {
            ctx.indicate(Indication::Entered(DataId::new(0), Fence::default()));
        }
    }

    fn takes_requests(&self) -> bool {
        !matches!(self, Self::Server | Self::Meddler)
    }
}

impl Mutex for Role {}

/// The same for stateright: the client has made its request at the start.
#[derive(Clone, Copy)]
struct Actors;

impl Actor for Actors {
    type Msg = Message;
    type Timer = ();
    type State = Role;
    type Storage = ();
    type Random = ();

    fn on_start(&self, me: Id, _: &Option<()>, out: &mut Out<Self>) -> Role {
        match usize::from(me) {
            SERVER => return Role::Server,
            MEDDLER => out.send(Id::from(CLIENT), Message::Cancel),
            _ => out.send(Id::from(SERVER), Message::Req),
        }
        if usize::from(me) == MEDDLER { Role::Meddler } else { Role::Waiting }
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, Role>, _: Id, message: Message, out: &mut Out<Self>) {
        // As a state that may have changed, or stateright would leave a message that does nothing where it is.
        let state = state.to_mut();
        let (role, sent) = step(*state, message);
        if let Some((to, message)) = sent {
            out.send(Id::from(to), message);
        }
        if *state != Role::Inside && role == Role::Inside {
            out.set_timer((), model_timeout());
        }
        *state = role;
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, Role>, (): &(), _: &mut Out<Self>) {
        *state.to_mut() = Role::Idle;
    }
}
