//! Tests on effects, without an engine: each is named after the rule that it checks.

mod client;
mod durable;
mod replicated;
mod stateless;
mod table;

use super::message::{Body, Claim, Message, Step};
use super::{Coordinator, Server};
use crate::model::{Effect, ProcessId};
use crate::mutex::{DataId, Fence};

const D0: DataId = DataId::new(0);
const D1: DataId = DataId::new(1);

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

fn fence(epoch: u64, counter: u64) -> Fence {
    Fence { epoch, counter }
}

fn message(stamp: u64, body: Body) -> Message {
    Message { stamp, body }
}

fn send<S: Server>(to: u32, stamp: u64, body: Body) -> Effect<Coordinator<S>> {
    Effect::Send { to: p(to), message: message(stamp, body) }
}

fn enter(data: DataId, request: u64) -> Body {
    Body::Enter { data, request }
}

fn leave(data: DataId, request: u64) -> Body {
    Body::Leave { data, request }
}

fn grant(data: DataId, request: u64, fence: Fence) -> Body {
    Body::Grant { data, request, fence }
}

fn connect(claims: &[Claim]) -> Body {
    Body::Connect { claims: claims.to_vec() }
}

fn phases(claims: &[Claim]) -> Body {
    Body::Phases { claims: claims.to_vec() }
}

fn waiting(data: DataId, request: u64) -> Claim {
    Claim { data, step: Step::waiting(request) }
}

fn holding(data: DataId, request: u64) -> Claim {
    Claim { data, step: Step::holding(request) }
}

fn idle(data: DataId, request: u64) -> Claim {
    Claim { data, step: Step::idle(request) }
}
