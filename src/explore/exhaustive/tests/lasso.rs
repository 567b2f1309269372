//! Counterexamples that end in a cycle: found, drawn, replayed; and what a checker that forgets would miss.

use super::super::walk::Walk;
use super::*;
use crate::engine::ChannelOrder;
use crate::engine::interleaving::Successors;
use crate::explore::toy::Reckless;
use crate::model::{Counters, Family, Part};
use crate::trace::Trace;
use crate::view::Story;

/// The states of processes with which a checker would be wrong that forgets what a run has yet to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clerk {
    /// Grants every request.
    Good,
    /// Grants a request, or forgets it, and is as before either way: the two ways join.
    Forgets,
    /// The same, while a message goes round: every run comes back to states that were there before.
    ForgetsInARound,
    /// The same, and sets a timer in every other round, which it cancels in the next.
    ForgetsAndHesitates,
    /// Grants every request while a message goes round.
    GoodInARound,
}

impl Clerk {
    fn forgets(self) -> bool {
        matches!(self, Self::Forgets | Self::ForgetsInARound | Self::ForgetsAndHesitates)
    }
}

/// It remembers nothing at all: all of its states are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Desk;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
enum Slip {
    Ask,
    Grant,
    Round,
    /// The other of two rounds.
    Other,
}

const CLERK: ProcessId = ProcessId::new(0);

impl Process for Desk {
    type Config = Clerk;
    type Message = Slip;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Clerk) -> Self {
        Self
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me() == CLERK && !matches!(ctx.config(), Clerk::Good | Clerk::Forgets) {
            ctx.send(ProcessId::new(1), Slip::Round);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(_) => ctx.send(CLERK, Slip::Ask),
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, from: ProcessId, slip: Slip, ctx: &mut Context<'_, Self>) {
        let hesitates = ctx.me() == CLERK && *ctx.config() == Clerk::ForgetsAndHesitates;
        match slip {
            Slip::Ask if ctx.config().forgets() && ctx.choose(2) == 1 => {}
            Slip::Ask => ctx.send(from, Slip::Grant),
            Slip::Grant => ctx.indicate(Indication::Entered(DataId::new(0), Fence::default())),
            Slip::Round if hesitates => {
                ctx.set_timer((), Ticks::new(1));
                ctx.send(from, Slip::Other);
            }
            Slip::Other if hesitates => {
                ctx.cancel_timer(());
                ctx.send(from, Slip::Round);
            }
            Slip::Round | Slip::Other => ctx.send(from, slip),
        }
    }

    fn takes_requests(&self) -> bool {
        true
    }
}

impl Mutex for Desk {}

/// One request of process 1.
fn desk(clerk: Clerk) -> Exhaustive<'static, Desk> {
    let workload = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
    let mut case = Case::new(Setup::new(2, clerk));
    case.set_workload(workload);
    case.requests = vec![0, 1];
    Exhaustive::of(case)
}

/// A checker that has found the way on which the request is granted, and then comes to the same state of the processes
/// by the other, must not think that nothing is left to be shown: what is asked for belongs to the state.
#[test]
fn what_is_yet_to_come_is_not_forgotten_where_ways_join() {
    desk(Clerk::Good).run().expect("it can be run").assert_verified();
    let proof = desk(Clerk::Forgets).run().expect("it can be run");
    let counterexample = proof.counterexample().expect("the request may be forgotten");
    assert_eq!(
        (counterexample.property, counterexample.processes.clone()),
        ("every_request_granted", vec![ProcessId::new(1)])
    );
    // Asked, forgotten, and nothing is left.
    assert_eq!((counterexample.steps.len(), counterexample.cycle), (2, Some(2)));
    assert_eq!(counterexample.ending.cycle_from_event, Some(4));
    assert!(counterexample.draw(80).contains("and nothing need happen any more"), "{}", counterexample.draw(80));
}

/// Nor where a run comes back to where it was, so that there is no last state in which to look.
#[test]
fn nor_where_a_run_goes_round() {
    desk(Clerk::GoodInARound).run().expect("it can be run").assert_verified();
    let proof = desk(Clerk::ForgetsInARound).run().expect("it can be run");
    let counterexample = proof.counterexample().expect("the request may be forgotten");
    assert_eq!(counterexample.property, "every_request_granted");
    let cycle = counterexample.cycle.expect("it goes round for ever");
    let again: Vec<&str> = counterexample.steps[cycle..].iter().map(|step| &*step.event).collect();
    assert_eq!(again.len(), 2, "{counterexample}");
    assert!(again.iter().all(|event| event.starts_with("handles Round")), "{counterexample}");
}

