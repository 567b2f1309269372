//! The state of a process as viewers want it: its fields and their values in text, each time only what changed.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// The state of a process, or what changed in it: names of fields and their values, as `Debug` shows them.
///
/// The field whose name is empty is the type, or the whole text where that has no fields. Where it is among the
/// changes, the state is told anew: what was known before is void. In JSON it is an object, in the order of the fields.
///
/// ```
/// use jeton::trace::State;
/// let mut state = State::parse(r#"Peer { waits: true, next: Some(p2), queue: [p1, p2] }"#);
/// let later = State::parse(r#"Peer { waits: false, next: Some(p2), queue: [p1, p2] }"#);
/// let changes = later.since(&state).expect("they differ");
/// assert_eq!(serde_json::to_string(&changes)?, r#"{"waits":"false"}"#);
/// state.apply(&changes);
/// assert_eq!(state, later);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(Vec<(String, String)>);

/// The name of the field that is the type.
const TYPE: &str = "";

impl State {
    /// Takes the `Debug` text of a process apart, as far as it is that of a struct, alone or within variants of an
    /// enum. Any other text is its own type.
    pub fn parse(debug: &str) -> Self {
        let (mut name, mut body) = (String::new(), debug.trim());
        // `Client(Client { … })`: down to what has fields.
        while let Some((outer, inner)) = body.strip_suffix(')').and_then(|text| text.split_once('(')) {
            if !is_name(outer) || !inner.ends_with('}') || split(inner).len() != 1 {
                break;
            }
            name = format!("{name}{outer}(");
            body = inner;
        }
        let Some((own, fields)) = body.strip_suffix('}').and_then(|text| text.split_once(" {")) else {
            return Self::whole(debug);
        };
        let mut state = vec![(TYPE.to_owned(), format!("{name}{own}{}", ")".repeat(name.matches('(').count())))];
        for field in split(fields) {
            match field.split_once(": ") {
                Some((name, value)) if is_name(name) => state.push((name.to_owned(), value.to_owned())),
                _ if field == ".." => {}
                _ => return Self::whole(debug),
            }
        }
        if is_name(own) { Self(state) } else { Self::whole(debug) }
    }

    fn whole(text: &str) -> Self {
        Self(vec![(TYPE.to_owned(), text.to_owned())])
    }

    /// What makes `earlier` this state; nothing, if it is.
    pub fn since(&self, earlier: &Self) -> Option<Self> {
        if self == earlier {
            return None;
        }
        let names = |state: &Self| state.0.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        if self.get(TYPE) != earlier.get(TYPE) || names(self) != names(earlier) {
            return Some(self.clone());
        }
        let changed = self.0.iter().zip(&earlier.0).filter(|(now, then)| now != then);
        Some(Self(changed.map(|(now, _)| now.clone()).collect()))
    }

    /// Makes these changes.
    pub fn apply(&mut self, changes: &Self) {
        if changes.get(TYPE).is_some() {
            self.clone_from(changes);
            return;
        }
        for (name, value) in &changes.0 {
            match self.0.iter_mut().find(|(own, _)| own == name) {
                Some((_, own)) => own.clone_from(value),
                None => self.0.push((name.clone(), value.clone())),
            }
        }
    }

    /// The value of a field; of `""`, the type.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// The fields with their values, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The parts between the commas that are in no bracket and no quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' => loop {
                match chars.next() {
                    Some((_, '\\')) => drop(chars.next()),
                    Some((_, end)) if end != c => {}
                    _ => break,
                }
            },
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The first version of the format had the whole text each time; it is taken apart.
impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = State;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the fields of a state")
            }
            fn visit_str<E>(self, text: &str) -> Result<State, E> {
                Ok(State::parse(text))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<State, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(State(fields))
            }
        }
        deserializer.deserialize_any(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(debug: &str) -> Vec<String> {
        State::parse(debug).fields().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_struct_is_its_fields_whatever_is_in_them() {
        #[derive(Debug)]
        #[allow(dead_code)]
        struct Peer {
            name: &'static str,
            mark: [char; 3],
            pairs: Vec<(u8, Option<u8>)>,
        }
        let peer = Peer { name: "a, \"b\\\" } {", mark: [',', '\'', '"'], pairs: vec![(1, None), (2, Some(3))] };
        let expected = [
            "=Peer".to_owned(),
            format!("name={:?}", peer.name),
            format!("mark={:?}", peer.mark),
            "pairs=[(1, None), (2, Some(3))]".to_owned(),
        ];
        assert_eq!(fields(&format!("{peer:?}")), expected);
    }

    #[test]
    fn variants_are_part_of_the_type() {
        assert_eq!(fields("Client(Waiting { since: 3 })"), ["=Client(Waiting)", "since=3"]);
        assert_eq!(fields("Two(A { x: 1 }, B { x: 1 })"), ["=Two(A { x: 1 }, B { x: 1 })"]);
    }

    #[test]
    fn what_has_no_fields_is_its_own_type() {
        for text in ["Idle", "Lender([p1, p2])", "()", "{1: 2}", "Odd { 1 }", "a b { c: 1 }", "", "\"", "'", "Open {"] {
            assert_eq!(fields(text), [format!("={text}")]);
        }
    }

    #[test]
    fn a_type_that_changes_is_told_anew() {
        let [idle, busy] = ["Idle { n: 1 }", "Busy { n: 1, of: 2 }"].map(State::parse);
        let mut state = busy.clone();
        state.apply(&idle.since(&busy).expect("a change"));
        assert_eq!(state, idle);
        assert_eq!(idle.since(&idle), None);
    }

    #[test]
    fn the_first_version_had_the_whole_text() {
        let read: State = serde_json::from_str(r#""Idle { n: 1 }""#).expect("a state");
        assert_eq!(read, State::parse("Idle { n: 1 }"));
    }
}
