// Ricart and Agrawala's algorithm (1981): ask all others, and enter when all have replied.

use jeton::model::{Counters, Family, Part};
use jeton::mutex::{DataId, Fence, Indication, Mutex, Request};
use jeton::{Context, Never, Process, ProcessId};
use serde::Serialize;

/// Who goes first when two have asked with the same number.
#[derive(Clone, Copy, Debug)]
enum Ties {
    /// The one with the lower id: the algorithm.
    LowerIdFirst,
    /// Each lets the other go first: a mistake.
    Polite,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RicartAgrawala {
    /// The greatest number seen.
    highest: u64,
    /// The number of its own request, from asking to leaving.
    own: Option<u64>,
    /// How many replies are still to come.
    missing: u32,
    /// Who gets a reply only when it leaves.
    deferred: Vec<ProcessId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
enum Message {
    Ask { number: u64 },
    Reply,
}

impl RicartAgrawala {
    fn enter_if_all_replied(&self, ctx: &mut Context<'_, Self>) {
        if self.own.is_some() && self.missing == 0 {
            ctx.indicate(Indication::Entered(DataId::default(), Fence::default()));
        }
    }
}

impl Process for RicartAgrawala {
    type Config = Ties;
    type Message = Message;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId, _ties: &Ties) -> Self {
        Self { highest: 0, own: None, missing: 0, deferred: Vec::new() }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(_) => {
                let number = self.highest + 1;
                self.own = Some(number);
                self.missing = ctx.count() - 1;
                for other in ctx.others() {
                    ctx.send(other, Message::Ask { number });
                }
                self.enter_if_all_replied(ctx);
            }
            Request::Write(data, _value) => ctx.indicate(Indication::Written(data)),
            Request::Leave(data) => {
                ctx.indicate(Indication::Left(data));
                self.own = None;
                for other in self.deferred.drain(..) {
                    ctx.send(other, Message::Reply);
                }
            }
            Request::Connect | Request::Disconnect => {}
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Context<'_, Self>) {
        match message {
            Message::Ask { number } => {
                self.highest = self.highest.max(number);
                let mine_first = self.own.is_some_and(|own| match ctx.config() {
                    Ties::LowerIdFirst => (own, ctx.me()) < (number, from),
                    Ties::Polite => own < number,
                });
                if mine_first {
                    ctx.note("deferred");
                    self.deferred.push(from);
                } else {
                    ctx.send(from, Message::Reply);
                }
            }
            Message::Reply => {
                self.missing -= 1;
                self.enter_if_all_replied(ctx);
            }
        }
    }

    /// Only which number is the greater matters, and that one is one more than another.
    fn counters(part: Part<'_, Self>, counters: &mut Counters<'_>) {
        let numbers = Family::shared(0);
        match part {
            Part::State(_, state) => {
                counters.shift(numbers, &mut state.highest);
                if let Some(own) = &mut state.own {
                    counters.shift(numbers, own);
                }
            }
            Part::Message { message: Message::Ask { number }, .. } => counters.shift(numbers, number),
            _ => {}
        }
    }
}

impl Mutex for RicartAgrawala {
    // Any process can be taken out, so that a counterexample has as few as it needs.
    fn without(ties: &Ties, _processes: u32, _process: ProcessId) -> Option<Ties> {
        Some(*ties)
    }
}