/// What is possible for a while and then no more need not come.
#[test]
fn a_lasso_with_a_timer_that_never_fires_is_fair_if_the_timer_is_cancelled_on_it() {
    let proof = desk(Clerk::ForgetsAndHesitates).run().expect("it can be run");
    let counterexample = proof.counterexample().expect("the request may be forgotten");
    let again = &counterexample.steps[counterexample.cycle.expect("it goes round for ever")..];
    assert_eq!(again.len(), 4, "{counterexample}");
    assert!(again.iter().all(|step| !step.event.contains("timer")), "{counterexample}");
    let Reproducer::Untimed(schedule) = &counterexample.schedule else { panic!("there is no clock") };
    assert_eq!(desk(Clerk::ForgetsAndHesitates).replay(schedule).expect("it can be run"), Ok(counterexample.clone()));
}

fn unfair() -> Counterexample {
    ride(Carousel::Unfair, 0).counterexample().expect("process 2 never enters").clone()
}

fn carousel() -> Exhaustive<'static, Rider> {
    let workload = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
    Exhaustive::new(Setup::new(3, Carousel::Unfair)).workload(workload)
}

#[test]
fn a_lasso_is_drawn_as_a_stem_and_a_cycle() {
    let counterexample = unfair();
    let drawn = counterexample.draw(80);
    let lines: Vec<&str> = drawn.lines().collect();
    let mark = lines.iter().position(|line| line.contains("again and again from here on:")).expect("it is marked");
    let end = lines.iter().position(|line| line.contains("and round again")).expect("it is marked");
    assert!(mark < end && lines[mark..end].iter().any(|line| line.contains("Token")), "{drawn}");

    let trace: Trace = counterexample.trace("carousel");
    let from = trace.ending.cycle_from_event.expect("it goes round");
    let mut file = Vec::new();
    trace.write(&mut file).expect("a buffer takes it");
    assert_eq!(Trace::read(&file[..]).expect("a trace"), trace);
    let story = Story::new(trace);
    assert_eq!(story.cycle.map(|place| story.events[place].number), Some(from + 1));
    // Starts are events, and no steps.
    let cycle = counterexample.cycle.expect("it goes round");
    assert_eq!(from as usize, 3 + cycle);
    assert!(crate::view::svg(&story, &crate::view::Excerpt::default()).contains("again and again"));
    assert!(crate::view::mermaid(&story, &crate::view::Excerpt::default()).contains("from here on again and again"));
}

#[test]
fn a_lasso_is_replayed_and_nothing_else_passes_for_one() {
    let counterexample = unfair();
    let Reproducer::Untimed(schedule) = counterexample.schedule.clone() else { panic!("there is no clock") };
    let read: UntimedSchedule = schedule.to_string().parse().expect("it is read as it is written");
    assert_eq!(read, schedule);
    assert_eq!(carousel().replay(&read).expect("it can be run"), Ok(counterexample));

    let problem = |schedule: &UntimedSchedule| {
        carousel().replay(schedule).expect("it can be run").expect_err("it is another").problem
    };
    let mut shorter = schedule.clone();
    shorter.moves.pop();
    shorter.violation.event -= 1;
    assert_eq!(problem(&shorter), "it does not come back to where its cycle begins");

    let mut rest = schedule.clone();
    rest.cycle_from = Some(rest.moves.len());
    assert_eq!(problem(&rest), "something is sure to come, and so this is no end");
    let mut safe = schedule.clone();
    safe.cycle_from = None;
    assert_eq!(problem(&safe), "nothing is violated");
    let mut early = schedule.clone();
    early.cycle_from = Some(1);
    assert!(problem(&early).contains("before the 3 processes have started"));
    let mut other = schedule.clone();
    other.violation.property = "sanity".to_owned();
    assert_eq!(problem(&other), "there is no property `sanity`");
    // It says with which move it departs: before the first, or after the last.
    let number = |schedule| carousel().replay(schedule).expect("it can be run").expect_err("it is another").number;
    assert_eq!([&early, &other].map(number), [1, 1]);
    assert_eq!([&shorter, &rest, &safe].map(number), [&shorter, &rest, &safe].map(|it| it.moves.len() + 1));
    // As soon as all have started it may go round, though this one does not.
    early.cycle_from = Some(3);
    assert_eq!(problem(&early), "it does not come back to where its cycle begins");
    early.cycle_from = Some(2);
    assert!(problem(&early).contains("before the 3 processes have started"));
}

