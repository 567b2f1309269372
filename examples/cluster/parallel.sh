#!/usr/bin/env bash
# A campaign in parts on one machine, with GNU parallel:
#
#     examples/cluster/parallel.sh campaign 8 scenarios --schedules 1000000
#
# does `jeton explore scenarios --schedules 1000000` in 8 parts and leaves the whole in campaign/whole. Killed at any
# moment, the same line goes on where it stopped.
set -euo pipefail
out=$1 parts=$2
shift 2
jeton=${JETON:-jeton}

# A part that shows what was not expected has status 1, which the whole tells again; one that failed is not whole.
seq "$parts" | parallel --will-cite --quote \
    "$jeton" explore "$@" --jobs 1 --shard "{}/$parts" --out "$out/{}" >/dev/null || true

seq --format "$out/%g" "$parts" | xargs "$jeton" merge --out "$out/whole"
