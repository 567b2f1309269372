use serde::{Deserialize, Serialize};

use super::{DataId, Indication, Mutex, Request};
use crate::engine::{Agenda, Application, Distribution};
use crate::model::{ProcessId, Ticks};

/// What the applications do: each thinks, enters, holds, perhaps writes, leaves, and so on, so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Workload {
    /// How many times each process enters a critical section.
    pub requests: u32,
    /// How long it thinks before each request, in ticks.
    pub think_ticks: Distribution,
    /// How long it stays in the critical section before it leaves, or writes and leaves, in ticks.
    pub hold_ticks: Distribution,
    /// In how many of 1,000 critical sections it writes.
    #[cfg_attr(feature = "cli", schemars(range(max = 1000)))]
    pub write_per_mille: u16,
    /// Among how many data ids it chooses.
    #[cfg_attr(feature = "cli", schemars(range(min = 1)))]
    pub data_ids: u32,
    /// In how many of 1,000 critical sections it asks for a second data id, greater than the first so that nobody waits
    /// in a circle, and holds both.
    #[cfg_attr(feature = "cli", schemars(range(max = 1000)))]
    pub second_per_mille: u16,
    /// Whether the second data id may be any other: then a deadlock is the applications' own making.
    pub second_any: bool,
    /// Whether it disconnects in the end, where the system has connections.
    pub disconnect: bool,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            requests: 3,
            think_ticks: Distribution::Uniform(0, 40),
            hold_ticks: Distribution::Uniform(0, 10),
            write_per_mille: 500,
            data_ids: 1,
            second_per_mille: 0,
            second_any: false,
            disconnect: false,
        }
    }
}

impl Workload {
    /// The conditions on a process at which crashes can be set to strike: it waits for a critical section; it is in
    /// one; it is connected and wants nothing; it holds two data ids; a ring's token is at it, or on its way to it.
    pub const CONDITIONS: [&'static str; 6] =
        ["waiting", "in_critical_section", "idle", "holds_two", "has_token", "token_in_flight"];

    /// What is wrong with it, by the name of the field.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        for (name, spread) in [("think_ticks", &self.think_ticks), ("hold_ticks", &self.hold_ticks)] {
            if let Some(problem) = spread.problem(0) {
                return Some((name, problem));
            }
        }
        for (name, share) in [("write_per_mille", self.write_per_mille), ("second_per_mille", self.second_per_mille)] {
            if share > 1000 {
                return Some((name, format!("{share}, expected 0..=1000")));
            }
        }
        if self.data_ids == 0 {
            return Some(("data_ids", "0, expected at least 1".to_owned()));
        }
        if self.second_per_mille > 0 && self.data_ids < 2 {
            return Some((
                "second_per_mille",
                "asks for a second data id and there is 1, expected data_ids = 2 or more".to_owned(),
            ));
        }
        None
    }
}

/// A [`Workload`] at work on the processes of one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Applications {
    workload: Workload,
    /// How many requests each process makes, where that is not what the workload says.
    requests: Vec<u32>,
    /// Whether they connect when the run begins, rather than after a think.
    at_once: bool,
    users: Vec<User>,
    /// How many of them are not done.
    busy: u32,
}

/// The application at one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct User {
    phase: Phase,
    /// How many rounds are still to begin.
    rounds: u32,
    first: DataId,
    second: Option<DataId>,
    has_first: bool,
    has_second: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Thinking,
    WaitingForFirst,
    /// In the critical section of the first, and about to ask for the second.
    Between,
    WaitingForSecond,
    Inside,
    Done,
}

impl Applications {
    /// The applications before a run.
    pub fn new(workload: Workload) -> Self {
        Self { workload, requests: Vec::new(), at_once: false, users: Vec::new(), busy: 0 }
    }

    /// With so many requests of each process; as the workload says of those that are not listed.
    #[must_use]
    pub fn with_requests(mut self, requests: &[u32]) -> Self {
        self.requests = requests.to_vec();
        self
    }

