//! A model for each condition of an ample set, of which a violation would be missed without it.

use super::Action::{Accept, Choose, Enter, Grow, Look, Panic, Take, Timer};
use super::*;

/// A model by the rows of its table that are not empty.
#[derive(Debug)]
struct Directed {
    /// The condition.
    of: &'static str,
    /// What is violated; a panic, if it is not said.
    property: Option<Property>,
    processes: u32,
    early: u32,
    losses: u32,
    requests: u32,
    order: ChannelOrder,
    detector: DetectorClass,
    /// One of these crashes.
    crashes: &'static [u32],
    restarts: bool,
    /// Messages wait while a process is busy.
    service: bool,
    /// Process, state, event; the next state, and what is done.
    rows: &'static [(u32, u8, u8, u8, &'static [Action])],
}

const PLAIN: Directed = Directed {
    of: "",
    property: None,
    processes: 0,
    early: 0,
    losses: 0,
    requests: 0,
    order: ChannelOrder::Fifo,
    detector: DetectorClass::None,
    crashes: &[],
    restarts: false,
    service: false,
    rows: &[],
};

const fn send(to: u32, kind: u8) -> Action {
    Action::Send { to, kind }
}

const fn pass(to: u32, kind: u8) -> Action {
    Action::Pass { to, kind }
}

