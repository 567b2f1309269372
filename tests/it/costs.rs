//! What entering costs, measured: the gate that no algorithm passes that begins to send more, and what is made of it.

mod gate;

use std::num::NonZero;

use jeton::measure::{self, CrashKind, Load, Phase, Point, Results, Sweep};

fn run(sweep: Sweep) -> Results {
    sweep.run(None, &|_, _| {}).unwrap_or_else(|failed| panic!("{failed}"))
}

/// If this fails because an algorithm sends fewer messages, that is good news, and `cargo insta review` takes it; if it
/// sends more, say in the commit why that is right.
#[test]
fn no_algorithm_sends_more_than_it_did() {
    insta::assert_snapshot!(gate::counts(&run(gate::sweep())));
}

fn point<'a>(results: &'a Results, system: &str, processes: u32, load: Load) -> &'a Point {
    let is_it = |point: &&Point| {
        point.system == system && point.processes == processes && point.load == load && point.phase == Phase::FaultFree
    };
    results.points.iter().find(is_it).expect("it was run")
}

fn of(systems: &[&str], processes: &[u32], loads: &[&str]) -> Sweep {
    Sweep {
        systems: systems.iter().map(|&system| system.to_owned()).collect(),
        processes: processes.to_vec(),
        loads: loads.iter().map(|load| load.parse().expect("a load")).collect(),
        seeds: 3,
        entries: 40,
        crashes: Vec::new(),
        ..Sweep::default()
    }
}

#[test]
fn the_closed_forms_come_out_with_no_error_at_any_load() {
    let systems = ["durable", "stateless", "replicated", "lamport", "ricart_agrawala"];
    let results = run(of(&systems, &[4, 9], &["0.05", "1"]));
    for point in &results.points {
        let others = f64::from(point.processes - 1);
        let expected = match point.system.as_str() {
            "replicated" => 7.0,
            "lamport" => 3.0 * others,
            "ricart_agrawala" => 2.0 * others,
            _ => 3.0,
        };
        let messages = point.mean(|run| run.messages).expect("there were entries");
        assert_eq!((messages.mean, messages.error, messages.of), (expected, 0.0, 3), "{point:?}");
    }
}

#[test]
fn synchronisation_delays_are_as_published_and_raymonds_is_that_of_its_tree() {
    let systems = ["query_ring", "durable", "lamport", "maekawa", "suzuki_kasami", "raymond", "naimi_trehel"];
    let results = run(of(&systems, &[16], &["1"]));
    for (system, delays) in [
        ("query_ring", 1.0),
        ("durable", 2.0),
        ("lamport", 1.0),
        ("maekawa", 2.0),
        ("suzuki_kasami", 1.0),
        ("naimi_trehel", 1.0),
    ] {
        let handover = point(&results, system, 16, Load::SATURATED).mean(|run| run.handover).expect("some waited");
        assert!((handover.mean / 10.0 - delays).abs() < 0.05, "{system}: {handover:?}");
    }
    let raymond = point(&results, "raymond", 16, Load::SATURATED).mean(|run| run.handover).expect("some waited");
    assert!((raymond.mean / 10.0 - 2.0 * 15.0 / 16.0).abs() < 0.05, "{raymond:?}");
}

#[test]
fn a_ring_costs_one_when_saturated_and_up_to_a_round_when_not() {
    let results = run(of(&["query_ring", "neighbour_ring"], &[8], &["0.02", "1"]));
    for system in ["query_ring", "neighbour_ring"] {
        let saturated = point(&results, system, 8, Load::SATURATED);
        let messages = |point: &Point| point.mean(|run| run.messages).expect("there were entries").mean;
        let idle = |point: &Point| point.mean(|run| run.idle).expect("there were entries").mean;
        assert!((messages(saturated) - 1.0).abs() < 1e-9 && idle(saturated) == 0.0, "{saturated:?}");
        let rare = point(&results, system, 8, "0.02".parse().expect("a load"));
        assert!((1.0..8.0).contains(&messages(rare)) && idle(rare) > 8.0, "{rare:?}");
        assert!(rare.messages.max <= 8 && rare.messages.p50 <= rare.messages.p99);
    }
}

