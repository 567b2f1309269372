#!/usr/bin/env bash
# Counts the instructions of five fixed runs under valgrind, which do not depend on what else the machine does, and
# compares them with those kept in instructions.toml. More than 5 % more of any fails. If that is what the change is
# worth, `benches/instructions.sh --accept` keeps what is counted now; so it should if there are fewer.
#
# Each count is a difference of two runs of different length: what both begin with is not in it. Counts can be compared
# on x86-64 with AVX2 (the generator takes the widest registers there are, and valgrind has none wider) and of one
# compiler. Elsewhere the script says so, shows what it can, and fails nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
kept=benches/instructions.toml

if [[ "$(uname -m)" != x86_64 ]] || ! grep -qw avx2 /proc/cpuinfo; then
    echo "skipped: the kept numbers are of x86-64 with AVX2"
    exit
fi
compiler=$(rustc --version | cut -d ' ' -f 2)
# Without link-time optimisation: it takes minutes, and those who depend on the library seldom have it.
export CARGO_PROFILE_BENCH_LTO=off CARGO_PROFILE_BENCH_CODEGEN_UNITS=1
program=$(cargo bench --locked --bench instructions --no-run --message-format=json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\)$/\1/p'
}

# Instructions of each of what is between $2 and $3.
each() {
    echo $((($(count "$1" "$3") - $(count "$1" "$2")) / ($3 - $2)))
}

counted=$(
    echo "# Kept by benches/instructions.sh --accept."
    echo "rustc = \"$compiler\""
    echo "ring_hop = $(each ring 10000 110000)"
    echo "ring_hop_all_properties = $(each token_ring 10000 110000)"
    echo "query_ring_event = $(each query_ring 10000 60000)"
    echo "short_schedule = $(each short 100 600)"
    echo "ten_thousand_in_flight = $(each relay 2 12)"
)
if [[ "${1:-}" == --accept ]]; then
    echo "$counted" >"$kept"
    cat "$kept"
    exit
fi
kept_by=$(sed -n 's/^rustc = "\(.*\)"$/\1/p' "$kept")
status=0
while read -r name _ now; do
    before=$(sed -n "s/^$name = //p" "$kept")
    echo "$name: $now instructions, $before are kept"
    if ((now * 100 > ${before:-0} * 105)); then
        echo "that is more than 5 % more; benches/instructions.sh --accept keeps it"
        status=1
    fi
done < <(grep -v '^#\|^rustc' <<<"$counted")
if ((status)) && [[ "$kept_by" != "$compiler" ]]; then
    echo "not failed: the numbers were kept with Rust ${kept_by:-of an unknown version}, and this is $compiler"
    exit
fi
exit "$status"
