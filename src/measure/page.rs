use super::table::table;
use super::{Results, pictures};
use crate::view::escape;
use crate::view::plot::number;

const PAGE: &str = include_str!("page.html");

/// All plots and tables as one HTML file, which asks nobody for anything. `command` is what made it.
pub fn page(results: &Results, command: &str) -> String {
    let plots: Vec<String> = pictures(results)
        .into_iter()
        .map(|picture| format!("<figure id=\"{}\">\n{}</figure>\n", escape(&picture.name), picture.plot.svg()))
        .collect();
    let runs: usize = results.points.iter().map(|point| point.rows.len()).sum();
    let parts = [
        ("command", escape(command)),
        ("runs", number(runs as f64)),
        ("table", escape(&table(results, 110))),
        ("plots", plots.concat()),
    ];
    let (mut page, mut rest) = (String::new(), PAGE);
    for (name, part) in parts {
        let (before, after) = rest.split_once(&format!("{{{{{name}}}}}")).expect("the page has a place for it");
        page.push_str(before);
        page.push_str(&part);
        rest = after;
    }
    page + rest
}