#[test]
fn fairness_shows_who_lets_others_overtake() {
    let results = run(of(&["lamport", "query_ring"], &[8], &["0.5"]));
    let load = "0.5".parse().expect("a load");
    let overtaken = |system| point(&results, system, 8, load).mean(|run| run.overtaken).expect("entries").mean;
    assert!(overtaken("query_ring") > overtaken("lamport"), "a ring is served in its order");
    let jain = point(&results, "lamport", 8, load).mean(|run| run.jain).expect("entries").mean;
    assert!((0.5..=1.0).contains(&jain));
}

#[test]
fn a_crash_costs_messages_and_time_where_it_is_survived() {
    let crashes = CrashKind::ALL.to_vec();
    let results = run(Sweep { crashes, ..of(&["query_ring", "durable", "raymond"], &[6], &["1"]) });
    let find = |system: &str, kind| {
        results.points.iter().find(|point| point.system == system && point.phase == Phase::Crash(kind))
    };
    let holder = find("query_ring", CrashKind::Holder).expect("survived");
    assert!(holder.rows.iter().all(|row| row.recovery > 0.0 && row.outage > Some(0.0)), "{holder:?}");
    let server = find("durable", CrashKind::Coordinator).expect("survived");
    assert!(server.rows.iter().all(|row| row.outage >= Some(50.0)), "it is down for 50 ticks: {server:?}");
    assert!(find("durable", CrashKind::Token).is_none(), "it has none");
    assert!(CrashKind::ALL.iter().all(|&kind| find("raymond", kind).is_none()), "it survives none");
    assert!(measure::table(&results, 100).contains("no crash is survived by raymond"));
}

#[test]
fn the_result_is_the_same_on_any_number_of_threads() {
    let sweep = || Sweep {
        delay: (1..=20).into(),
        ..of(&["maekawa", "naimi_trehel", "neighbour_ring"], &[2, 7], &["0.3", "1"])
    };
    let on = |jobs| sweep().run(NonZero::new(jobs), &|_, _| {}).expect("it runs");
    let (one, three) = (on(1), on(3));
    assert_eq!(one, three);
    assert_eq!(measure::page(&one, "it"), measure::page(&three, "it"));
}

/// Every row of a file has the columns of its heading, and the two forms say the same.
#[test]
fn files_are_plain_tables() {
    let results = run(Sweep { crashes: vec![CrashKind::Idle], ..of(&["durable", "lamport"], &[2, 4], &["0.1", "1"]) });
    let files = [
        (results.csv(), results.json_lines()),
        (results.runs_csv(), results.runs_json_lines()),
        (results.types_csv(), results.types_json_lines()),
    ];
    for (csv, lines) in files {
        let mut rows = csv.lines();
        let columns: Vec<&str> = rows.next().expect("a heading").split(',').collect();
        assert_eq!(columns[..5], ["system", "processes", "applications", "load", "phase"]);
        assert_eq!(rows.clone().count(), lines.lines().count());
        for (row, line) in rows.zip(lines.lines()) {
            let object: serde_json::Value = serde_json::from_str(line).expect("an object a line");
            let fields: Vec<&str> = row.split(',').collect();
            assert_eq!(fields.len(), columns.len(), "{row}");
            for (column, field) in columns.iter().zip(fields) {
                let value = &object[column];
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assert_eq!(if value.is_null() { "" } else { &text }, field, "{column}");
            }
        }
    }
}