/// Found among random models and made small, but for the last ones.
const ALL: &[Directed] = &[
    Directed {
        of: "no ample set where a crash is possible",
        property: Some(Property::SingleHolder),
        processes: 3,
        detector: DetectorClass::Perfect,
        crashes: &[2],
        rows: &[
            (0, 0, 0, 1, &[]),
            (0, 0, 9, 2, &[Timer(0)]),
            (0, 1, 2, 0, &[]),
            (0, 2, 5, 2, &[Enter]),
            (1, 0, 0, 0, &[send(0, 2)]),
            (1, 0, 2, 0, &[Enter]),
            (2, 0, 0, 0, &[send(1, 2)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a mover has something that is sure to come",
        property: Some(Property::TokenInCs),
        processes: 3,
        requests: 1,
        rows: &[
            (0, 0, 3, 0, &[Timer(0)]),
            (0, 0, 5, 1, &[Timer(1)]),
            (0, 1, 6, 1, &[send(1, 1)]),
            (0, 1, 9, 2, &[]),
            (0, 2, 10, 2, &[Enter]),
            (1, 0, 0, 2, &[]),
            (1, 2, 8, 2, &[send(2, 3)]),
            (2, 0, 3, 0, &[send(1, 2)]),
            (2, 0, 10, 1, &[send(0, 2)]),
            (2, 1, 3, 1, &[send(0, 3)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "who comes back sends to whom it has been seen to",
        property: Some(Property::TokenInCs),
        processes: 3,
        detector: DetectorClass::Perfect,
        crashes: &[0],
        restarts: true,
        rows: &[(0, 0, 1, 0, &[send(1, 0)]), (1, 0, 0, 2, &[]), (1, 2, 2, 0, &[]), (1, 2, 7, 2, &[Enter])],
        ..PLAIN
    },
    Directed {
        of: "what is behind a head is new on unordered channels",
        property: Some(Property::QueueOrder),
        processes: 3,
        requests: 1,
        order: ChannelOrder::Unordered,
        service: true,
        rows: &[
            (0, 0, 0, 2, &[]),
            (0, 0, 9, 0, &[Look { from: 0 }]),
            (0, 1, 3, 1, &[send(1, 2)]),
            (0, 1, 10, 1, &[Accept { client: 2, request: 2 }]),
            (0, 2, 8, 2, &[pass(0, 3)]),
            (0, 2, 10, 0, &[]),
            (1, 0, 0, 2, &[send(0, 2)]),
            (1, 1, 8, 1, &[send(0, 1)]),
            (1, 2, 3, 2, &[Choose]),
            (2, 0, 0, 0, &[send(1, 1), send(0, 3)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "who gets something may send to whom it has been seen to",
        property: Some(Property::FreshReplica),
        processes: 3,
        early: 1,
        requests: 1,
        rows: &[
            (0, 0, 0, 2, &[Enter]),
            (0, 2, 3, 0, &[]),
            (0, 2, 6, 2, &[Take]),
            (0, 2, 7, 2, &[Timer(1)]),
            (1, 0, 0, 2, &[]),
            (1, 0, 3, 0, &[Grow, send(0, 0)]),
            (1, 2, 10, 0, &[]),
            (2, 0, 3, 1, &[Enter, send(2, 2)]),
            (2, 1, 4, 2, &[]),
            (2, 2, 9, 2, &[send(1, 3)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "and so may who gets something from it",
        property: Some(Property::SingleHolder),
        processes: 4,
        requests: 1,
        rows: &[
            (0, 0, 3, 2, &[]),
            (0, 1, 7, 1, &[Enter]),
            (0, 2, 10, 1, &[pass(3, 1)]),
            (1, 0, 0, 1, &[send(3, 0)]),
            (1, 1, 3, 1, &[send(2, 1)]),
            (2, 0, 0, 2, &[]),
            (2, 1, 8, 1, &[send(0, 3)]),
            (2, 2, 9, 1, &[]),
            (3, 0, 0, 0, &[send(2, 2)]),
            (3, 0, 7, 2, &[]),
            (3, 0, 8, 0, &[Enter, send(0, 0)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a step of a mover shows nothing",
        property: Some(Property::QueueOrder),
        processes: 3,
        detector: DetectorClass::Perfect,
        crashes: &[1],
        rows: &[
            (0, 0, 0, 1, &[]),
            (0, 1, 7, 1, &[send(2, 2)]),
            (2, 0, 0, 2, &[send(0, 0)]),
            (2, 2, 2, 2, &[Accept { client: 0, request: 2 }]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a mover sends to nobody who comes back",
        property: Some(Property::SingleHolder),
        processes: 3,
        detector: DetectorClass::Perfect,
        crashes: &[0],
        restarts: true,
        rows: &[
            (0, 0, 9, 2, &[]),
            (0, 2, 8, 2, &[Enter]),
            (1, 0, 0, 0, &[Enter]),
            (1, 0, 2, 0, &[send(0, 1)]),
            (2, 0, 0, 0, &[send(2, 0)]),
            (2, 0, 2, 1, &[]),
            (2, 1, 7, 1, &[send(0, 2)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a step of a mover changes no weight",
        property: Some(Property::SingleToken),
        processes: 3,
        requests: 1,
        service: true,
        rows: &[
            (0, 0, 0, 2, &[send(0, 2)]),
            (0, 1, 9, 2, &[]),
            (0, 2, 3, 1, &[]),
            (0, 2, 9, 0, &[]),
            (2, 0, 3, 1, &[]),
        ],
        ..PLAIN
    },
    Directed {
        of: "one state after a mover's step is looked at later",
        property: Some(Property::TokenInCs),
        processes: 4,
        early: u32::MAX,
        rows: &[
            (0, 0, 10, 1, &[send(0, 3)]),
            (0, 1, 10, 0, &[Enter]),
            (2, 0, 0, 0, &[Timer(1), send(2, 0)]),
            (2, 0, 6, 0, &[Timer(1)]),
            (2, 0, 7, 0, &[pass(0, 3)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a mover's early timers are its steps, too",
        property: Some(Property::TokenInCs),
        processes: 3,
        early: 1,
        rows: &[
            (0, 0, 0, 1, &[Timer(0), send(0, 0)]),
            (0, 0, 5, 0, &[send(2, 3)]),
            (0, 1, 7, 0, &[]),
            (2, 0, 0, 1, &[send(2, 2)]),
            (2, 1, 10, 2, &[]),
            (2, 2, 9, 2, &[Enter]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a mover's requests are its steps, too",
        property: Some(Property::SingleHolder),
        processes: 2,
        requests: 1,
        rows: &[
            (0, 0, 10, 2, &[Enter]),
            (0, 2, 3, 2, &[send(1, 3)]),
            (1, 0, 0, 0, &[send(1, 2), send(1, 2)]),
            (1, 0, 9, 2, &[pass(0, 3)]),
            (1, 2, 9, 1, &[]),
            (1, 2, 10, 2, &[Enter]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a mover's reports are its steps, too",
        property: Some(Property::SingleToken),
        processes: 2,
        detector: DetectorClass::Perfect,
        crashes: &[0],
        restarts: true,
        rows: &[(0, 0, 1, 1, &[]), (1, 0, 0, 1, &[]), (1, 1, 2, 0, &[])],
        ..PLAIN
    },
    Directed {
        of: "what was relied on is relied on no more once it is seen",
        property: Some(Property::SingleHolder),
        processes: 3,
        detector: DetectorClass::Perfect,
        crashes: &[2],
        restarts: true,
        rows: &[
            (0, 0, 0, 0, &[Enter]),
            (0, 0, 9, 1, &[]),
            (0, 1, 2, 1, &[send(2, 3)]),
            (2, 0, 1, 0, &[send(0, 2)]),
            (2, 0, 10, 0, &[Enter]),
        ],
        ..PLAIN
    },
    Directed {
        of: "whose timer may fire early may send",
        property: None,
        processes: 4,
        early: 2,
        detector: DetectorClass::Perfect,
        crashes: &[0, 3],
        rows: &[
            (0, 0, 0, 2, &[]),
            (0, 2, 2, 1, &[]),
            (0, 2, 9, 2, &[send(2, 1)]),
            (1, 0, 8, 2, &[]),
            (1, 2, 10, 2, &[send(0, 2)]),
            (2, 0, 0, 1, &[]),
            (2, 0, 8, 0, &[Panic]),
            (2, 1, 2, 1, &[Timer(1), Timer(0)]),
            (2, 1, 5, 1, &[send(1, 3)]),
            (2, 1, 6, 0, &[]),
            (3, 0, 0, 0, &[send(1, 1)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "who has something to request may send",
        property: Some(Property::FreshReplica),
        processes: 3,
        early: 1,
        requests: 1,
        rows: &[
            (0, 0, 0, 2, &[Enter]),
            (0, 2, 3, 0, &[]),
            (0, 2, 6, 2, &[Take]),
            (0, 2, 7, 2, &[Timer(1)]),
            (1, 0, 0, 2, &[]),
            (1, 0, 3, 0, &[Grow, send(0, 0)]),
            (1, 2, 10, 0, &[send(2, 2)]),
            (2, 0, 3, 1, &[Enter, send(2, 2)]),
            (2, 1, 4, 2, &[]),
            (2, 2, 9, 2, &[send(1, 3)]),
        ],
        ..PLAIN
    },
    Directed {
        of: "losses and repetitions change what a process does of its own accord",
        property: Some(Property::SingleHolder),
        processes: 3,
        losses: 1,
        rows: &[
            (2, 0, 0, 0, &[Enter, send(1, 0), send(1, 1)]),
            (1, 0, 7, 1, &[]),
            // If the first is lost.
            (1, 0, 8, 0, &[send(0, 2)]),
            (0, 0, 0, 0, &[send(0, 3)]),
            (0, 0, 10, 2, &[]),
            (0, 0, 9, 1, &[]),
            (0, 1, 10, 1, &[Enter]),
        ],
        ..PLAIN
    },
    Directed {
        of: "what is behind a head is new where it has a weight",
        property: Some(Property::SingleToken),
        processes: 3,
        rows: &[
            (2, 0, 0, 1, &[]),
            (1, 0, 0, 0, &[send(0, 0), send(1, 3)]),
            (1, 0, 10, 0, &[pass(0, 1)]),
            // From now on it would not accept the token.
            (0, 0, 7, 2, &[]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a mover does not look into its inbox",
        property: Some(Property::SingleHolder),
        processes: 2,
        service: true,
        rows: &[
            (1, 0, 0, 0, &[Enter, send(0, 0), send(1, 3)]),
            (1, 0, 10, 0, &[pass(0, 1)]),
            (0, 0, 7, 0, &[Look { from: 1 }]),
            (0, 1, 8, 1, &[Enter]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a step of a mover changes nothing that others are compared with",
        property: Some(Property::FreshReplica),
        processes: 2,
        rows: &[
            (0, 0, 0, 0, &[Grow, Grow, send(0, 0)]),
            (0, 0, 7, 0, &[Grow]),
            (1, 0, 0, 0, &[send(1, 0)]),
            (1, 0, 7, 0, &[Take]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a mover is up",
        property: Some(Property::SingleHolder),
        processes: 3,
        detector: DetectorClass::Perfect,
        crashes: &[1],
        restarts: true,
        rows: &[
            (0, 0, 0, 0, &[send(0, 0)]),
            (0, 0, 7, 0, &[pass(0, 0)]),
            (1, 0, 1, 0, &[Enter, Action::Leave, send(0, 1)]),
            (2, 0, 2, 0, &[Enter]),
        ],
        ..PLAIN
    },
    Directed {
        of: "a loss does not lead on: it may be used up",
        property: Some(Property::SingleHolder),
        processes: 3,
        losses: 1,
        rows: &[
            (0, 0, 0, 0, &[send(0, 0)]),
            (0, 0, 7, 0, &[pass(0, 0)]),
            (2, 0, 0, 0, &[Enter, send(1, 1), send(1, 2)]),
            (1, 0, 8, 1, &[]),
            (1, 0, 9, 0, &[Enter]),
        ],
        ..PLAIN
    },
];

impl Directed {
    fn model(&self) -> Model {
        let rows = self.processes * u32::from(STATES) * u32::from(EVENTS);
        let state = |row| (row / u32::from(EVENTS) % u32::from(STATES)) as u8;
        let mut table = Table((0..rows).map(|row| (state(row), Vec::new())).collect());
        for &(process, state, event, next, actions) in self.rows {
            let row = (process * u32::from(STATES) + u32::from(state)) * u32::from(EVENTS) + u32::from(event);
            table.0[row as usize] = (next, actions.to_vec());
        }
        let mut setup = Setup::new(self.processes, Arc::new(table));
        setup.network.order = self.order;
        setup.network.from_dead = FromDead::Deliver;
        setup.detector.class = self.detector;
        if self.service {
            setup.network.service_ticks = (1..=2).into();
        }
        if !self.crashes.is_empty() {
            let among = self.crashes.iter().copied().map(ProcessId::new).collect();
            let down_ticks = self.restarts.then(|| (1..=2).into());
            setup.faults.random = vec![RandomCrashes { among, down_ticks, ..RandomCrashes::up_to(1) }];
        }
        let workload = Workload { requests: self.requests, ..Workload::default() };
        let Self { early, losses, property, .. } = *self;
        Model { setup, workload, early, losses, duplicates: 0, panics: property.is_none() }
    }
}

#[test]
fn nothing_is_missed_for_want_of_a_condition() {
    for directed in ALL {
        let properties: Vec<Property> = directed.property.into_iter().collect();
        let expected = directed.property.map_or("no_panic", Property::name);
        for (reduction, order) in [
            (Reduction::None, Order::BreadthFirst),
            (Reduction::PartialOrder, Order::BreadthFirst),
            (Reduction::PartialOrder, Order::DepthFirst),
        ] {
            let proof = directed.model().search(&properties, reduction).order(order).states_max(40_000).run();
            let proof = proof.expect("it can be run");
            assert_eq!(told(&proof), Some(Some(expected)), "{}: {reduction}, {order:?}", directed.of);
        }
    }
}

/// Process 1 tells itself to go on, so many times, and then tells process 0, which may be ready by then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Countdown {
    told: bool,
}

impl Process for Countdown {
    type Config = u32;
    type Message = u32;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &u32) -> Self {
        Self { told: false }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me().get() == 1 {
            let steps = *ctx.config();
            ctx.indicate(Indication::Entered(D, Fence::default()));
            ctx.send(ctx.me(), steps);
        } else {
            ctx.send(ctx.me(), 1);
        }
    }

    fn on_message(&mut self, from: ProcessId, steps: u32, ctx: &mut Context<'_, Self>) {
        if ctx.me().get() == 1 {
            let to = if steps > 0 { ctx.me() } else { ProcessId::new(0) };
            ctx.send(to, steps.saturating_sub(1));
        } else if from != ctx.me() {
            self.told = true;
        } else if self.told {
            ctx.indicate(Indication::Entered(D, Fence { epoch: 0, counter: 1 }));
        }
    }

    fn takes_requests(&self) -> bool {
        false
    }
}

impl Mutex for Countdown {}

/// What a process does of its own accord is tried out only so far; beyond, whom it has been seen to send to counts.
#[test]
fn nothing_is_missed_that_is_far_away() {
    for steps in [3, 100, 2_000] {
        let search = Exhaustive::<Countdown>::new(Setup::new(2, steps)).properties(&[Property::SingleHolder]);
        let proof = search.reduction(Reduction::PartialOrder).run().expect("it can be run");
        assert_eq!(told(&proof), Some(Some("single_holder")), "{steps} steps");
    }
}
