use super::*;

fn example(lines: usize) -> Plot {
    let x = Axis::new("processes", "").scale(Scale::Log2);
    let y = Axis::new("waiting time", "ticks").scale(Scale::Log10);
    let mut plot = Plot::new("Waiting & <time>", x, y).note("30 seeds, ± 95 %");
    for line in 0..lines {
        let mut series = Series::new(format!("line {line}"));
        for n in [2.0, 8.0, 64.0] {
            series.push(n, n * 10.0 + line as f64, n);
        }
        plot.push(series);
    }
    plot
}

/// The places of all names.
fn names(svg: &str) -> Vec<f64> {
    let place = |line: &str| line.split(" y=\"").nth(1)?.split('"').next()?.parse().ok();
    svg.split("<text class=\"w\"").skip(1).filter_map(place).collect()
}

#[test]
fn every_axis_has_its_name_and_unit_and_every_line_its_name() {
    let svg = example(3).svg();
    for text in [">processes</text>", ">waiting time (ticks)</text>", ">line 2</text>", ">1,000</text>", ">64</text>"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(
        svg.contains("<title>Waiting &amp; &lt;time&gt;</title><desc>waiting time (ticks) over processes. 30 seeds")
    );
    assert!(svg.contains("line 0: 20 at 2, 640 at 64. "), "and its ends for who does not see it");
    assert!(svg.contains("<title>line 1, processes 8: waiting time (ticks) 81 ± 8</title>"));
}

#[test]
fn names_are_apart_within_the_drawing() {
    for lines in [1, 2, 12, 22] {
        let svg = example(lines).svg();
        let names = names(&svg);
        assert_eq!(names.len(), lines);
        assert!(names.windows(2).all(|pair| pair[1] - pair[0] > LINE - 1.0), "{names:?}");
        assert!(names.iter().all(|y| (60.0..BOTTOM + LINE).contains(y)), "{names:?}");
    }
}

#[test]
fn lines_differ_in_grey_too() {
    let looks: std::collections::BTreeSet<_> =
        (0..20).map(|look| (DASHES[look % 4], MARKS[look % 5], look / 5 % 2)).collect();
    assert_eq!(looks.len(), 20);
}

#[test]
fn what_has_no_place_is_left_out_and_that_is_said() {
    let mut plot = example(1);
    plot.push(Series::new("none").points([(4.0, 0.0), (8.0, f64::NAN), (16.0, -1.0)]));
    let svg = plot.svg();
    assert!(svg.contains("Left out, for they have no place on these axes: 3."));
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    let nothing = Plot::new("", Axis::new("x", ""), Axis::new("y", "")).svg();
    assert!(nothing.contains("nothing to show"));
}

#[test]
fn numbers_have_three_figures() {
    let shown = [0.0, 0.012, 0.5, 1.0, 2.345, 12.34, 999.6, 1_234_567.8, -0.25].map(number);
    assert_eq!(shown, ["0", "0.012", "0.5", "1", "2.35", "12.3", "1,000", "1,234,568", "-0.25"]);
}
