//! The report as one page: it needs no network, and links to the views that lie beside it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::super::layout::{count, grouped};
use super::super::super::tried::{as_f64, tried};
use super::{AS_EXPECTED, Line, Report, SCHEDULES, VIEW, Without, decisions, faults, has_view, what};
use crate::explore::{Failing, Form, Shard};
use crate::scenario::Expectation;
use crate::view::{THEME, escape, fill};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writing to a string does not fail.
macro_rules! put {
    ($out:expr, $($arguments:tt)*) => { let _ = writeln!($out, $($arguments)*); };
}

impl Report<'_> {
    /// The page.
    pub(in crate::cli) fn page(&self) -> String {
        let mut out = String::new();
        self.head(&mut out);
        out.push_str("<main>\n");
        self.scenarios(&mut out);
        self.failures(&mut out);
        self.messages(&mut out);
        self.assumptions(&mut out);
        out.push_str("</main>");
        let title = format!("Campaign: {}", self.sum());
        let style = [THEME, STYLE].concat();
        fill(PAGE, &[("title", &escape(&title)), ("style", &style), ("body", &out), ("script", SCRIPT)])
    }

    fn head(&self, out: &mut String) {
        let is_met = self.lines.iter().all(Line::is_met);
        let is_open = self.lines.iter().all(|line| line.is_met() || line.is_open());
        let class = if is_met { "good" } else { open_or_bad(is_open) };
        let schedules: u64 = self.lines.iter().map(|line| line.totals().schedules).sum();
        let events: u64 = self.lines.iter().map(|line| line.totals().events).sum();
        put!(out, "<header>\n<h1>Campaign</h1>\n<p class=\"sum {class}\">{}</p>", escape(&self.sum()));
        put!(
            out,
            "<p class=\"soft\">{} with {}; strategy {}, seeds from {}; jeton {}.</p>",
            count(schedules, "schedule"),
            count(events, "event"),
            escape(self.manifest.strategy()),
            self.manifest.first_seed(),
            env!("CARGO_PKG_VERSION")
        );
        let shard = self.manifest.shard();
        if shard != Shard::WHOLE {
            put!(out, "<p>This is part {shard}: <code>jeton merge</code> joins the parts.</p>");
        }
        put!(
            out,
            "</header>\n<nav aria-label=\"Sections\"><div><a href=\"#scenarios\">Scenarios</a> \
             <a href=\"#failures\">Failures</a> <a href=\"#messages\">Messages</a> \
             <a href=\"#assumptions\">Assumptions</a> <button id=\"theme\" hidden>theme: auto</button></div></nav>"
        );
    }

    fn scenarios(&self, out: &mut String) {
        put!(
            out,
            "<section aria-labelledby=\"scenarios\"><h2 id=\"scenarios\">Scenarios</h2>\n\
             <p class=\"soft\">Holds is said if every schedule ran to its end and violated nothing. Each name opens to \
             what the scenario shows, and in how many schedules what had to be tried was tried.</p>\n\
             <div class=\"tools\" role=\"search\" hidden><input id=\"find\" type=\"search\" \
             placeholder=\"name, system, verdict\" aria-label=\"Find scenarios\">"
        );
        for (value, name) in [("all", "all"), ("unmet", "not as expected"), ("failing", "with failures")] {
            let checked = if value == "all" { " checked" } else { "" };
            put!(out, "<label><input type=\"radio\" name=\"only\" value=\"{value}\"{checked}> {name}</label>");
        }
        put!(
            out,
            "<span id=\"shown\" class=\"soft\" role=\"status\"></span></div>\n<table class=\"scenarios\"><thead><tr>"
        );
        for (name, class) in [
            ("scenario", ""),
            ("expected", ""),
            ("verdict", ""),
            ("schedules", " class=\"num\""),
            ("failing", " class=\"num\""),
            ("events", " class=\"num\""),
        ] {
            put!(out, "<th scope=\"col\"{class}>{name}</th>");
        }
        out.push_str("</tr></thead>\n");
        for system in self.of_systems() {
            let of_it: Vec<&Line<'_>> = self.lines.iter().filter(|line| line.scenario.system() == system).collect();
            put!(out, "<tbody><tr class=\"group\"><th colspan=\"6\" scope=\"rowgroup\">{}</th></tr>", escape(system));
            for line in of_it {
                line.row(out);
            }
            out.push_str("</tbody>\n");
        }
        out.push_str("</table></section>\n");
    }

    /// The systems of the scenarios.
    fn of_systems(&self) -> BTreeSet<&str> {
        self.lines.iter().map(|line| line.scenario.system()).collect()
    }

    fn failures(&self, out: &mut String) {
        put!(out, "<section aria-labelledby=\"failures\"><h2 id=\"failures\">Failures</h2>");
        let (mut unmet, met): (Vec<_>, Vec<_>) =
            self.lines.iter().filter(|line| line.failing() > 0).partition(|line| !line.is_met());
        if unmet.is_empty() && met.is_empty() {
            put!(out, "<p>No schedule violated a property.</p>");
        } else {
            put!(
                out,
                "<p class=\"soft\">The first failing schedules of each property were made small. Those that need the \
                 same faults then are one form, shown by the smallest of them; its view opens in the browser, and its \
                 schedule is for <code>cargo jeton replay</code>.</p>"
            );
        }
        unmet.extend(met);
        for line in unmet {
            line.article(out);
        }
        out.push_str("</section>\n");
    }

    /// How many messages the campaign itself made.
    fn messages(&self, out: &mut String) {
        put!(
            out,
            "<section aria-labelledby=\"messages\"><h2 id=\"messages\">Messages</h2>\n<p class=\"soft\">What the \
             schedules of this campaign sent, faults and all, for each entry into a critical section. What a system \
             costs when nothing goes wrong is what <code>jeton messages</code> measures.{}</p>",
            if self.plots.is_empty() { " <code>--plots</code> puts its plots here." } else { "" }
        );
        let each = |line: &Line<'_>| {
            let totals = line.totals();
            (totals.entries > 0).then(|| as_f64(totals.messages) / as_f64(totals.entries))
        };
        let most = self.lines.iter().filter_map(each).fold(0.0, f64::max);
        put!(
            out,
            "<table class=\"bars\"><thead><tr><th scope=\"col\">scenario</th>\
             <th scope=\"col\" class=\"num all\">messages</th><th scope=\"col\" class=\"num all\">entries</th>\
             <th scope=\"col\" class=\"num\">per entry</th>\
             <td class=\"bar\"></td></tr></thead>"
        );
        for system in self.of_systems() {
            put!(out, "<tbody><tr class=\"group\"><th colspan=\"5\" scope=\"rowgroup\">{}</th></tr>", escape(system));
            for line in self.lines.iter().filter(|line| line.scenario.system() == system) {
                let (messages, entries) = (grouped(line.totals().messages), grouped(line.totals().entries));
                let (text, percent) =
                    each(line).map_or(("–".to_owned(), 0.0), |each| (format!("{each:.1}"), each * 100.0 / most));
                put!(
                    out,
                    "<tr><th scope=\"row\">{}</th><td class=\"num all\">{messages}</td>\
                     <td class=\"num all\">{entries}</td><td class=\"num\">{text}</td>\
                     <td class=\"bar\"><i style=\"width:{percent:.1}%\"></i></td></tr>",
                    escape(line.scenario.name()).replace('_', "_<wbr>")
                );
            }
            out.push_str("</tbody>\n");
        }
        out.push_str("</table>\n");
        for plot in self.plots {
            put!(out, "{}", plot.figure());
        }
        out.push_str("</section>\n");
    }

    fn assumptions(&self, out: &mut String) {
        put!(out, "<section aria-labelledby=\"assumptions\"><h2 id=\"assumptions\">Assumptions</h2>");
        if self.without.is_empty() {
            put!(
                out,
                "<p>What each system stands on was not asked: a campaign with <code>--assumptions</code> takes one \
                 assumption after another away and has the table here.</p>"
            );
        } else {
            put!(
                out,
                "<p class=\"soft\">Each line is the system’s baseline (the faults it is known to bear) with one \
                 thing changed. A property held if all schedules ran to their end and none violated it: they are \
                 samples, no proof, and more of them find rarer violations.</p>"
            );
        }
        for without in self.systems() {
            matrix(without, out);
        }
        out.push_str("</section>\n");
    }
}

