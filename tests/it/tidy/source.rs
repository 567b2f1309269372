//! Just enough of a Rust lexer to tell code from comments and strings, and of a parser to tell what a path names.

/// A file of the project.
pub(super) struct Source {
    /// From the root of the project, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// What is left of Rust without comments and white space; empty of other files.
    pub(super) tokens: Vec<Token>,
}

/// A word, a number, one character of punctuation or `::`. Of a string or character only the quotes are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Counted from 1; of a string that goes on, the first.
    pub(super) line: usize,
    /// Its last line.
    pub(super) last: usize,
}

impl Token {
    pub(super) fn is_raw_string(&self) -> bool {
        self.text == RAW_STRING
    }
}

const STRING: &str = "\"\"";
const RAW_STRING: &str = "r\"\"";

/// A path in the code: `crate::model::Ticks` is three segments, and so is each branch of a `use` with braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    segments: Vec<String>,
    pub(super) line: usize,
    /// The modules of its file that it stands in.
    within: Vec<String>,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let tokens = if is_rust(&path) { tokens(&text) } else { Vec::new() };
        Self { path, text, tokens }
    }

    pub(super) fn is_rust(&self) -> bool {
        is_rust(&self.path)
    }

    /// The module of the crate that this file of `src` is.
    pub(super) fn module(&self) -> Vec<String> {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        module
    }

    /// What each path of this file of `src` names, from the root of the crate; paths to elsewhere are left out.
    pub(super) fn paths_in_crate(&self) -> Vec<(usize, Vec<String>)> {
        paths(&self.tokens).iter().filter_map(|path| Some((path.line, path.resolve(&self.module())?))).collect()
    }

    pub(super) fn paths(&self) -> Vec<Path> {
        paths(&self.tokens)
    }
}

impl Path {
    pub(super) fn starts_with(&self, segments: &[&str]) -> bool {
        self.segments.iter().map(String::as_str).take(segments.len()).eq(segments.iter().copied())
    }

    fn resolve(&self, file: &[String]) -> Option<Vec<String>> {
        let mut at = [file, &self.within].concat();
        let mut rest = &self.segments[..];
        match rest.first().map(String::as_str) {
            Some("crate") => at.clear(),
            Some("self" | "super") => {}
            _ => return None,
        }
        while let Some((first, more)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                _ => break,
            }
            rest = more;
        }
        at.extend_from_slice(rest);
        Some(at)
    }
}

fn is_rust(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let as_it_is = |length| (length, Some(&rest[..length]));
        let (length, kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (block_comment(rest), None)
        } else if let Some((length, quotes)) = literal(rest) {
            (length, Some(quotes))
        } else if is_word(first) {
            as_it_is(word(rest))
        } else if rest.starts_with("::") {
            as_it_is(2)
        } else if first.is_whitespace() {
            (first.len_utf8(), None)
        } else {
            as_it_is(first.len_utf8())
        };
        let (taken, after) = rest.split_at(length);
        let last = line + taken.matches('\n').count();
        tokens.extend(kept.map(|kept| Token { text: kept.to_owned(), line, last }));
        (line, rest) = (last, after);
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the word or number that the text begins with.
fn word(text: &str) -> usize {
    let end = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    let length = end(text);
    // `1.5` is one number; `1..5`, `1.max(5)` and `pair.1` are not.
    match text[length..].strip_prefix('.') {
        Some(fraction)
            if text.starts_with(|c: char| c.is_ascii_digit()) && fraction.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            length + 1 + end(fraction)
        }
        _ => length,
    }
}

/// The length of the comment, with those inside it.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of the string or character that the text begins with, if it does, and the quotes that are kept of it.
fn literal(text: &str) -> Option<(usize, &'static str)> {
    if !text.starts_with(['b', 'c', 'r', '"', '\'']) {
        return None;
    }
    let opens = |text: &str| text.starts_with(['"', '\'']) || text.trim_start_matches('#').starts_with('"');
    let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| text.strip_prefix(prefix).is_some_and(opens));
    let start = prefix.map_or(0, str::len);
    let body = &text[start..];
    if prefix.is_some_and(|prefix| prefix.ends_with('r')) {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let close = format!("\"{}", "#".repeat(hashes));
        let opened = body[hashes..].strip_prefix('"')?;
        let length = opened.find(&close).map_or(opened.len(), |at| at + close.len());
        return Some((start + hashes + 1 + length, RAW_STRING));
    }
    let quote = body.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inside = &body[1..];
    // 'a is a lifetime, 'a' a character.
    if quote == '\'' && !inside.starts_with('\\') && inside.chars().nth(1) != Some('\'') {
        return None;
    }
    let mut escaped = false;
    let end = inside.find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    Some((start + 1 + end.map_or(inside.len(), |at| at + 1), STRING))
}