    /// Where the system has connections, they connect when they start, so that no first request waits for that.
    #[must_use]
    pub fn connecting_at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// Back to the start, with the memory it has.
    pub fn reset(&mut self) {
        self.users.clear();
        self.busy = 0;
    }

    fn begin_round(&mut self, process: ProcessId, connects: bool, agenda: &mut Agenda<'_, Request>) {
        let user = &mut self.users[process.index()];
        let workload = &self.workload;
        if user.rounds == 0 {
            user.phase = Phase::Done;
            self.busy -= 1;
            if workload.disconnect && connects {
                let span = think(workload, agenda);
                agenda.request(span, Request::Disconnect);
            }
            return;
        }
        user.rounds -= 1;
        let ids = u64::from(workload.data_ids);
        let mut first = agenda.below("data_id", ids) as u32;
        let mut second = None;
        if workload.second_per_mille > 0 && agenda.happens("second", workload.second_per_mille) {
            let mut other = agenda.below("second_id", ids - 1) as u32;
            other += u32::from(other >= first);
            if !workload.second_any && other < first {
                std::mem::swap(&mut first, &mut other);
            }
            second = Some(DataId::new(other));
        }
        user.phase = Phase::Thinking;
        user.first = DataId::new(first);
        user.second = second;
        let span = think(workload, agenda);
        agenda.request(span, Request::Enter(user.first));
    }

    /// Whether the application at a process will make requests when that comes back.
    pub(crate) fn goes_on(&self, process: ProcessId) -> bool {
        self.users.get(process.index()).is_some_and(|user| user.rounds > 0)
    }

    /// The only one that there is belongs to another process now.
    pub(crate) fn relabel(&mut self, from: ProcessId, to: ProcessId) {
        let Some(user) = self.users.get(from.index()).cloned() else { return };
        self.users.clear();
        self.users.resize(to.index() + 1, NOBODY);
        self.users[to.index()] = user;
    }

    /// What one process was to be asked, another is.
    pub(crate) fn relabel_request(request: &mut Request, from: ProcessId, to: ProcessId) {
        if let Request::Write(_, value) = request {
            *value = *value - first_value(from) + first_value(to);
        }
    }

    /// In its critical section, or both: it stays a while, then writes and leaves, or just leaves.
    fn stay(&mut self, process: ProcessId, data: DataId, agenda: &mut Agenda<'_, Request>) {
        let user = &mut self.users[process.index()];
        user.phase = Phase::Inside;
        let hold = agenda.span("hold", &self.workload.hold_ticks);
        let writes = self.workload.write_per_mille > 0 && agenda.happens("write", self.workload.write_per_mille);
        if writes {
            let round = self.workload.requests - user.rounds;
            let value = first_value(process) + u64::from(round);
            agenda.request(hold, Request::Write(data, value));
        } else {
            agenda.request(hold, Request::Leave(data));
        }
    }

    fn entered(&mut self, process: ProcessId, data: DataId, agenda: &mut Agenda<'_, Request>) {
        // In the start of the run no application has asked yet.
        let Some(user) = self.users.get_mut(process.index()) else { return };
        match (user.phase, user.second) {
            (Phase::WaitingForFirst, None) if data == user.first => {
                user.has_first = true;
                self.stay(process, data, agenda);
            }
            (Phase::WaitingForFirst, Some(second)) if data == user.first => {
                user.has_first = true;
                user.phase = Phase::Between;
                let hold = agenda.span("hold", &self.workload.hold_ticks);
                agenda.request(hold, Request::Enter(second));
            }
            (Phase::WaitingForSecond, Some(second)) if data == second => {
                user.has_second = true;
                self.stay(process, data, agenda);
            }
            // Nobody asked for it. Whether that does harm is for the properties to say.
            _ => {}
        }
    }

    /// It has left, or lost, one of what it held: the second before the first, then the round is over.
    fn left(&mut self, process: ProcessId, data: DataId, connects: bool, agenda: &mut Agenda<'_, Request>) {
        let Some(user) = self.users.get_mut(process.index()) else { return };
        if user.second == Some(data) && user.has_second {
            user.has_second = false;
        } else if user.first == data && user.has_first {
            user.has_first = false;
        } else {
            return;
        }
        if user.phase != Phase::Inside || user.has_second {
            return;
        }
        if user.has_first {
            agenda.request(Ticks::ZERO, Request::Leave(user.first));
        } else {
            self.begin_round(process, connects, agenda);
        }
    }
}

