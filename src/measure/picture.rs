use super::run::mean;
use super::table::{conditions, ends, of_system, victim};
use super::{CrashKind, Load, Phase, Point, Results, Row};
use crate::algorithms::NAMES;
use crate::view::plot::{Axis, Plot, Scale, Series, number};

/// A plot and the name of its file, without its ending.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The name: `messages_by_processes_load_1`.
    pub name: String,
    /// The plot.
    pub plot: Plot,
}

/// What is drawn of each point.
struct Measure<'a> {
    name: &'a str,
    title: &'a str,
    unit: &'a str,
    scale: Scale,
    of: &'a dyn Fn(&Row) -> Option<f64>,
}

/// The plots of a sweep: everything over the number of processes, if there are several, and over the load, if there are
/// several, and the cost of each kind of crash.
pub fn pictures(results: &Results) -> Vec<Picture> {
    let delay = mean(&results.sweep.delay);
    let handover = |run: &Row| run.handover.map(|ticks| ticks / delay);
    let measures = [
        Measure {
            name: "messages",
            title: "Messages per entry",
            unit: "",
            scale: Scale::Log10,
            of: &|run| run.messages,
        },
        Measure { name: "waiting", title: "Waiting time", unit: "ticks", scale: Scale::Log10, of: &|run| run.wait },
        Measure {
            name: "sync_delay",
            title: "Synchronisation delay",
            unit: "message delays T",
            scale: Scale::Linear,
            of: &handover,
        },
        Measure {
            name: "bytes",
            title: "Bytes per entry",
            unit: "bytes of JSON",
            scale: Scale::Log10,
            of: &|run| run.bytes,
        },
        Measure {
            name: "overtakes",
            title: "Requests overtaken per entry",
            unit: "",
            scale: Scale::Linear,
            of: &|run| run.overtaken,
        },
        Measure {
            name: "idle",
            title: "Idle circulation per entry",
            unit: "messages",
            scale: Scale::Log10,
            of: &|run| run.idle.filter(|&idle| idle > 0.0),
        },
    ];
    let mut pictures = Vec::new();
    let loads = ends(&results.sweep.loads);
    if results.sweep.processes.len() > 1 {
        for measure in &measures {
            for &load in loads.iter().rev() {
                pictures.extend(by_processes(results, measure, load, Phase::FaultFree));
            }
        }
    }
    if results.sweep.loads.len() > 1 {
        for measure in &measures {
            pictures.extend(by_load(results, measure));
        }
    }
    let recovery = |run: &Row| Some(run.recovery);
    let crash = [
        Measure { name: "recovery", title: "Recovery", unit: "messages", scale: Scale::Log10, of: &recovery },
        Measure { name: "outage", title: "Outage", unit: "ticks", scale: Scale::Log10, of: &|run| run.outage },
    ];
    if let (true, Some(&load)) = (results.sweep.processes.len() > 1, loads.last()) {
        for &kind in &results.sweep.crashes {
            for measure in &crash {
                pictures.extend(by_processes(results, measure, load, Phase::Crash(kind)));
            }
        }
    }
    pictures
}

fn after(kind: CrashKind) -> String {
    format!(" after the crash of {}", victim(kind))
}

fn by_processes(results: &Results, measure: &Measure<'_>, load: Load, phase: Phase) -> Option<Picture> {
    let points: Vec<&Point> = results.of(phase, load).collect();
    let (title, name) = match phase {
        Phase::FaultFree => (measure.title.to_owned(), measure.name.to_owned()),
        Phase::Crash(kind) => (format!("{}{}", measure.title, after(kind)), format!("{}_{kind}", measure.name)),
    };
    let x = Axis::new("number of processes N", "").scale(Scale::Log2);
    let mut plot = Plot::new(title, x, axis(measure)).note(note(results, &conditions(results, load)));
    lines(results, &mut plot, &points, measure, |point| f64::from(point.processes));
    let name = format!("{name}_by_processes_load_{load}");
    (!plot.series.is_empty()).then_some(Picture { name, plot })
}

/// With the middle one of the numbers of processes.
fn by_load(results: &Results, measure: &Measure<'_>) -> Option<Picture> {
    let mut sizes = results.sweep.processes.clone();
    sizes.sort_unstable();
    let size = *sizes.get(sizes.len() / 2)?;
    let is_it = |point: &&Point| point.phase == Phase::FaultFree && point.processes == size;
    let points: Vec<&Point> = results.points.iter().filter(is_it).collect();
    let x = Axis::new("load", "1 is saturated").scale(Scale::Log10);
    let seeds = format!("N = {size}, mean of {} seeds", results.sweep.seeds);
    let mut plot = Plot::new(measure.title, x, axis(measure)).note(note(results, &seeds));
    lines(results, &mut plot, &points, measure, |point| point.load.get());
    let name = format!("{}_by_load_{size}_processes", measure.name);
    (!plot.series.is_empty()).then_some(Picture { name, plot })
}

fn axis(measure: &Measure<'_>) -> Axis {
    let mut name = measure.title.to_owned();
    name[..1].make_ascii_lowercase();
    Axis::new(name, measure.unit).scale(measure.scale)
}

fn note(results: &Results, conditions: &str) -> String {
    let error = if results.sweep.seeds > 1 { " ± 95 %" } else { "" };
    let (delay, hold) = (number(mean(&results.sweep.delay)), number(mean(&results.sweep.hold)));
    format!("{conditions}{error}; a message takes {delay} ticks, a stay {hold}")
}

/// A line for each system that has such points; each has its look in all plots. On a logarithmic axis there is no place
/// for nothing: that is told in words.
fn lines(results: &Results, plot: &mut Plot, points: &[&Point], measure: &Measure<'_>, x: impl Fn(&Point) -> f64) {
    let mut none: Vec<&str> = Vec::new();
    for system in &results.sweep.systems {
        let look = NAMES.iter().position(|name| name == system).unwrap_or(0);
        let mut series = Series::new(system).look(look);
        for point in of_system(points, system) {
            if let Some(mean) = point.mean(measure.of) {
                series.push(x(point), mean.mean, mean.error);
            }
        }
        series.points.sort_by(|one, other| one.x.total_cmp(&other.x));
        let has_place = measure.scale == Scale::Linear || series.points.iter().any(|point| point.y > 0.0);
        if has_place && !series.points.is_empty() {
            plot.push(series);
        } else if !series.points.is_empty() {
            none.push(system);
        }
    }
    if !none.is_empty() {
        plot.note = format!("{}; none: {}", plot.note, none.join(", "));
    }
}
