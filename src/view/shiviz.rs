//! A log with vector clocks, as `ShiViz` reads it: the regular expression, the (empty) one that would divide several
//! executions, and then two lines an event.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::story::{Event, Said, Story};
use crate::model::ProcessId;

/// The expression by which `ShiViz` takes the log apart; the first line of the file.
const EXPRESSION: &str = r"(?<host>p\d+) (?<clock>\{.*\})\n(?<event>.*) \[tick (?<tick>\d+)\]";

/// Which events of whom an event comes after.
type Clock = BTreeMap<ProcessId, u64>;

/// The run as a log for [ShiViz](https://bestchai.bitbucket.io/shiviz/), which draws what happened before what.
pub fn shiviz(story: &Story) -> String {
    let mut log = format!("{EXPRESSION}\n\n");
    let mut clocks: BTreeMap<ProcessId, Clock> = BTreeMap::new();
    let mut sent: BTreeMap<usize, Clock> = BTreeMap::new();
    let senders: Vec<usize> = story.messages.iter().map(|message| message.sent).collect();
    for (place, event) in story.events.iter().enumerate().filter(|(_, event)| event.is_step()) {
        let clock = clocks.entry(event.process).or_default();
        if let Some(before) = event.message.and_then(|message| sent.get(&senders[message])) {
            for (process, count) in before {
                let own = clock.entry(*process).or_default();
                *own = (*own).max(*count);
            }
        }
        *clock.entry(event.process).or_default() += 1;
        if senders.binary_search(&place).is_ok() {
            sent.insert(place, clock.clone());
        }
        let times: Vec<String> = clock.iter().map(|(process, count)| format!("\"{process}\":{count}")).collect();
        let told = tell(story, event);
        // Writing to a string does not fail.
        let _ = writeln!(log, "{} {{{}}}\n{told} [tick {}]", event.process, times.join(","), event.tick);
    }
    log
}

/// An event in one line.
fn tell(story: &Story, event: &Event) -> String {
    let mut text = event.label.clone();
    if let Some(message) = event.message.map(|message| &story.messages[message]) {
        text = format!("{} from {}", message.name, message.from);
    }
    for said in &event.says {
        match said {
            Said::Indicate(said) => text = format!("{text}, {}", said.to_uppercase()),
            Said::Store(said) => text = format!("{text}, store {said}"),
            Said::Note(_) | Said::SetTimer(_) | Said::CancelTimer(_) => {}
        }
    }
    if event.crashed {
        text.push_str(", crash");
    }
    text.replace(['\n', '\r'], " ")
}