/// The lasso of a carousel in which process 2 has asked, and then this happens again and again.
fn round(early_timers: u32, again: &[&str]) -> UntimedSchedule {
    let stem = ["p0 starts", "p1 starts", "p2 starts", "p2 is asked to Enter(d0)"];
    let search = carousel().early_timers(early_timers);
    let setup = Arc::clone(&search.case.setup);
    let mut search = search.search(&[]);
    search.space.keep_diary();
    let mut walk = Walk::new(&setup, &mut search.space);
    let mut successors = Successors::default();
    for (text, start) in stem.iter().chain(again).zip((0..3).map(Some).chain(std::iter::repeat(None))) {
        let here = walk.tuple().to_vec();
        match start {
            Some(process) => search.space.start(process, &here, &mut successors),
            None => search.space.successors(&here, true, &mut successors),
        }
        let lines = walk.lines(&search.space, &successors, start, |other| other == *text);
        assert_eq!(lines.len(), 1, "{text}");
        walk.take(&search.space, &successors, lines[0].0, start);
    }
    let violation =
        UntimedViolation { property: "every_request_granted".to_owned(), event: walk.event(), ..Default::default() };
    let bounds = UntimedBounds { early_timers, ..UntimedBounds::default() };
    UntimedSchedule { violation, bounds, moves: walk.moves, cycle_from: Some(stem.len()), scenario: None }
}

#[test]
fn a_lasso_is_fair_if_what_is_possible_all_the_way_round_comes_and_has_no_bounded_number_of_anything() {
    let replay = |schedule: &UntimedSchedule| carousel().replay(schedule).expect("it can be run");
    let problem = |schedule: &UntimedSchedule| replay(schedule).expect_err("it is none").problem;
    let (one, two) = ("p1 handles Token from p0", "p0 handles Token from p1");
    let (early, please) = ("p2 has its timer () fire early", "p1 handles Please from p2");
    let fires = "p2 has its timer () fire in the end";
    assert!(replay(&round(0, &[one, fires, two, please])).is_ok());
    let told = "its cycle is unfair: something that is possible all the way round never comes";
    assert_eq!(problem(&round(0, &[one, two])), told);
    // That a timer fires early once more proves nothing of what it does in the end.
    assert_eq!(problem(&round(u32::MAX, &[one, early, two, please])), told);
    let both = |early_timers| round(early_timers, &[one, early, please, fires, two, please]);
    assert!(replay(&both(u32::MAX)).is_ok());
    assert_eq!(problem(&both(1)), "it does not come back to where its cycle begins");
    let mut none = both(1);
    none.bounds.early_timers = 0;
    assert!(problem(&none).starts_with("`p2 has its timer () fire early` cannot come"), "{}", problem(&none));
}

