//! The guide: an algorithm of your own under test within the hour. Every example in it is compiled and run.
//!
//! It is for whoever comes with an algorithm. It has no code of the library, and must never say what is not run.
//!
//! 1. [A mutual exclusion algorithm](first): written, run, broken, its counterexample read, fixed; every interleaving
//!    of it; its messages; the test that CI runs.
//! 2. [An algorithm that is something else](general): leader election on a ring, with an application and properties of
//!    its own.
//! 3. [Crashes, restarts and stable storage](recovery): what is lost between two effects.
//! 4. [Properties](properties): what must hold, what must come, and what must have been tried.
//! 5. [The canonical form](canonical): counters that only grow.
//! 6. [Contributing](contributing): how to add an algorithm, a property, a strategy; the rules of the house.
//!
//! The programs of the first two chapters are in `examples/`, and run with
//! `cargo run --release --example ricart_agrawala` and `--example leader_election`.

#[doc = include_str!("write.md")]
#[doc = "```no_run"]
#[doc = include_str!("../../examples/ricart_agrawala/algorithm.rs")]
#[doc = "```"]
#[doc = include_str!("first.md")]
pub mod first {}

#[doc = include_str!("general.md")]
#[doc = "```no_run"]
#[doc = include_str!("../../examples/leader_election/algorithm.rs")]
#[doc = "```"]
#[doc = include_str!("asked.md")]
#[doc = "```no_run"]
#[doc = r#"# include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/leader_election/algorithm.rs"));"#]
#[doc = "# fn main() {}"]
#[doc = include_str!("../../examples/leader_election/check.rs")]
#[doc = "```"]
#[doc = include_str!("general_run.md")]
pub mod general {}

#[doc = include_str!("recovery.md")]
pub mod recovery {}

#[doc = include_str!("properties.md")]
pub mod properties {}

#[doc = include_str!("canonical.md")]
pub mod canonical {}

#[doc = include_str!("contributing.md")]
pub mod contributing {}
