use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::super::super::Fault;
use crate::view::escape;

/// A drawing made elsewhere, for the page.
pub(in crate::cli) struct Plot {
    name: String,
    svg: String,
}

impl Plot {
    /// All that are in a directory, by their names.
    pub(in crate::cli) fn all(directory: &Path) -> Result<Vec<Self>, Fault> {
        let place = directory.display();
        let unreadable = |error: std::io::Error| Fault::new(format!("{place}: cannot be read: {error}"));
        let mut plots = Vec::new();
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|extension| extension == "svg") {
                let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                plots.push(Self { name, svg: fs::read_to_string(&file).map_err(unreadable)? });
            }
        }
        if plots.is_empty() {
            return Err(Fault::new(format!("{place}: no plot in it, expected `*.svg` as of `jeton messages --out`")));
        }
        plots.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(plots)
    }

    /// As an image: whatever the file has in it, nothing of it runs and nothing is asked of the network.
    pub(super) fn figure(&self) -> String {
        let mut figure = String::from("<figure><img loading=\"lazy\" src=\"data:image/svg+xml,");
        for byte in self.svg.bytes() {
            let is_plain = byte.is_ascii_alphanumeric() || b"-._~/:;=,()!*".contains(&byte);
            let _ = if is_plain { write!(figure, "{}", char::from(byte)) } else { write!(figure, "%{byte:02X}") };
        }
        let _ = write!(figure, "\" alt=\"{}\"></figure>", escape(&self.text()));
        figure
    }

    /// What it says to whoever does not see it.
    fn text(&self) -> String {
        let part = |name: &str| {
            let (_, rest) = self.svg.split_once(&format!("<{name}>"))?;
            let (text, _) = rest.split_once(&format!("</{name}>"))?;
            Some(
                ["&quot;", "&lt;", "&gt;", "&amp;"]
                    .iter()
                    .zip(["\"", "<", ">", "&"])
                    .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain)),
            )
        };
        let parts: Vec<String> = ["title", "desc"].into_iter().filter_map(part).collect();
        if parts.is_empty() { self.name.clone() } else { parts.join(". ") }
    }
}
