use serde::{Deserialize, Serialize};

use super::NeighbourRing;
use crate::model::{ProcessId, Ticks};
use crate::mutex::{Circumstances, Impossible, System, sealed};

/// The parameters of a [`NeighbourRing`] in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// How long a process waits for the token before it asks where it is, and between two such questions (rule 6). A
    /// value below a round of the ring costs messages and harms nothing.
    pub token_timeout_ticks: u64,
    /// How long a writer waits for its change to come round before it sends it again (rule 2).
    pub change_timeout_ticks: u64,
    /// How long a process whose next is dead waits for an answer before it asks again who lost its prev (rule 3).
    pub link_timeout_ticks: u64,
    /// The rules that can be switched off, to see what each is for.
    pub rules: Rules,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { token_timeout_ticks: 60, change_timeout_ticks: 60, link_timeout_ticks: 40, rules: Rules::default() }
    }
}

/// The rules of a [`NeighbourRing`] that can be switched off. All are on by default; without any one of them the
/// algorithm is wrong, and each field says where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is the switch of one rule, and a key of scenario files")]
pub struct Rules {
    /// A token is accepted only if its hop exceeds the last one received, so that creating or sending a token again
    /// does no harm. Off: a token sent again (rule 6), or delivered twice, becomes a second token.
    pub refuse_old_hops: bool,
    /// The change in a question is ignored if it is news and its version is below the hop of the last token received.
    /// Off: where neither channels nor reports are ordered, the change of a writer that died asking comes to light,
    /// from its kept question, behind a token that was created without it.
    pub refuse_old_changes: bool,
    /// Rule 7: what arrives from a process reported dead is dropped. Off: where reports overtake messages, a process
    /// links to a dead one that answered before it died, of which it will not be told again; and the change of a dead
    /// writer arrives behind the token.
    pub drop_dead: bool,
    /// The token bears the newest change of its sender. Off: where channels are not FIFO, or lose messages, the token
    /// overtakes the change of a writer that died.
    pub change_in_token: bool,
    /// The question who lost its prev bears the newest change of its asker. Off: a token is created by a process that
    /// lacks a change which the dead swallowed.
    pub change_in_question: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            refuse_old_hops: true,
            refuse_old_changes: true,
            drop_dead: true,
            change_in_token: true,
            change_in_question: true,
        }
    }
}

/// What the processes of a [`NeighbourRing`] share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(super) processes: u32,
    pub(super) token_timeout: Ticks,
    pub(super) change_timeout: Ticks,
    pub(super) link_timeout: Ticks,
    pub(super) rules: Rules,
}

impl sealed::Sealed for NeighbourRing {}

impl System for NeighbourRing {
    const NAME: &'static str = "neighbour_ring";
    const PROCESSES_MIN: u32 = 1;
    const DATA_IDS_MAX: u32 = 1;
    const TOLERATES_FAULTS: bool = true;
    const BASELINE: &'static str = include_str!("baseline.toml");
    const DIALS: &'static [(&'static str, &'static str)] = &[
        ("one crash too many: all processes", "faults.random = [{ up_to = 5 }]"),
        (
            "timeouts below a round",
            "system = { token_timeout_ticks = 5, change_timeout_ticks = 5, link_timeout_ticks = 3 }",
        ),
    ];

    type Parameters = Parameters;

    fn configure(processes: u32, parameters: &Parameters) -> Result<Config, Impossible> {
        let Parameters { token_timeout_ticks, change_timeout_ticks, link_timeout_ticks, rules } = parameters;
        let timeout = |key, ticks: u64| {
            if ticks == 0 {
                let problem = "0, expected at least 1: a timeout of none would fire for ever in one tick".to_owned();
                return Err(Impossible { key, problem });
            }
            Ok(Ticks::new(ticks))
        };
        Ok(Config {
            processes,
            token_timeout: timeout("token_timeout_ticks", *token_timeout_ticks)?,
            change_timeout: timeout("change_timeout_ticks", *change_timeout_ticks)?,
            link_timeout: timeout("link_timeout_ticks", *link_timeout_ticks)?,
            rules: *rules,
        })
    }

    fn restarts(_config: &Config, _process: ProcessId) -> bool {
        false
    }

    /// The steps of the worst case, one after another, from the last fault:
    ///
    /// 1. *Links.* Reports are in after `latency`, or behind the messages of the dead, `delay` more. An answer that a
    ///    process gave just before it died may have made its asker link to it; its report is then still to come, so
    ///    this is counted twice. A question or an answer may have been lost: the next one follows within the link
    ///    timeout and is answered within two delays.
    /// 2. *A write that is out* when the links are whole: it is sent again within the change timeout and goes once
    ///    round; its stay ends after `hold`.
    /// 3. *A lost token.* A search that began before may end in vain; the next begins within the token timeout. So: one
    ///    timeout and two delays for the old one, as much for the new one, three delays from the verdict by way of the
    ///    scheduler to the token's arrival.
    /// 4. *The requests before it, and its own.* Each has the token come (at most a round), stays `hold` and writes (a
    ///    round of the change; the timeout stands for a write whose first change fell to the last fault).
    fn warnings(_config: &Config, circumstances: &Circumstances) -> Vec<String> {
        let perfect = "a perfect failure detector: whoever is suspected is dropped from the ring";
        Circumstances::unmet(Self::NAME, &[(circumstances.perfect_detector, perfect)])
    }

    fn patience(config: &Config, processes: u32, delay: Ticks, latency: Ticks, hold: Ticks, requests: u64) -> Ticks {
        let times = |span: Ticks, factor: u64| Ticks::new(span.get().saturating_mul(factor));
        // A message takes a tick at least, whatever the scenario says.
        let delay = delay + Ticks::new(1);
        let round = times(delay, u64::from(processes));
        let links = times(latency + delay, 2) + config.link_timeout + times(delay, 2);
        let search = times(config.token_timeout + times(delay, 2), 2) + times(delay, 3);
        let stay = round + hold + config.change_timeout + round;
        links + search + times(stay, requests.saturating_add(2))
    }
}
