//! A process that does as it is told, and what it shows of contexts, benches and ticks.

use super::*;

/// Does what a message orders it to do, and remembers what it was told of the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Probe {
    seen: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub(crate) enum Order {
    /// Sends [`Order::Who`] to this process.
    Send(u32),
    /// So many effects in one step.
    Effects(usize),
    /// One effect of each kind, and two notes.
    Everything,
    Choose(u32),
    Inbox(u32),
    /// Remembers its own id, the others' and the number of all.
    Who,
    /// Remembers what is configured, and which start this is.
    Where,
}

impl Process for Probe {
    type Config = u64;
    type Message = Order;
    type Timer = u8;
    type Request = u64;
    type Indication = u64;
    type Stable = Vec<u64>;
    type Record = u64;

    fn new(_me: ProcessId, _config: &u64) -> Self {
        Self { seen: Vec::new() }
    }

    fn apply(stable: &mut Vec<u64>, record: u64) {
        stable.push(record);
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        ctx.note("start");
    }

    fn on_request(&mut self, request: u64, ctx: &mut Context<'_, Self>) {
        ctx.note("request");
        ctx.store(request);
    }

    fn on_message(&mut self, from: ProcessId, message: Order, ctx: &mut Context<'_, Self>) {
        match message {
            Order::Send(to) => ctx.send(ProcessId::new(to), Order::Who),
            Order::Effects(count) => (0..count).for_each(|_| ctx.note("one_of_many")),
            Order::Everything => {
                ctx.note("first");
                ctx.send(from, Order::Who);
                ctx.set_timer(1, Ticks::new(5));
                ctx.store(7);
                ctx.note("second");
                ctx.cancel_timer(2);
                ctx.indicate(9);
            }
            Order::Choose(bound) => self.seen.push(ctx.choose(bound).into()),
            Order::Inbox(from) => self.seen.push(ctx.inbox_len(ProcessId::new(from)) as u64),
            Order::Who => {
                self.seen.push(ctx.me().get().into());
                self.seen.extend(ctx.others().map(|p| u64::from(p.get())));
                self.seen.push(ctx.count().into());
            }
            Order::Where => self.seen.extend([*ctx.config(), ctx.boot()]),
        }
    }

    fn on_timer(&mut self, timer: u8, ctx: &mut Context<'_, Self>) {
        ctx.note("timer");
        self.seen.push(timer.into());
    }

    fn on_report(&mut self, report: Report, ctx: &mut Context<'_, Self>) {
        ctx.note("report");
        let (Report::Crash(of) | Report::Restore(of)) = report;
        self.seen.push(of.get().into());
    }

    fn on_restart(&mut self, stable: &Vec<u64>, ctx: &mut Context<'_, Self>) {
        ctx.note("restart");
        self.seen.clone_from(stable);
    }
}

fn bench() -> Bench<Probe> {
    Bench::new(1, 3, 42)
}

/// What the process remembers of the one step in which it is given this order.
fn seen_upon(bench: &mut Bench<Probe>, order: Order) -> Vec<u64> {
    bench.process.seen.clear();
    bench.message(0, order);
    bench.process.seen.clone()
}

mod contexts {
    use super::*;

    #[test]
    fn effects_come_in_the_order_in_which_they_were_asked_for() {
        let send = Effect::Send { to: ProcessId::new(0), message: Order::Who };
        let expected = [
            send,
            Effect::SetTimer { timer: 1, after: Ticks::new(5) },
            Effect::Store { record: 7 },
            Effect::CancelTimer { timer: 2 },
            Effect::Indicate { indication: 9 },
        ];
        assert_eq!(bench().message(0, Order::Everything), expected);
    }

    #[test]
    fn a_process_is_told_who_and_where_it_is() {
        assert_eq!(seen_upon(&mut bench(), Order::Who), [1, 0, 2, 3]);
        assert_eq!(seen_upon(&mut bench(), Order::Where), [42, 1]);
    }

    #[test]
    fn a_process_may_send_to_itself() {
        let expected = [Effect::Send { to: ProcessId::new(1), message: Order::Who }];
        assert_eq!(bench().message(0, Order::Send(1)), expected);
    }

    #[test]
    #[should_panic(expected = "p1 sends to p3, and there are 3 processes")]
    fn sending_to_a_process_that_does_not_exist_panics() {
        bench().message(0, Order::Send(3));
    }

    #[test]
    #[should_panic(expected = "choose(0): there is nothing to choose from")]
    fn choosing_from_nothing_panics() {
        bench().message(0, Order::Choose(0));
    }