/// The application of a process that has none.
const NOBODY: User =
    User { phase: Phase::Done, rounds: 0, first: DataId::new(0), second: None, has_first: false, has_second: false };

/// What a process writes tells whose it is.
fn first_value(process: ProcessId) -> u64 {
    (u64::from(process.get()) + 1) * 1000
}

fn think(workload: &Workload, agenda: &mut Agenda<'_, Request>) -> Ticks {
    agenda.span("think", &workload.think_ticks)
}

impl<P: Mutex> Application<P> for Applications {
    fn start(&mut self, process: ProcessId, state: &P, agenda: &mut Agenda<'_, Request>) {
        let requests = self.requests.get(process.index()).copied().unwrap_or(self.workload.requests);
        let rounds = if state.takes_requests() { requests } else { 0 };
        if self.users.len() <= process.index() {
            self.users.resize(process.index() + 1, NOBODY);
        }
        if rounds > 0 {
            self.users[process.index()].rounds = rounds;
            self.restarted(process, state, agenda);
        }
    }

    fn restarted(&mut self, process: ProcessId, _state: &P, agenda: &mut Agenda<'_, Request>) {
        // Whoever crashed in its start has no application yet.
        if !self.goes_on(process) {
            return;
        }
        self.busy += 1;
        if P::CONNECTS {
            let span = if self.at_once { Ticks::ZERO } else { think(&self.workload, agenda) };
            agenda.request(span, Request::Connect);
        }
        self.begin_round(process, P::CONNECTS, agenda);
    }

    fn requested(&mut self, process: ProcessId, request: &Request) -> bool {
        let user = &mut self.users[process.index()];
        match *request {
            Request::Connect | Request::Disconnect => true,
            Request::Enter(_) => {
                user.phase = match user.phase {
                    Phase::Between => Phase::WaitingForSecond,
                    _ => Phase::WaitingForFirst,
                };
                true
            }
            // Not if it has lost the lock meanwhile.
            Request::Write(data, _) | Request::Leave(data) => {
                user.has_second && user.second == Some(data) || user.has_first && user.first == data
            }
        }
    }

    fn indication(&mut self, process: ProcessId, indication: &Indication, agenda: &mut Agenda<'_, Request>) {
        match *indication {
            Indication::Entered(data, _) => self.entered(process, data, agenda),
            Indication::Written(data) => agenda.request(Ticks::ZERO, Request::Leave(data)),
            Indication::Left(data) | Indication::Lost(data) => self.left(process, data, P::CONNECTS, agenda),
            Indication::Accepted { .. } => {}
        }
    }

    fn crashed(&mut self, process: ProcessId) {
        let Some(user) = self.users.get_mut(process.index()) else { return };
        if user.phase != Phase::Done {
            self.busy -= 1;
        }
        *user = User { rounds: user.rounds, ..NOBODY };
    }

    fn settled(&self) -> bool {
        self.busy == 0
    }

    fn conditions(&self) -> &'static [&'static str] {
        P::CONDITIONS
    }

    fn holds(&self, condition: &str, process: ProcessId, state: &P) -> bool {
        let Some(user) = self.users.get(process.index()) else { return false };
        match condition {
            "waiting" => matches!(user.phase, Phase::WaitingForFirst | Phase::WaitingForSecond),
            "in_critical_section" => user.has_first || user.has_second,
            "holds_two" => user.has_first && user.has_second,
            "idle" => state.takes_requests() && matches!(user.phase, Phase::Thinking | Phase::Done),
            "has_token" => state.tokens() > 0,
            _ => false,
        }
    }

    fn holds_in_flight(&self, condition: &str, message: &P::Message) -> bool {
        condition == "token_in_flight" && P::token(message).is_some()
    }
}
