//! How text is laid out for people.

/// No line is longer.
pub(super) const WIDTH_MAX: usize = 100;

/// The width of the terminal that stdout is, within reason.
pub(super) fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(WIDTH_MAX, |(width, _)| usize::from(width.0)).clamp(40, WIDTH_MAX)
}

/// Lines of at most `width` characters, each indented, broken at plain spaces only: one
/// that must not be broken is written `\u{a0}`.
pub(super) fn wrap(text: &str, indent: &str, width: usize) -> String {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        let length = line.chars().count();
        if length > 0 && indent.len() + length + 1 + word.chars().count() > width {
            lines.push(format!("{indent}{line}"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(format!("{indent}{line}"));
    lines.join("\n").replace('\u{a0}', " ")
}

/// A whole number with its thousands apart: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 crash`, `2 crashes`.
pub(super) fn count(number: u64, what: &str) -> String {
    let ending = match number {
        1 => "",
        _ if what.ends_with("sh") || what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {what}{ending}", grouped(number))
}

/// A number in three figures: `987`, `12.3k`, `4.56M`.
pub(super) fn rounded(number: f64) -> String {
    let (value, unit) = match number {
        n if n < 999.5 => return format!("{n:.0}"),
        n if n < 999.5e3 => (n / 1e3, "k"),
        n if n < 999.5e6 => (n / 1e6, "M"),
        n => (n / 1e9, "G"),
    };
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.decimals$}{unit}")
}

/// A line, wrapped below its own beginning.
pub(super) fn indented(line: &str) -> String {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    wrap(text, indent, width())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_three_figures() {
        let shown: Vec<String> =
            [0.0, 7.4, 999.4, 999.6, 1234.0, 99_960.0, 999_600.0, 4.56e9].into_iter().map(rounded).collect();
        assert_eq!(shown, ["0", "7", "999", "1.00k", "1.23k", "100k", "1.00M", "4.56G"]);
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn text_is_wrapped_at_spaces() {
        assert_eq!(wrap("one two three", "  ", 9), "  one two\n  three");
        assert_eq!(wrap("unbreakable", "  ", 5), "  unbreakable");
    }
}