fn paths(tokens: &[Token]) -> Vec<Path> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut paths = Vec::new();
    // One entry for each brace that is open: the module that it opens, if it does.
    let mut braces: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match text(at) {
            "{" => {
                let module = at.checked_sub(2).filter(|&keyword| text(keyword) == "mod");
                braces.push(module.map(|_| text(at - 1).to_owned()));
            }
            "}" => drop(braces.pop()),
            _ => {}
        }
        let in_use = at.checked_sub(1).is_some_and(|before| text(before) == "use");
        let starts =
            text(at).starts_with(|c: char| is_word(c) && !c.is_ascii_digit()) && (in_use || text(at + 1) == "::");
        if starts {
            let first = paths.len();
            at = branches(tokens, at, &[], &mut paths);
            for path in &mut paths[first..] {
                path.within = braces.iter().flatten().cloned().collect();
            }
        } else {
            at += 1;
        }
    }
    paths
}

/// Reads the path, or the branches of a `use` with braces, from here; returns where it ends.
fn branches(tokens: &[Token], mut at: usize, stem: &[String], paths: &mut Vec<Path>) -> usize {
    let mut segments = stem.to_vec();
    let line = tokens[at].line;
    while let Some(token) = tokens.get(at) {
        let is_segment = token.text == "*" || token.text.starts_with(is_word);
        if token.text == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|token| token.text != "}") {
                at = if tokens[at].text == "," { at + 1 } else { branches(tokens, at, &segments, paths) };
            }
            return at + 1;
        }
        if !is_segment {
            break;
        }
        segments.push(token.text.clone());
        at += 1;
        if tokens.get(at).is_none_or(|token| token.text != "::") {
            break;
        }
        at += 1;
    }
    if segments.len() == stem.len() {
        return at + 1; // no path: on with what follows
    }
    let is_renamed = !stem.is_empty() && tokens.get(at).is_some_and(|token| token.text == "as");
    paths.push(Path { segments, line, within: Vec::new() });
    if is_renamed { at + 2 } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        tokens(text).into_iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
    }

    fn named(path: &str, text: &str) -> Vec<String> {
        Source::new(path, text).paths_in_crate().into_iter().map(|(_, path)| path.join("::")).collect()
    }

    #[test]
    fn comments_are_no_code() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f /// g\n//! h"), "a f");
    }

    #[test]
    fn of_literals_the_quotes_are_kept() {
        assert_eq!(
            words(r##"f("a \" // b", 'c', '\'', b"d", r#"e " f"#, "g")"##),
            r#"f ( "" , "" , "" , "" , r"" , "" )"#
        );
        assert_eq!(words("a::<'b>(\"c\")"), "a :: < ' b > ( \"\" )");
    }

    #[test]
    fn a_number_with_a_fraction_is_one_token() {
        assert_eq!(words("1.5 1..5 1.max(5) p.1 1_000"), "1.5 1 . . 5 1 . max ( 5 ) p . 1 1_000");
    }

    #[test]
    fn lines_are_counted_through_literals_and_comments() {
        let tokens = tokens("a\n\"b\nc\" d /*\n*/ e");
        let lines: Vec<_> = tokens.iter().map(|token| (token.line, token.last)).collect();
        assert_eq!(lines, [(1, 1), (2, 3), (3, 3), (4, 4)]);
    }

    #[test]
    fn a_path_is_found_wherever_it_stands() {
        assert_eq!(
            named("src/a/b.rs", "use crate::c; fn f(x: crate::d::E) { crate::g::h::<X>() }"),
            ["c", "d::E", "g::h"]
        );
    }

    #[test]
    fn each_branch_of_a_use_is_a_path() {
        let text = "use crate::{a::{self, B as C}, d, e::*,\n};";
        assert_eq!(named("src/x.rs", text), ["a::self", "a::B", "d", "e::*"]);
    }

    #[test]
    fn a_path_up_is_resolved_from_where_it_stands() {
        let text = "use super::c; mod d { use super::e; mod f { use super::super::super::g; } } use self::h; use i::j;";
        assert_eq!(named("src/a/b.rs", text), ["a::c", "a::b::e", "a::g", "a::b::h"]);
        assert_eq!(named("src/a/mod.rs", "use super::b; fn f() { { x() } } use super::c;"), ["b", "c"]);
        assert_eq!(named("src/lib.rs", "use self::a;"), ["a"]);
    }
}