impl Line<'_> {
    fn badge(&self) -> String {
        let (class, sign) = if self.is_met() { ("good", "✓") } else { (open_or_bad(self.is_open()), "") };
        let (sign, verdict) = (if class == "bad" { "✗" } else { sign }, self.verdict());
        let verdict = if verdict == AS_EXPECTED { AS_EXPECTED.to_owned() } else { verdict.to_lowercase() };
        format!("<span class=\"badge {class}\">{sign} {verdict}</span>")
    }

    fn anchor(&self) -> String {
        format!("failures-{}", escape(self.scenario.name()).replace(' ', "-"))
    }

    fn row(&self, out: &mut String) {
        let totals = self.totals();
        let name = escape(self.scenario.name());
        let expected = self.scenario.expect().name();
        let words = [self.scenario.name(), self.scenario.system(), self.verdict(), expected].join(" ").to_lowercase();
        let unmet = if self.is_met() { "" } else { " data-unmet" };
        let failing = if self.failing() > 0 { " data-failing" } else { "" };
        put!(out, "<tr data-text=\"{}\"{unmet}{failing}><th scope=\"row\">", escape(&words));
        put!(out, "<details><summary>{name}</summary><p>{}</p>", escape(self.scenario.about()));
        let wanted = self.wanted();
        if self.scenario.expect() == Expectation::Holds {
            for text in tried(&wanted, totals.entries, totals.overtakes) {
                put!(out, "<p class=\"soft\">{}</p>", escape(&text));
            }
        }
        out.push_str("</details>");
        let never: Vec<&str> = wanted.iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect();
        if self.scenario.expect() == Expectation::Holds && !never.is_empty() {
            put!(out, "<span class=\"never\">never tried: {}</span>", escape(&never.join(", ")));
        }
        if let Some(cut_off) = self.cut_off() {
            put!(out, "<span class=\"never\">{}</span>", escape(&cut_off));
        }
        let failing = match self.failing() {
            0 => "0".to_owned(),
            number => format!("<a href=\"#{}\">{}</a>", self.anchor(), grouped(number)),
        };
        put!(
            out,
            "</th><td data-name=\"expected\">{expected}</td><td>{}</td>\
             <td class=\"num\" data-name=\"schedules\">{}</td><td class=\"num\" data-name=\"failing\">{failing}</td>\
             <td class=\"num\" data-name=\"events\">{}</td></tr>",
            self.badge(),
            grouped(totals.schedules),
            grouped(totals.events)
        );
    }

    /// What went wrong in one scenario.
    fn article(&self, out: &mut String) {
        let class = if self.is_met() { "" } else { " class=\"unmet\"" };
        let (name, anchor) = (escape(self.scenario.name()), self.anchor());
        put!(out, "<article{class} id=\"{anchor}\"><h3>{name} {}</h3>", self.badge());
        put!(out, "<p class=\"soft\">{}</p>", escape(self.scenario.about()));
        for (property, failing) in &self.totals().failing {
            self.forms(property, failing, out);
        }
        out.push_str("</article>\n");
    }

    fn forms(&self, property: &str, failing: &Failing, out: &mut String) {
        let is_expected = self.scenario.expect().name() == property;
        let expected = if is_expected { " <span class=\"soft\">(expected)</span>" } else { "" };
        put!(out, "<p>{}{expected}</p>", escape(&self.summary(property, failing)));
        let forms: Vec<&Form> = self.forms.iter().filter(|form| form.property == property).collect();
        if forms.is_empty() {
            return;
        }
        put!(
            out,
            "<table class=\"forms\"><thead><tr><th scope=\"col\">how many</th><th scope=\"col\">faults</th>\
             <th scope=\"col\">what is wrong</th><th scope=\"col\">smallest</th>\
             <th scope=\"col\">to see it</th></tr></thead><tbody>"
        );
        for form in forms {
            put!(
                out,
                "<tr><td>{}×</td><td>{}</td><td class=\"what\">{}</td><td>seed {}, {}</td>\
                 <td class=\"see\">{}</td></tr>",
                grouped(form.schedules),
                faults(form),
                escape(what(form)),
                form.seed,
                decisions(form),
                self.links(form)
            );
        }
        out.push_str("</tbody></table>\n");
    }

    fn links(&self, form: &Form) -> String {
        let schedule = format!("<a href=\"{SCHEDULES}/{}\">schedule</a>", address(&self.file(form)));
        match self.view(form) {
            Some(view) => format!("<a href=\"{view}\"><b>view</b></a> · {schedule}"),
            None => schedule,
        }
    }

    /// Where the view of a form is, seen from the page.
    fn view(&self, form: &Form) -> Option<String> {
        has_view(form).then(|| format!("{SCHEDULES}/{}", address(&(self.stem(form) + VIEW))))
    }
}