/// Two are in the critical section at once.
#[test]
fn a_violation_is_replayed_with_the_move_that_it_comes_with() {
    let reckless = || {
        let workload = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
        Exhaustive::new(Setup::<Reckless>::new(2, ())).workload(workload)
    };
    let counterexample = reckless().run().expect("it can be run").counterexample().expect("nobody waits").clone();
    let Reproducer::Untimed(schedule) = counterexample.schedule.clone() else { panic!("there is no clock") };
    // Two starts and two entries.
    assert_eq!((schedule.moves.len(), schedule.violation.event), (4, 4));
    let replay = |schedule: &UntimedSchedule| reckless().replay(schedule).expect("it can be run");
    assert_eq!(replay(&schedule), Ok(counterexample));

    let here = |departure: Result<Counterexample, Departure>| {
        let Departure { number, problem } = departure.expect_err("it is another");
        assert!(problem.starts_with("it violates single_holder here: "), "{problem}");
        number
    };
    let mut longer = schedule.clone();
    longer.moves.push("0123 p0 is asked to Leave(d0)".to_owned());
    assert_eq!(here(replay(&longer)), 4);
    let mut lasso = schedule.clone();
    lasso.cycle_from = Some(3);
    assert_eq!(here(replay(&lasso)), 4);
    // It does not look for another property, but for the panic that there is not.
    let mut panics = schedule.clone();
    panics.violation.property = "no_panic".to_owned();
    let problem = "nothing is violated".to_owned();
    assert_eq!(replay(&panics), Err(Departure { number: 5, problem }));
    let mut later = schedule.clone();
    later.violation.event = 5;
    let problem = "single_holder at event 4, and it was single_holder at event 5".to_owned();
    assert_eq!(replay(&later), Err(Departure { number: 4, problem }));
    // A move that is none, one that cannot come, and one that does something else.
    for (line, problem) in [
        ("nothing", "`nothing` is no move"),
        ("0123 p0 comes back", "`p0 comes back` cannot come; what can: `p"),
        ("0123 p0 starts", "`p0 starts` comes, and does something else than when this was kept"),
    ] {
        let mut other = schedule.clone();
        other.moves[0] = line.to_owned();
        let departure = replay(&other).expect_err("it is another");
        assert!(departure.number == 1 && departure.problem.starts_with(problem), "{departure}");
    }
}

/// Its counters are in what it sends, or in what it sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    InMessages,
    InTimers,
    /// In what it sends, once it has been asked to enter, which it forgets.
    InsteadOfEntering,
    /// In timers, up to the seventh: that is for the number to say, and not for how it differs from others.
    UpToSeven,
}

/// Once it has left, what it does has numbers, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Numbering(Option<u64>);

impl Numbering {
    fn go_on(&mut self, number: u64, ctx: &mut Context<'_, Self>) {
        self.0 = Some(number);
        match ctx.config() {
            Numbers::InMessages | Numbers::InsteadOfEntering => ctx.send(ProcessId::new(1 - ctx.me().get()), number),
            Numbers::UpToSeven if number == 7 => {}
            Numbers::InTimers | Numbers::UpToSeven => ctx.set_timer(number, Ticks::new(1)),
        }
    }
}

impl Process for Numbering {
    type Config = Numbers;
    type Message = u64;
    type Timer = u64;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Numbers) -> Self {
        Self(None)
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(_) if *ctx.config() == Numbers::InsteadOfEntering => self.go_on(1, ctx),
            Request::Enter(data) => ctx.indicate(Indication::Entered(data, Fence::default())),
            Request::Leave(data) => {
                ctx.indicate(Indication::Left(data));
                self.go_on(1, ctx);
            }
            _ => {}
        }
    }

    fn on_message(&mut self, _: ProcessId, number: u64, ctx: &mut Context<'_, Self>) {
        self.go_on(number + 1, ctx);
    }

    fn on_timer(&mut self, number: u64, ctx: &mut Context<'_, Self>) {
        self.go_on(number + 1, ctx);
    }

    fn counters(part: Part<'_, Self>, counters: &mut Counters<'_>) {
        let number = match part {
            Part::State(_, Self(None)) | Part::Stable(..) => return,
            Part::State(_, Self(Some(number))) | Part::Timer(_, number) => number,
            Part::Message { message, .. } => message,
        };
        counters.shift(Family::shared(0), number);
    }
}

impl Mutex for Numbering {
    const PROPERTIES: &'static [Property] =
        &[Property::SingleHolder, Property::FencingGrows, Property::EveryRequestGranted];
}

/// One request of process 0.
fn numbering(numbers: Numbers, order: ChannelOrder) -> Exhaustive<'static, Numbering> {
    let mut setup = Setup::new(2, numbers);
    setup.network.order = order;
    let mut case = Case::new(setup);
    case.set_workload(Workload { requests: 1, write_per_mille: 0, ..Workload::default() });
    case.requests = vec![1, 0];
    Exhaustive::of(case)
}

