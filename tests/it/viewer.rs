//! The viewer in a browser: what people see and do.

pub(crate) mod browser;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use jeton::scenario::Scenario;
use jeton::trace::Trace;
use jeton::view::{Story, html};
use serde_json::{Value as Json, json};

use self::browser::Page;
use crate::view::{story, trace};

const DESK: (u32, u32) = (1300, 900);
const PHONE: (u32, u32) = (390, 780);

/// The page of a story, in a browser.
fn open(name: &str, story: &Story, size: (u32, u32)) -> Option<Page> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("viewer");
    fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join(format!("{name}.html"));
    fs::write(&file, html(story)).expect("written");
    Page::open(&file, size)
}

fn violated() -> Story {
    story("query_ring_without_confirm_loss", 29)
}

/// The number of the selected event.
fn selected(page: &mut Page) -> u64 {
    page.evaluate("+document.body.dataset.selected").as_u64().expect("a number")
}

fn rows(page: &mut Page) -> u64 {
    page.evaluate("+document.body.dataset.rows").as_u64().expect("a number")
}

fn text(page: &mut Page, selector: &str) -> String {
    let text = page.evaluate(&format!("document.querySelector({selector:?}).textContent"));
    text.as_str().expect("a text").to_owned()
}

#[test]
fn it_opens_at_the_violation_and_says_it_without_asking_anybody() {
    let story = violated();
    let Some(mut page) = open("opens", &story, DESK) else { return };
    let sentence = &story.ending.text;
    assert!(sentence.starts_with("single_token violated"), "{sentence}");
    assert_eq!(text(&mut page, "#ending"), *sentence);
    assert_eq!(text(&mut page, "#why"), *sentence);
    assert_eq!(selected(&mut page), 107);
    let in_sight = "(() => { const band = document.querySelector('.wrong').getBoundingClientRect(); \
                    return band.top > 0 && band.bottom < innerHeight; })()";
    assert_eq!(page.evaluate(in_sight), json!(true));
    assert_eq!(
        page.evaluate("[...document.querySelectorAll('#heads .bad')].map((head) => head.textContent)"),
        json!(["p1", "p3"])
    );
    assert_eq!(rows(&mut page), story.events.len() as u64);
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn everything_that_is_to_be_seen_is_there() {
    let Some(mut page) = open("signs", &violated(), (1300, 6000)) else { return };
    for sign in ["line.token", "path.token", ".lock", ".wait", ".timer", "path.crash", "path.cross", ".unheard", ".up"]
    {
        let count = page.evaluate(&format!("document.querySelectorAll('#drawing {sign}').length"));
        assert!(count.as_u64() > Some(0), "{sign}");
    }
    // The one that crashed has a line up to there and none after it.
    let lowest = |page: &mut Page, column: usize| {
        let script = format!(
            "(() => {{ const x = [...document.querySelectorAll('#heads span')][{column}].style.left.slice(0, -2); \
             return Math.max(...[...document.querySelectorAll('.up')].filter((line) => line.getAttribute('x1') === x)\
             .map((line) => +line.getAttribute('y2'))); }})()"
        );
        page.evaluate(&script).as_f64().expect("a height")
    };
    let crash = page.evaluate("document.querySelector('#drawing path.crash').getBBox().y").as_f64().expect("a height");
    assert!((lowest(&mut page, 2) - crash - 7.0).abs() < 1.0, "its line ends with the crash");
    assert!(lowest(&mut page, 1) > crash + 100.0, "others go on");
    assert!(text(&mut page, "#drawing").contains("†p2"));
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn keys_step() {
    let story = violated();
    let Some(mut page) = open("keys", &story, DESK) else { return };
    let mut press = |key: &str| {
        page.press(key);
        selected(&mut page)
    };
    assert_eq!(press("Home"), 1);
    assert_eq!([press("ArrowDown"), press("j"), press("ArrowUp"), press("k")], [2, 3, 2, 1]);
    let at_home = story.events[0].process;
    let next = story.events[1..].iter().find(|event| event.process == at_home).expect("another").number;
    assert_eq!([press("ArrowRight"), press("ArrowLeft")], [next, 1], "to the next at this process and back");
    assert_eq!([press("ArrowUp"), press("End"), press("ArrowDown"), press("Home"), press("v")], [1, 107, 107, 1, 107]);
    let said = text(&mut page, "#status");
    assert!(said.starts_with("tick 217, event 107: p0 receives token_lost from p4"), "{said}");
    let shown = page.evaluate("document.querySelector('.event.now').getAttribute('aria-label')");
    assert_eq!(shown, json!(said), "who cannot see it hears the same");
    let high =
        |page: &mut Page| page.evaluate("document.querySelector('#room').clientHeight").as_u64().expect("a height");
    let before = high(&mut page);
    page.press("+");
    assert!(high(&mut page) > before);
    page.press("0");
    assert_eq!(high(&mut page), before);
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn filters_filter() {
    let story = violated();
    let Some(mut page) = open("filters", &story, DESK) else { return };
    let of = |process: u32| story.events.iter().filter(|event| event.process.get() == process).count() as u64;
    let all = story.events.len() as u64;
    let tick = |page: &mut Page, menu: &str, label: &str| {
        let script = format!(
            "[...document.querySelectorAll('#{menu} label')]\
             .find((one) => one.textContent.trim().startsWith({label:?}))\
             .querySelector('input').click()"
        );
        page.evaluate(&script);
    };
    tick(&mut page, "processes", "p2");
    assert_eq!(rows(&mut page), all - of(2));
    assert_eq!(page.evaluate("document.querySelectorAll('#heads span').length"), json!(4));
    tick(&mut page, "processes", "p2");
    assert_eq!(rows(&mut page), all);

    let edits = story.events.iter().filter(|event| event.message.is_some() && event.label == "edit").count() as u64;
    assert!(edits > 10);
    tick(&mut page, "kinds", "message edit");
    assert_eq!(rows(&mut page), all - edits);
    page.press("Home");
    page.evaluate("document.querySelector('#kinds [data-all=\"\"]').click()");
    assert_eq!(rows(&mut page), 0);
    page.evaluate("document.querySelector('#kinds [data-all=\"1\"]').click()");
    assert_eq!(rows(&mut page), all);
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn a_click_shows_what_could_have_caused_an_event() {
    let story = violated();
    let Some(mut page) = open("past", &story, DESK) else { return };
    let place = story.ending.wrong_at.expect("a violation");
    page.click(&format!("[data-place='{place}'] circle"));
    // Once more, by the definition: whatever has a path of messages and steps to it.
    let previous = story.previous();
    let mut past = vec![false; story.events.len()];
    past[place] = true;
    for later in (0..=place).rev() {
        if past[later] {
            let sent = story.events[later].message.map(|message| story.messages[message].sent);
            for earlier in previous[later].into_iter().chain(sent) {
                past[earlier] = true;
            }
        }
    }
    let expected = past.iter().filter(|one| **one).count();
    assert!(expected > 50 && expected < story.events.len(), "{expected}");
    assert_eq!(page.evaluate("+document.body.dataset.past"), json!(expected));
    assert!(page.evaluate("document.querySelectorAll('.event.dim').length").as_u64() > Some(0));
    page.press("Escape");
    assert_eq!(page.evaluate("document.querySelectorAll('.dim').length"), json!(0));
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn pointing_at_an_event_shows_its_message_and_the_state_before_and_after() {
    let story = violated();
    let Some(mut page) = open("hover", &story, DESK) else { return };
    page.press("ArrowUp");
    let elsewhere = selected(&mut page);
    page.hover(&format!("[data-place='{}'] circle", story.ending.wrong_at.expect("a violation")));
    page.wait_for("document.querySelector('#details').textContent.includes('event 107')");
    let told = text(&mut page, "#details");
    assert!(told.contains("\"token_lost\"") && told.contains("\"generation\""), "the message: {told}");
    assert_eq!(text(&mut page, "#details tr.changed"), "generation1 → 2");
    assert_eq!(selected(&mut page), elsewhere, "pointing selects nothing");
}

#[test]
fn a_hundred_thousand_events_open_at_once_and_scroll() {
    let source = "about = \"A long run.\"\nexpect = \"holds\"\nprocesses = 20\n[system]\nname = \"query_ring\"\n\
        token_timeout_ticks = 500\n[workload]\nrequests = 2000\n[limits]\nevents = 100000\nticks = 100000000\n";
    let story = Story::new(trace(&Scenario::parse("long.toml", source).expect("a scenario"), 1));
    assert_eq!(story.events.len(), 100_000);
    let started = Instant::now();
    let Some(mut page) = open("long", &story, DESK) else { return };
    let opened = started.elapsed();
    assert_eq!(rows(&mut page), 100_000);
    // The time that the page itself takes for a jump to anywhere, drawing and layout included.
    let jump = "(async () => { const stage = document.querySelector('#stage'); let worst = 0; \
         for (let share = 0; share < 1; share += .09) { const start = performance.now(); \
         stage.scrollTop = share * stage.scrollHeight; await new Promise(requestAnimationFrame); \
         await new Promise(requestAnimationFrame); worst = Math.max(worst, performance.now() - start); } \
         return worst; })()";
    let worst = page.evaluate(jump).as_f64().expect("milliseconds");
    let drawn = page.evaluate("document.querySelectorAll('#drawing *').length").as_u64().expect("a number");
    println!("100,000 events: open in {opened:?}, {worst:.0} ms for a jump, {drawn} elements");
    assert!(drawn < 3000, "only what is in sight is drawn: {drawn}");
    assert!(worst < 1000.0, "a jump takes {worst} ms");
    page.press("End");
    assert_eq!(selected(&mut page), 100_000);
    page.press("c");
    assert!(page.evaluate("+document.body.dataset.past").as_u64() > Some(1000));
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn light_and_dark_desk_phone_and_paper() {
    let Some(mut page) = open("themes", &violated(), DESK) else { return };
    let paper = |page: &mut Page| page.evaluate("getComputedStyle(document.body).backgroundColor");
    let (light, dark) = (json!("rgb(255, 255, 255)"), json!("rgb(22, 24, 28)"));
    page.prefer("light", "screen");
    assert_eq!(paper(&mut page), light);
    page.prefer("dark", "screen");
    assert_eq!(paper(&mut page), dark);
    page.click("#theme");
    assert_eq!(paper(&mut page), light, "as the reader says, not the machine");
    page.click("#theme");
    page.prefer("light", "screen");
    assert_eq!(paper(&mut page), dark);

    page.resize(PHONE.0, PHONE.1);
    page.wait_for("document.querySelector('#details').getBoundingClientRect().top > 300");
    assert_eq!(page.evaluate("document.documentElement.scrollWidth"), json!(PHONE.0), "nothing sticks out");
    let last = "document.querySelector('#heads span:last-child').getBoundingClientRect().right";
    assert!(page.evaluate(last).as_f64() <= Some(f64::from(PHONE.0)), "all five processes are in sight");

    page.prefer("light", "print");
    page.evaluate("dispatchEvent(new Event('beforeprint'))");
    let events = page.evaluate("document.querySelectorAll('#drawing .event').length");
    assert_eq!(events, page.evaluate("+document.body.dataset.rows"), "on paper is everything");
    assert_eq!(page.evaluate("getComputedStyle(document.querySelector('.bar')).display"), json!("none"));
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn the_cycle_of_a_run_that_never_ends_is_marked() {
    let mut lasso: Trace = violated().trace().clone();
    lasso.ending.cycle_from_event = Some(90);
    let story = Story::new(lasso);
    assert_eq!(story.cycle.map(|place| story.events[place].number), Some(91));
    let Some(mut page) = open("cycle", &story, DESK) else { return };
    assert_eq!(text(&mut page, "text.cycle"), "again and again");
    assert_eq!(page.evaluate("document.querySelectorAll('rect.again').length"), json!(1));
    assert_eq!(page.trouble(), [""; 0]);
}

#[test]
fn what_a_trace_says_is_text_and_nothing_else() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{script}}";
    let mut trace: Trace = violated().trace().clone();
    trace.header.scenario = evil.to_owned();
    trace.ending.explanation = Some(evil.to_owned());
    for record in &mut trace.records {
        record.effects.push(jeton::trace::Effect::Note(evil.to_owned()));
        record.effects.push(jeton::trace::Effect::Indicate(Json::String(evil.to_owned())));
    }
    let Some(mut page) = open("evil", &Story::new(trace), DESK) else { return };
    assert_eq!(page.evaluate("document.querySelectorAll('img').length"), json!(0));
    assert_eq!(page.evaluate("document.scripts.length"), json!(2));
    assert!(text(&mut page, "#ending").contains(evil));
    assert!(text(&mut page, "#details").contains(evil));
    assert_eq!(page.trouble(), [""; 0]);
}
