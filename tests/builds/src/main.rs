//! Whether the kept fingerprints and schedules hold in this build, on this machine.

#[path = "../../it/kept.rs"]
mod kept;

use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, lines) in [
        ("fingerprints__the_fingerprints_of_fixed_seeds_never_change", kept::fingerprints(&root)),
        (
            "strategies__the_fingerprints_of_fixed_seeds_never_change_under_any_strategy",
            kept::fingerprints_of_strategies(&root),
        ),
    ] {
        let snapshot = root.join("tests/it/snapshots").join(format!("it__{name}.snap"));
        let snapshot = std::fs::read_to_string(snapshot).expect("it is kept");
        let (_, expected) = snapshot.rsplit_once("---\n").expect("a snapshot has a head");
        for (line, expected) in lines.lines().zip(expected.lines()) {
            assert_eq!(line, expected);
        }
        assert_eq!(lines.lines().count(), expected.lines().count());
    }
    let schedules = kept::replay_schedules(&root);
    let bits = usize::BITS;
    let order = if cfg!(target_endian = "big") { "big" } else { "little" };
    println!(
        "{}, {bits} bits, {order}-endian: the fingerprints hold, and {schedules} schedules",
        std::env::consts::ARCH
    );
}