#[test]
fn counters_are_right_if_only_their_differences_matter() {
    let check = |numbers, walk: &[usize]| {
        let search = numbering(numbers, ChannelOrder::Fifo);
        search.check_counters(walk.iter().copied()).expect("it can be run")
    };
    for numbers in [Numbers::InMessages, Numbers::InTimers] {
        assert_eq!(check(numbers, &[1_000; 30]), Ok(()), "{numbers:?}");
    }
    // Asked to enter and to leave, and six timers.
    let wrong = check(Numbers::UpToSeven, &[0; 30]).expect_err("it stops at seven");
    assert_eq!((&*wrong.property, wrong.event), ("counters", 8));
    assert_eq!(check(Numbers::UpToSeven, &[0; 7]), Ok(()), "that is too short to see it");
}

/// It comes back to where it was but for its counters.
#[test]
fn a_lasso_with_numbers_that_grow_is_replayed() {
    let search = || numbering(Numbers::InsteadOfEntering, ChannelOrder::Fifo);
    let proof = search().run().expect("it can be run");
    let counterexample = proof.counterexample().expect("the request is forgotten");
    assert_eq!(counterexample.property, "every_request_granted");
    let Reproducer::Untimed(schedule) = &counterexample.schedule else { panic!("there is no clock") };
    assert_eq!(search().replay(schedule).expect("it can be run"), Ok(counterexample.clone()));
}

#[test]
fn what_cannot_be_followed_is_not_called_checked() {
    let proof = |numbers, order| numbering(numbers, order).run().expect("it can be run");
    let told = |proof: &Proof| {
        assert!(proof.is_verified(), "{proof:?}");
        proof.unchecked.iter().map(|unchecked| (unchecked.property.name(), unchecked.why)).collect::<Vec<_>>()
    };
    // That it has counters shows only on the way.
    let fifo = told(&proof(Numbers::InMessages, ChannelOrder::Fifo));
    assert_eq!(fifo, [("fencing_grows", "compares numbers with those of states long past")]);
    let unordered = told(&proof(Numbers::InMessages, ChannelOrder::Unordered));
    assert_eq!(
        unordered[1..],
        [("every_request_granted", "cannot follow one message of an unordered channel whose numbers change")]
    );
    let timers = proof(Numbers::InTimers, ChannelOrder::Fifo);
    assert_eq!(told(&timers)[1..], [("every_request_granted", "cannot follow one timer whose numbers change")]);
    assert_eq!(timers.checked, ["single_holder", "no_panic"]);
}

/// The search for cycles can be stopped as the search for states can.
#[test]
fn a_search_for_cycles_that_is_stopped_proves_nothing() {
    let setup = || reference_ring();
    let whole = Exhaustive::<Desk>::of(setup()).run().expect("it can be run");
    assert!(whole.coverage.states > 5_000, "{:?}", whole.coverage);
    let stop = |coverage: Coverage| {
        if coverage.looked_through > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let proof = Exhaustive::<Desk>::of(setup()).progress(&stop).run().expect("it can be run");
    assert_eq!((proof.verdict, proof.coverage.frontier), (Verdict::Incomplete, 0));
    assert_eq!(proof.estimate, None, "all states are known");
}

/// Of many lassos the same one is told, and it is as short as any: the first to ask is forgotten at once.
#[test]
fn any_number_of_threads_finds_the_same_lasso() {
    let find = |clerk, jobs| {
        let mut case = reference_ring();
        Arc::make_mut(&mut case.setup).config = clerk;
        Exhaustive::<Desk>::of(case).jobs(jobs).run().expect("it can be run")
    };
    for (clerk, steps) in [(Clerk::Forgets, 2), (Clerk::ForgetsInARound, 4)] {
        let one = find(clerk, 1);
        let counterexample = one.counterexample().expect("a request may be forgotten");
        assert_eq!(counterexample.steps.len(), steps, "{counterexample}");
        assert_eq!(counterexample.processes, [CLERK], "{counterexample}");
        assert!(one.coverage.states > 5_000, "too few for all threads to have something to do");
        assert_eq!((find(clerk, 2), find(clerk, 5)), (one.clone(), one));
    }
}

/// Desks whose requests are all granted, in as many orders as there are.
fn reference_ring() -> Case<Desk> {
    let workload = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
    let mut case = Case::new(Setup::new(6, Clerk::Good));
    case.set_workload(workload);
    case.properties = vec![Property::EveryRequestGranted];
    case
}