    #[test]
    fn a_step_may_have_a_hundred_thousand_effects_and_sixty_four_for_each_process() {
        let mut bench = bench();
        bench.message(0, Order::Effects(100_000 + 3 * 64));
        assert_eq!(bench.notes.len(), 100_000 + 3 * 64);
    }

    #[test]
    #[should_panic(expected = "more than 100192 effects in one step")]
    fn a_handler_that_does_not_end_panics() {
        bench().message(0, Order::Effects(100_000 + 3 * 64 + 1));
    }
}

mod benches {
    use super::*;

    #[test]
    fn each_event_goes_to_its_handler() {
        let mut bench = bench();
        let mut handler_of = |event| {
            assert!(bench.handle(event).iter().all(|effect| matches!(effect, Effect::Store { .. })));
            bench.notes.concat()
        };
        assert_eq!(handler_of(Event::Start), "start");
        assert_eq!(handler_of(Event::Request(1)), "request");
        assert_eq!(handler_of(Event::Message { from: ProcessId::new(0), message: Order::Effects(1) }), "one_of_many");
        assert_eq!(handler_of(Event::Timer(1)), "timer");
        assert_eq!(handler_of(Event::Report(Report::Restore(ProcessId::new(0)))), "report");
        assert_eq!(handler_of(Event::Restart), "restart");
    }

    #[test]
    fn the_notes_are_those_of_the_last_step() {
        let mut bench = bench();
        bench.start();
        bench.message(0, Order::Everything);
        assert_eq!(bench.notes, ["first", "second"]);
        bench.timer(1);
        assert_eq!(bench.notes, ["timer"]);
    }

    #[test]
    fn choices_are_answered_in_order_then_with_0() {
        let mut bench = bench();
        bench.choices(&[2, 1]);
        let answers: Vec<_> = (0..3).flat_map(|_| seen_upon(&mut bench, Order::Choose(3))).collect();
        assert_eq!(answers, [2, 1, 0]);
    }

    #[test]
    fn a_choice_that_there_is_not_becomes_the_last_one() {
        assert_eq!(seen_upon(bench().choices(&[9]), Order::Choose(3)), [2]);
    }

    #[test]
    fn the_inbox_is_counted_by_sender() {
        let mut bench = bench();
        assert_eq!(seen_upon(&mut bench, Order::Inbox(0)), [0]);
        bench.inbox(&[0, 2, 0]);
        assert_eq!(seen_upon(&mut bench, Order::Inbox(0)), [2]);
        assert_eq!(seen_upon(&mut bench, Order::Inbox(2)), [1]);
        assert_eq!(seen_upon(&mut bench, Order::Inbox(1)), [0]);
    }

    #[test]
    fn a_restart_keeps_what_was_stored_and_nothing_else() {
        let mut bench = bench();
        bench.request(5);
        bench.crash_of(2);
        assert_eq!(bench.process.seen, [2]);
        bench.request(6);
        bench.restart();
        assert_eq!(bench.process.seen, [5, 6]);
        assert_eq!(bench.stable, [5, 6]);
    }

    #[test]
    fn each_restart_has_the_next_boot_number() {
        let mut bench = bench();
        bench.restart();
        bench.restart();
        assert_eq!(seen_upon(&mut bench, Order::Where), [42, 3]);
    }
}

mod ticks {
    use super::*;

    #[test]
    fn sums_stop_at_the_end_of_time_and_differences_at_its_start() {
        let (two, three) = (Ticks::new(2), Ticks::new(3));
        assert_eq!(Ticks::MAX + two, Ticks::MAX);
        assert_eq!(two - three, Ticks::ZERO);
        assert_eq!(Ticks::MAX - Ticks::MAX, Ticks::ZERO);
        let mut late = Ticks::new(u64::MAX - 1);
        late += two;
        assert_eq!(late, Ticks::MAX);
    }

    #[test]
    fn a_number_of_ticks_is_written_as_the_number() {
        assert_eq!(Ticks::from(12).to_string(), "12");
        assert_eq!(format!("{:>4}", Ticks::new(12)), "  12");
        assert_eq!(format!("{:?}", Ticks::new(12)), "12t");
        assert_eq!(serde_json::to_string(&Ticks::new(12)).unwrap(), "12");
    }

    #[test]
    fn a_process_is_written_with_a_p_and_in_json_as_its_number() {
        assert_eq!(format!("{0} {0:?}", ProcessId::new(3)), "p3 p3");
        assert_eq!(serde_json::to_string(&ProcessId::new(3)).unwrap(), "3");
        assert_eq!(ProcessId::all(3).rev().map(ProcessId::index).collect::<Vec<_>>(), [2, 1, 0]);
    }
}
