// Leader election on a ring (Le Lann 1977, Chang and Roberts 1979): the greatest number comes back to its process.

use jeton::{Context, Never, Process, ProcessId, Ticks};
use serde::Serialize;

#[derive(Clone, Debug)]
struct Ring {
    /// The number of each process, by its id. They must differ.
    numbers: Vec<u64>,
    /// After how long without a greater number a process thinks that it is the leader. A mistake, if it ever does.
    impatience: Option<Ticks>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ChangRoberts {
    number: u64,
    /// The greatest number seen.
    greatest: u64,
    /// The number of the leader, when it is known.
    leader: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
enum Message {
    Candidate(u64),
    Elected(u64),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
enum Timer {
    Impatience,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
enum Request {
    Elect,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
enum Indication {
    Leader(u64),
}

impl ChangRoberts {
    /// Whether it is the leader, as far as it knows.
    fn leads(&self) -> bool {
        self.leader == Some(self.number)
    }

    fn elect(&mut self, leader: u64, ctx: &mut Context<'_, Self>) {
        self.leader = Some(leader);
        ctx.indicate(Indication::Leader(leader));
        ctx.send(next(ctx), Message::Elected(leader));
    }
}

impl Process for ChangRoberts {
    type Config = Ring;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, ring: &Ring) -> Self {
        let number = ring.numbers[me.index()];
        Self { number, greatest: number, leader: None }
    }

    fn on_request(&mut self, Request::Elect: Request, ctx: &mut Context<'_, Self>) {
        if let Some(leader) = self.leader {
            return ctx.indicate(Indication::Leader(leader));
        }
        ctx.send(next(ctx), Message::Candidate(self.number));
        if let Some(after) = ctx.config().impatience {
            ctx.set_timer(Timer::Impatience, after);
        }
    }

    fn on_message(&mut self, _from: ProcessId, message: Message, ctx: &mut Context<'_, Self>) {
        match message {
            Message::Candidate(number) => {
                self.greatest = self.greatest.max(number);
                if number > self.number {
                    ctx.send(next(ctx), Message::Candidate(number));
                } else if number < self.number {
                    ctx.note("swallowed");
                } else if !self.leads() {
                    self.elect(number, ctx);
                }
            }
            Message::Elected(leader) if leader == self.number => ctx.note("everybody_knows"),
            Message::Elected(leader) => self.elect(leader, ctx),
        }
    }

    fn on_timer(&mut self, Timer::Impatience: Timer, ctx: &mut Context<'_, Self>) {
        if self.greatest == self.number && self.leader.is_none() {
            self.elect(self.number, ctx);
        }
    }
}

fn next(ctx: &Context<'_, ChangRoberts>) -> ProcessId {
    ProcessId::new((ctx.me().get() + 1) % ctx.count())
}
