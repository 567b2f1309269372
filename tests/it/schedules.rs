//! The schedules that were kept, each with its scenario: whatever changes, they show what they did.

use std::path::Path;

use crate::kept;

#[test]
fn every_kept_schedule_shows_what_it_did() {
    let count = kept::replay_schedules(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(count >= 7, "only {count} schedules");
}
