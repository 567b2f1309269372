//! A seed means the same run for ever: the fingerprints of fixed seeds. A change that alters one gives kept schedules
//! another meaning, and must raise `SCHEDULE_VERSION`.

use std::path::Path;

use crate::kept;

#[test]
fn the_fingerprints_of_fixed_seeds_never_change() {
    insta::assert_snapshot!(kept::fingerprints(Path::new(env!("CARGO_MANIFEST_DIR"))));
}
