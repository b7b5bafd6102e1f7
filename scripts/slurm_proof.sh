#!/usr/bin/env bash
# Proves hydra/launcher=submitit_slurm on a real SLURM: one node, this machine, started here and stopped at the end.
#
#   scripts/slurm_proof.sh [--require]
#
# Starts munged, slurmctld and slurmd with a configuration of their own in a temporary folder and without touching
# a SLURM that is installed otherwise; answers `srun` and `sbatch`; runs a sweep of tiny CPU jobs; cancels a job
# half-way and starts the sweep again, which does only what is left; tells a job that it is preempted, which saves,
# is queued again and goes on; and lets two tasks of a job train its run together. Every daemon is stopped on the way
# out, whatever happens.
#
# Needs root and Debian's packages slurm-wlm and munge, and gan-lab with its extra `sweeps` (PYTHON says whose,
# python3 by default). Installs nothing. Where it cannot start it prints "skipped: <reason>" and exits with 0, or
# with 1 after --require. Where something of the proof fails it exits with 1.
set -eu

PYTHON=${PYTHON:-python3}
REQUIRE=${1:-}
WORK=
PIDS=()

skip() {
    echo "skipped: $1"
    [[ $REQUIRE == --require ]] && exit 1
    exit 0
}

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

clean_up() {
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${PIDS[@]}"; do
        for _ in {1..50}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
    done
    [[ -z $WORK ]] || rm -rf "$WORK"
}
trap clean_up EXIT

say() { printf '\n== %s\n' "$*"; }

start() { # command ...: in the background, its log in the temporary folder
    "$@" >"$WORK/$(basename "$1").log" 2>&1 &
    PIDS=("$!" "${PIDS[@]}")
}

