//! Names that were mistyped: which was probably meant.

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

/// What serde says of a name that it does not know, with the one that was probably meant.
pub(crate) fn suggest(message: &str) -> String {
    let is_name = message.contains("unknown field `") || message.contains("unknown variant `");
    let mut names = message.split('`').skip(1).step_by(2);
    match names.next().filter(|_| is_name) {
        Some(wrong) => format!("{message}{}", did_you_mean(wrong, &names.collect::<Vec<_>>())),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_count_a_swap_of_neighbours_as_one() {
        for (a, b, distance) in [("", "abc", 3), ("kitten", "sitting", 3), ("qurey", "query", 1), ("same", "same", 0)] {
            assert_eq!(edits(a, b), distance, "{a} {b}");
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
        assert_eq!(suggest(message), format!("{message}, did you mean `tick`?"));
        assert_eq!(suggest("missing field `tick`"), "missing field `tick`");
        let message = "unknown field `zzz`, expected `tick`";
        assert_eq!(suggest(message), message);
    }
}
