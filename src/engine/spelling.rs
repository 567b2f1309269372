//! What is wrong with a text, in words: of names that were mistyped, which was probably meant.

/// The name that was probably meant: the only one that begins like it, or else the one with the fewest edits, if those
/// are at most a third of it.
pub(crate) fn nearest<'a, N: AsRef<str>>(wrong: &str, known: &'a [N]) -> Option<&'a str> {
    let known = || known.iter().map(AsRef::as_ref);
    let mut longer = known().filter(|name| wrong.len() >= 3 && name.starts_with(wrong));
    if let (Some(name), None) = (longer.next(), longer.next()) {
        return Some(name);
    }
    let distances = known().map(|name| (edits(wrong, name), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count().div_ceil(3)).then_some(name)
}

/// How many characters must be inserted, deleted, replaced or swapped with their neighbour to make one of the other.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(100).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// `, did you mean ...?`, if one of these names was probably meant; else nothing.
pub(crate) fn did_you_mean<N: AsRef<str>>(wrong: &str, known: &[N]) -> String {
    nearest(wrong, known).map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

/// What serde says is wrong, in words for whoever wrote the text rather than the program: with the name that was
/// probably meant, if one is not known.
pub(crate) fn in_words(message: &str) -> String {
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!("the key {key} is missing");
    }
    for start in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((found, expected)) = message.strip_prefix(start).and_then(|rest| rest.rsplit_once(", expected ")) {
            return format!("found {}, expected {}", what_is_found(found), what_is_expected(expected));
        }
    }
    let is_name = message.contains("unknown field `") || message.contains("unknown variant `");
    let mut names = message.split('`').skip(1).step_by(2);
    match names.next().filter(|_| is_name) {
        Some(wrong) => format!("{message}{}", did_you_mean(wrong, &names.collect::<Vec<_>>())),
        None => message.to_owned(),
    }
}

fn what_is_found(found: &str) -> String {
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    let value = value.trim_matches('`');
    match kind {
        "integer" => format!("the number {value}"),
        "floating" => format!("{}, which is no whole number", value.trim_start_matches("point `")),
        "string" => format!("the text {value}"),
        "boolean" => value.to_owned(),
        "map" => "a table".to_owned(),
        "sequence" => "a list".to_owned(),
        "unit" | "null" => "nothing".to_owned(),
        // A length.
        _ if kind.parse::<u64>().is_ok() => format!("a list of {kind}"),
        _ => found.to_owned(),
    }
}

fn what_is_expected(expected: &str) -> String {
    let from_0_to = |most: u64| format!("a whole number from 0 to {most}");
    match expected {
        "u16" => from_0_to(u16::MAX.into()),
        "u32" => from_0_to(u32::MAX.into()),
        // A `usize` is one where traces and schedules are read.
        "u64" | "usize" => from_0_to(u64::MAX),
        "a string" => "text in quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        _ if expected.starts_with("struct ") => "a table".to_owned(),
        _ => expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_count_a_swap_of_neighbours_as_one() {
        for (a, b, distance) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("qurey", "query", 1),
            ("same", "same", 0),
            ("ab", "ba", 1),
            ("xaby", "xbay", 1),
            ("abc", "cab", 2),
            ("abcabc", "bcabca", 2),
            ("delay", "delays", 1),
            ("delay", "dlay", 1),
            ("aab", "aba", 1),
            ("abb", "bab", 1),
            ("badc", "abcd", 2),
            ("abxx", "xxba", 3),
        ] {
            assert_eq!(edits(a, b), distance, "{a} {b}");
            assert_eq!(edits(b, a), distance, "{b} {a}");
        }
    }

    #[test]
    fn a_name_that_is_nothing_like_it_is_not_suggested() {
        let known = ["workload".to_owned(), "network".to_owned()];
        assert_eq!(nearest("netwrok", &known), Some("network"));
        assert_eq!(nearest("zzz", &known), None);
        assert_eq!(nearest("wor", &known), Some("workload"));
        assert_eq!(nearest("wo", &known), None, "too little to go by");
    }

    #[test]
    fn what_serde_lists_is_suggested() {
        let message = "unknown field `atick`, expected one of `tick`, `number`";
        assert_eq!(in_words(message), format!("{message}, did you mean `tick`?"));
        let message = "unknown field `zzz`, expected `tick`";
        assert_eq!(in_words(message), message);
    }

    #[test]
    fn what_serde_calls_by_types_is_called_by_words() {
        for (message, words) in [
            ("missing field `tick`", "the key `tick` is missing"),
            (
                "invalid value: integer `-1`, expected u64",
                "found the number -1, expected a whole number from 0 to 18446744073709551615",
            ),
            (
                "invalid type: floating point `1.5`, expected u32",
                "found 1.5, which is no whole number, expected a whole number from 0 to 4294967295",
            ),
            (
                "invalid type: string \"a, expected b\", expected a map",
                "found the text \"a, expected b\", expected a table",
            ),
            ("invalid type: boolean `true`, expected a string", "found true, expected text in quotes"),
            ("invalid type: map, expected a sequence", "found a table, expected a list"),
            ("invalid type: sequence, expected struct Network", "found a list, expected a table"),
            ("invalid type: unit value, expected a boolean", "found nothing, expected true or false"),
            (
                "invalid value: integer `65536`, expected u16",
                "found the number 65536, expected a whole number from 0 to 65535",
            ),
            (
                "invalid type: string \"a\", expected usize",
                "found the text \"a\", expected a whole number from 0 to 18446744073709551615",
            ),
            ("invalid length 1, expected a tuple of size 2", "found a list of 1, expected a tuple of size 2"),
            ("EOF while parsing a value", "EOF while parsing a value"),
        ] {
            assert_eq!(in_words(message), words);
        }
    }
}
