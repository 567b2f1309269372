#!/usr/bin/env bash
#SBATCH --job-name=jeton
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#
# A campaign in parts as a Slurm array, and their join when all are done:
#
#     array=$(sbatch --parsable examples/cluster/slurm.sh campaign scenarios --schedules 1000000)
#     sbatch --dependency="afterany:$array" --wrap 'jeton merge campaign/* --out whole'
#
# jeton reads from Slurm which part of how many a task is. A task that is requeued goes on where it stopped, and so does
# the same line; `--array` on it says how many parts there are, and they must be the same ones then.
set -euo pipefail
out=$1
shift
exec "${JETON:-jeton}" explore "$@" --jobs "$SLURM_CPUS_PER_TASK" --out "$out/$SLURM_ARRAY_TASK_ID"