/// A table of what holds without each assumption.
fn matrix(without: &[Without<'_>], out: &mut String) {
    let schedules = count(without[0].line.campaign.plan().own_schedules(), "schedule");
    let system = escape(without[0].system());
    put!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{system}\"><table class=\"matrix\">");
    put!(out, "<caption>{system}, {schedules} of each</caption><thead><tr><th scope=\"col\">changed</th>");
    for cell in without[0].cells() {
        put!(out, "<th scope=\"col\">{}</th>", cell.property.name().replace('_', "_<wbr>"));
    }
    out.push_str("</tr></thead><tbody>\n");
    for one in without {
        put!(out, "<tr><th scope=\"row\">{}</th>", escape(one.assumption));
        for cell in one.cells() {
            let form = one.line.forms.iter().find(|form| form.property == cell.property.name());
            let view = form.and_then(|form| one.line.view(form));
            match (cell.seed, view) {
                (Some(seed), Some(view)) => {
                    put!(out, "<td class=\"broken\">✗ <a href=\"{view}\">violated</a>, seed {seed}</td>");
                }
                (Some(seed), None) => {
                    put!(out, "<td class=\"broken\">✗ violated, seed {seed}</td>");
                }
                (None, _) if cell.holds() => {
                    put!(out, "<td class=\"held\">✓ held</td>");
                }
                (None, _) if cell.schedules == 0 => {
                    put!(out, "<td>not tried</td>");
                }
                (None, _) => {
                    put!(out, "<td>{} cut off</td>", grouped(cell.cut_off));
                }
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn open_or_bad(is_open: bool) -> &'static str {
    if is_open { "open" } else { "bad" }
}

/// The name of a file within an address.
fn address(name: &str) -> String {
    let mut address = String::new();
    for byte in name.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let _ = if is_plain { write!(address, "{}", char::from(byte)) } else { write!(address, "%{byte:02X}") };
    }
    address
}
