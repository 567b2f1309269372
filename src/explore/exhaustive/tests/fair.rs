//! What must come in every fair run.

use super::*;
use crate::engine::RandomCrashes;
use crate::model::Report;

/// Process 0 may enter when process 1 answers, or is dead. Meanwhile it sends itself something for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asker {
    waits: bool,
    is_alone: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
enum Call {
    Ask,
    Answer,
    Round,
}

impl Process for Asker {
    /// Whether it heeds that the other is dead.
    type Config = bool;
    type Message = Call;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &bool) -> Self {
        Self { waits: false, is_alone: false }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me() == ProcessId::new(0) {
            ctx.send(ctx.me(), Call::Round);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(_) => {
                self.waits = true;
                ctx.send(ProcessId::new(1), Call::Ask);
                self.enter_if_alone(ctx);
            }
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, from: ProcessId, call: Call, ctx: &mut Context<'_, Self>) {
        match call {
            Call::Ask => ctx.send(from, Call::Answer),
            Call::Answer => self.enter(ctx),
            Call::Round => ctx.send(from, Call::Round),
        }
    }

    fn on_report(&mut self, _: Report, ctx: &mut Context<'_, Self>) {
        self.is_alone = *ctx.config();
        self.enter_if_alone(ctx);
    }
}

impl Asker {
    fn enter_if_alone(&mut self, ctx: &mut Context<'_, Self>) {
        if self.is_alone {
            self.enter(ctx);
        }
    }

    fn enter(&mut self, ctx: &mut Context<'_, Self>) {
        if std::mem::take(&mut self.waits) {
            ctx.indicate(Indication::Entered(DataId::new(0), Fence::default()));
        }
    }
}

impl Mutex for Asker {}

fn asker(heeds: bool) -> Proof {
    let mut setup = Setup::<Asker>::new(2, heeds);
    setup.faults.random = vec![RandomCrashes { among: vec![ProcessId::new(1)], ..RandomCrashes::up_to(1) }];
    let mut case = Case::new(setup);
    case.set_workload(Workload { requests: 1, write_per_mille: 0, ..Workload::default() });
    case.requests = vec![1, 0];
    Exhaustive::of(case).run().expect("it can be run")
}

#[test]
fn a_report_comes_in_the_end_though_a_message_goes_round_for_ever() {
    asker(true).assert_verified();
}

#[test]
fn who_does_not_heed_a_report_waits_for_ever() {
    let proof = asker(false);
    let found = proof.counterexample().expect("it waits for a dead process");
    assert_eq!((found.property, &found.processes[..]), ("every_request_granted", &[ProcessId::new(0)][..]));
    let cycle = &found.steps[found.cycle.expect("it goes round for ever")..];
    assert!(cycle.iter().all(|step| step.event.starts_with("handles Round")), "{found}");
}