wait_for() { # seconds, what, command ...: until the command succeeds
    local seconds=$1 what=$2
    shift 2
    for ((i = 0; i < seconds * 5; i++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    return 1
}

# --- what it needs
[[ $REQUIRE == "" || $REQUIRE == --require ]] || { echo "usage: $0 [--require]" >&2; exit 2; }
[[ $(id -u) == 0 ]] || skip "the daemons need root"
for program in munged mungekey slurmctld slurmd srun sbatch squeue scancel scontrol; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || skip "$program is not installed (Debian: slurm-wlm, munge)"
done
PATH=$PATH:/usr/sbin
"$PYTHON" -c "import gan_lab, hydra_plugins.hydra_submitit_launcher" 2>/dev/null ||
    skip "$PYTHON has no gan-lab with the extra sweeps"

# --- one node, everything of it in a temporary folder
WORK=$(mktemp -d /tmp/slurm_proof.XXXXXX)
chmod 755 "$WORK"
mkdir -p "$WORK"/{state,spool,munge}
chown "$(id -un)" "$WORK"/*
chmod 700 "$WORK/munge"
NODE=$(hostname -s)
export SLURM_CONF=$WORK/slurm.conf
cat >"$SLURM_CONF" <<EOF
ClusterName=proof
SlurmctldHost=$NODE(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$WORK/munge/socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
StateSaveLocation=$WORK/state
SlurmdSpoolDir=$WORK/spool
SlurmctldPidFile=$WORK/slurmctld.pid
SlurmdPidFile=$WORK/slurmd.pid
JobCompType=jobcomp/filetxt
JobCompLoc=$WORK/completed.txt
JobRequeue=1
KillWait=30
MinJobAge=3600
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=proof Nodes=$NODE Default=YES MaxTime=60 State=UP
EOF
mungekey --create --keyfile="$WORK/munge/key"
start munged --foreground --force --key-file="$WORK/munge/key" --socket="$WORK/munge/socket" \
    --pid-file="$WORK/munge/pid" --log-file="$WORK/munge/log" --seed-file="$WORK/munge/seed"
wait_for 10 munged munge --no-input --socket="$WORK/munge/socket" || skip "munged did not start: $(tail -1 "$WORK/munged.log")"
start slurmctld -D
start slurmd -D -N "$NODE"
is_idle() { [[ $(sinfo --noheader --format=%T) == idle ]]; }
wait_for 30 slurm is_idle ||
    skip "SLURM did not start: $(tail -qn 1 "$WORK/slurmctld.log" "$WORK/slurmd.log" | tr '\n' ' ')"

say "SLURM answers"
sinfo
echo "srun: $(srun --ntasks=1 hostname)"
job=$(sbatch --parsable --output="$WORK/batch.out" --wrap='echo "job $SLURM_JOB_ID on $SLURM_JOB_NODELIST"')
is_written() { [[ -s $WORK/batch.out ]]; }
wait_for 30 sbatch is_written || fail "sbatch wrote nothing"
echo "sbatch: $(cat "$WORK/batch.out") (submitted as $job)"

# --- the proof
cd "$WORK"
export OMP_NUM_THREADS=1
sweep=("$PYTHON" -m gan_lab train -m hydra/launcher=submitit_slurm hydra.sweep.dir=sweep device=cpu
    dataset=ring8 objective=gan train.execution=eager train.log_every=10 train.checkpoint_every=20
    hydra.launcher.gpus_per_node=0 hydra.launcher.cpus_per_task=1 hydra.launcher.mem_gb=null
    hydra.launcher.timeout_min=20)
jobs_run() { tail -n +1 sweep/*/run.json | grep -E '"(status|iteration|seed)"' | paste - - -; }
is_training() { [[ -n $(find sweep -path "*seed$1_*" -name '*.pt') ]]; }
waiting=

# Without accounting (sacct), submitit looks for the files of finished jobs, and says so at every look
without_sacct() { grep -vE 'sacct|accounting storage' || true; }

say "A sweep of three jobs, one of them refused"
"${sweep[@]}" train.iterations=20 seed=0 optimizer.lr=1e-3,1e-4,-1 2>&1 | without_sacct
[[ ${PIPESTATUS[0]} == 2 ]] || fail "the refused job was not reported"
squeue
say "What SLURM says of them"
scontrol show job --oneliner | grep -oE '(ArrayJobId|ArrayTaskId|JobId|JobState|ExitCode)=\S+' | paste - - - - - || true
jobs_run
before=$(find sweep -name metrics.csv -exec sha256sum {} + -exec stat -c %Y {} + | sha256sum)

say "The same command again: nothing is left to do but what is refused"
"${sweep[@]}" train.iterations=20 seed=0 optimizer.lr=1e-3,1e-4,-1 2>&1 | without_sacct
[[ ${PIPESTATUS[0]} == 2 ]] || fail "the refused job was not reported"
[[ $before == $(find sweep -name metrics.csv -exec sha256sum {} + -exec stat -c %Y {} + | sha256sum) ]] ||
    fail "a finished run was touched"

say "Two longer jobs; one is cancelled half-way"
rm -rf sweep
long=("${sweep[@]}" train.iterations=1500 seed=0,1)
"${long[@]}" >first.log 2>&1 &
waiting=$!
PIDS=("$waiting" "${PIDS[@]}")
wait_for 300 checkpoints is_training 0 || fail "the first job did not train"
squeue
array=$(squeue --noheader --format=%F | head -1)
scancel "${array}_0"
wait "$waiting" && fail "the cancelled job was not reported"
PIDS=("${PIDS[@]:1}")  # its number may be given to another process
grep '^gan-lab' first.log
jobs_run

say "The same command again: only the cancelled one has something left"
"${long[@]}" 2>&1 | without_sacct
[[ ${PIPESTATUS[0]} == 0 ]] || fail "the sweep did not complete"
for out in sweep/.submitit/*/*_log.out; do grep -hE 'goes on|before, at|completed at' "$out" || true; done
jobs_run
grep -L '"status": "completed"' sweep/*/run.json | grep . && fail "a job did not complete"

say "A job that SLURM preempts: it saves, is queued again, and goes on"
rm -rf sweep
"${sweep[@]}" train.iterations=1500 seed=7 >preempted.log 2>&1 &
waiting=$!
PIDS=("$waiting" "${PIDS[@]}")
wait_for 300 checkpoints is_training 7 || fail "the job did not train"
job=$(squeue --noheader --format=%i | head -1)
scancel --signal=USR2 "$job"
wait "$waiting" || fail "the preempted job did not complete: $(tail -3 preempted.log)"
PIDS=("${PIDS[@]:1}")
grep -hE 'Caught signal|Requeued|interrupted at|goes on|completed at' sweep/.submitit/*/*_log.* | sort -u
scontrol show job "$job" | grep -oE '(JobState|Restarts)=\S+' | paste - -
jobs_run

say "A job of two tasks, which train its run together"
rm -rf sweep
"${sweep[@]}" train.iterations=20 seed=3 hydra.launcher.tasks_per_node=2 2>&1 | without_sacct
[[ ${PIPESTATUS[0]} == 0 ]] || fail "the job of two tasks did not complete"
jobs_run
grep -h '"processes": 2' sweep/*/run.json || fail "its run was not trained by two processes"

say "Proven."
