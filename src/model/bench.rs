use super::{Context, Effect, Event, Process, ProcessId, Report, Surroundings};

/// One process on a workbench: events go in, effects come out, and there is no engine.
///
/// Notes are kept apart from the other effects, so that a test that compares effects need not list them.
///
/// ```
/// use jeton::model::{Bench, Context, Effect, Never, Process, ProcessId};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// # struct Echo;
/// # impl Process for Echo {
/// #     type Config = ();
/// #     type Message = u64;
/// #     type Timer = Never;
/// #     type Request = Never;
/// #     type Indication = Never;
/// #     type Stable = ();
/// #     type Record = Never;
/// #     fn new(_me: ProcessId, _config: &()) -> Self { Echo }
/// #     fn on_message(&mut self, from: ProcessId, message: u64, ctx: &mut Context<'_, Self>) {
/// #         ctx.send(from, message);
/// #     }
/// # }
/// let mut echo = Bench::<Echo>::new(0, 2, ());
/// let effects = echo.message(1, 7);
/// assert_eq!(effects, [Effect::Send { to: ProcessId::new(1), message: 7 }]);
/// ```
#[derive(Clone, Debug)]
pub struct Bench<P: Process> {
    /// The process, to be looked at and, where a test must, set.
    pub process: P,
    /// Its stable storage: what it stored, and what it will find when it restarts.
    pub stable: P::Stable,
    /// The notes of the last step.
    pub notes: Vec<&'static str>,
    me: ProcessId,
    count: u32,
    boot: u64,
    config: P::Config,
    answers: Answers,
}

#[derive(Clone, Debug, Default)]
struct Answers {
    choices: Vec<u32>,
    inbox: Vec<ProcessId>,
}

impl Surroundings for Answers {
    fn choose(&mut self, bound: u32) -> u32 {
        if self.choices.is_empty() { 0 } else { self.choices.remove(0).min(bound - 1) }
    }

    fn inbox_len(&self, from: ProcessId) -> usize {
        self.inbox.iter().filter(|&&p| p == from).count()
    }
}

impl<P: Process> Bench<P> {
    /// A new process `me` of a system of `count`, before it has handled anything.
    pub fn new(me: u32, count: u32, config: P::Config) -> Self {
        let me = ProcessId::new(me);
        Self {
            process: P::new(me, &config),
            stable: P::Stable::default(),
            notes: Vec::new(),
            me,
            count,
            boot: 1,
            config,
            answers: Answers::default(),
        }
    }

    /// The answers to the next calls of [`Context::choose`]; it is 0 when they are used up.
    pub fn choices(&mut self, choices: &[u32]) -> &mut Self {
        self.answers.choices = choices.to_vec();
        self
    }

    /// The senders of the messages that wait in the inbox during the steps to come.
    pub fn inbox(&mut self, senders: &[u32]) -> &mut Self {
        self.answers.inbox = senders.iter().map(|&p| ProcessId::new(p)).collect();
        self
    }

    /// Handles one event and returns its effects, notes apart. Records are applied to [`Bench::stable`].
    pub fn handle(&mut self, event: Event<P>) -> Vec<Effect<P>> {
        let mut effects = Vec::new();
        let mut ctx = Context::new(self.me, self.count, self.boot, &self.config, &mut effects, &mut self.answers);
        self.process.handle(event, &self.stable, &mut ctx);
        self.notes.clear();
        effects.retain(|effect| match effect {
            Effect::Note { note } => {
                self.notes.push(note);
                false
            }
            Effect::Store { record } => {
                P::apply(&mut self.stable, record.clone());
                true
            }
            _ => true,
        });
        effects
    }

    /// Handles the start of the run.
    pub fn start(&mut self) -> Vec<Effect<P>> {
        self.handle(Event::Start)
    }

    /// Handles a request.
    pub fn request(&mut self, request: P::Request) -> Vec<Effect<P>> {
        self.handle(Event::Request(request))
    }

    /// Handles a message.
    pub fn message(&mut self, from: u32, message: P::Message) -> Vec<Effect<P>> {
        self.handle(Event::Message { from: ProcessId::new(from), message })
    }

    /// Handles the firing of a timer.
    pub fn timer(&mut self, timer: P::Timer) -> Vec<Effect<P>> {
        self.handle(Event::Timer(timer))
    }

    /// Handles the report that a process crashed.
    pub fn crash_of(&mut self, process: u32) -> Vec<Effect<P>> {
        self.handle(Event::Report(Report::Crash(ProcessId::new(process))))
    }

    /// Crashes the process and starts it again: a new state, the next boot number, the same stable storage.
    pub fn restart(&mut self) -> Vec<Effect<P>> {
        self.process = P::new(self.me, &self.config);
        self.boot += 1;
        self.handle(Event::Restart)
    }
}