#[test]
fn a_page_has_every_plot_and_asks_nobody_for_anything() {
    let results =
        run(Sweep { crashes: vec![CrashKind::Holder], ..of(&["query_ring", "lamport"], &[2, 4, 8], &["0.1", "1"]) });
    let page = measure::page(&results, "jeton messages <x>");
    let pictures = measure::pictures(&results);
    assert!(pictures.len() > 12, "{}", pictures.len());
    for picture in &pictures {
        assert!(page.contains(&picture.plot.svg()), "{}", picture.name);
    }
    assert!(page.contains("jeton messages &lt;x&gt;") && !page.contains("<script"));
    let page = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
    let names: std::collections::BTreeSet<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
    assert_eq!(names.len(), pictures.len(), "each has a file of its own");
}

#[test]
fn a_table_fits() {
    let results = run(Sweep {
        crashes: CrashKind::ALL.to_vec(),
        ..of(&["neighbour_ring", "carvalho_roucairol"], &[2, 4, 8, 16], &["0.1", "1"])
    });
    for width in [100, 60, 40] {
        let table = measure::table(&results, width);
        let longest = table.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(width), "{width}:\n{table}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |sweep: Sweep| sweep.run(None, &|_, _| {}).expect_err("refused").to_string();
    assert_eq!(refused(of(&["lamport"], &[1], &["1"])), "processes: 1, expected 2..=4096");
    assert_eq!(refused(of(&["lamporr"], &[2], &["1"])), "there is no system `lamporr`");
    let still = Sweep { delay: 0.into(), ..Sweep::default() };
    assert_eq!(refused(still), "delay: the shortest is 0, expected at least 1");
    assert!(run(of(&["replicated"], &[2], &["1"])).points.is_empty(), "two servers and no client");
}

#[cfg(feature = "cli")]
mod at_the_command_line {
    use crate::command_line::jeton;
    use crate::scenario::directory;

    const SMALL: [&str; 9] = ["--processes", "2..5", "--load", "0.5..1", "--seeds", "2", "--entries", "10", "--jobs=2"];

    #[test]
    fn a_directory_has_everything() {
        let directory = directory("messages_out");
        let out = directory.join("costs");
        let place = out.to_str().expect("UTF-8");
        let ran = jeton(&[&["messages", "durable", "lamport", "--out", place][..], &SMALL].concat()).exits(0);
        assert!(ran.stdout.contains("messages per entry, load 1 (saturated), mean of 2 seeds"), "{}", ran.stdout);
        let page = std::fs::read_to_string(out.join("index.html")).expect("a page");
        assert!(
            page.contains("jeton messages durable lamport --processes 2,4,5 --load 0.5,1 --delay 10"),
            "its command"
        );
        for file in ["points.csv", "points.jsonl", "runs.csv", "runs.jsonl", "types.csv", "types.jsonl"] {
            assert!(out.join(file).exists(), "{file}");
        }
        assert!(out.join("messages_by_processes_load_1.svg").exists());
        let left = std::fs::read_dir(&out).expect("a directory").filter_map(Result::ok);
        assert!(left.into_iter().all(|file| !file.file_name().to_string_lossy().starts_with('.')), "nothing else");
    }

    #[test]
    fn what_is_at_fault_is_told_with_what_was_expected() {
        for (arguments, told) in [
            (&["ricart"][..], "ricart_agrawala"),
            (&["--processes", "1..4"], "expected 2 to 4096"),
            (&["--processes", "8..4"], "the first is above the last"),
            (&["--load", "2"], "expected a number from 0.0001 (idle) to 1 (saturated)"),
            (&["--delay", "0"], "expected 1 to 1000000 ticks"),
            (&["--hold", "soon"], "as in `10`, `5..15` or `exp:10`"),
            (&["--crash", "server"], "expected all, none, or some of idle, waiting, holder, token, coordinator"),
            (&["--seeds", "0"], "expected a whole number from 1 to 100000"),
            (&["--csv", "."], "cannot be written"),
        ] {
            let ran = jeton(&[&["messages"], arguments].concat()).exits(2);
            assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
    }
}
