#!/usr/bin/env bash
# Runs the comparison with all engines; what is wanted may be named: ring, many, short, search, eventually.
# madsim wants its flag, and desim coroutines, which stable Rust does not have yet.
set -euo pipefail
export RUSTFLAGS="${RUSTFLAGS:-} --cfg madsim" RUSTC_BOOTSTRAP=desim,jeton_peers
exec cargo run --release --locked --manifest-path "$(dirname "${BASH_SOURCE[0]}")/Cargo.toml" --features desim -- "$@"
