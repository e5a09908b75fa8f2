#!/bin/bash
# Told to stop in the middle of a plan: Ctrl-C once lets running migrations end and starts no more, twice aborts them;
# SIGTERM lets plimsolld end what runs and leave. Every guest runs exactly once afterwards. Needs what `tests/lab/lab
# needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1"
GUESTS=$(seq -f 'g%g' 1 6)
URIS=qemu+tcp://10.77.0.11/system,qemu+tcp://10.77.0.12/system
# one after the other, and slow enough to be met on the way
SLOW=(--set migration.bandwidth=32Mbit/s --set plan.moves_out=1 --set plan.moves_in=1)

boot_all() {
	local g jobs=()
	for g in $GUESTS; do
		lab boot h1 "$g" mem=32 dirty=12 rate=2 burn=10 &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(lab list h1 | wc -w)" = 7 ]
}
each_runs_once() {
	[ "$(lab list | cut -d: -f2 | tr ' ' '\n' | grep . | sort | uniq -u | wc -l)" = 6 ] || { lab list; return 1; }
	local g
	for g in $GUESTS; do counter_goes_on "$g" || { echo "$g: $(lab ticks "$g")"; return 1; }; done
}
guests_on() { lab list "$1" | wc -w | awk '{ print $1 - 1 }'; }
apply() {
	tests/lab/lab ctl "$BUILD/plimsoll" apply --hosts "$URIS" --yes "${SLOW[@]}" >"$LAB/apply.out" 2>&1 </dev/null &
	program=$!
	story_pids+=("$program")
}
says() { grep -qs "$2" "$LAB/$1"; }
count() { grep -c "$2" "$LAB/$1"; }
audit_says() { "$BUILD/plimsoll" audit --json --redis "$redis" --cluster lab | grep -q "$1"; }
ends_with() { # STATUS
	wait "$program"
	[ $? = "$1" ]
}

command -v redis-server >/dev/null || { echo "redis-server is missing"; exit 77; }
story_lab 2
check "six guests are on h1" boot_all

echo "--- Ctrl-C once"
apply
check "a migration is on its way" until_true 30 says apply.out '^start '
kill -INT "$program"
check "the command ends and says that not all is done" ends_with 3
check "what ran has ended well" [ "$(count apply.out '^done ')" = "$(count apply.out '^start ')" ]
check "nothing more was started" [ "$(count apply.out '^start ')" = 1 ]
check "one guest has moved" [ "$(guests_on h2)" = 1 ]
check "each guest runs exactly once" each_runs_once

echo "--- Ctrl-C twice"
apply
check "a migration is on its way" until_true 30 says apply.out '^start '
kill -INT "$program"
sleep 0.5
kill -INT "$program"
check "the command ends and says that one was broken off" ends_with 1
check "nothing was moved" [ "$(count apply.out '^done ')" = 0 ]
check "still one guest has moved" [ "$(guests_on h2)" = 1 ]
check "each guest runs exactly once" each_runs_once

echo "--- the service, and SIGTERM"
redis=unix://$LAB/redis.sock
redis-server --port 0 --unixsocket "$LAB/redis.sock" --save '' --appendonly no --dir "$LAB" >"$LAB/redis.log" 2>&1 &
story_pids+=($!)
for h in h1 h2; do
	tests/lab/lab in $h "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --advertise "$(lab uri $h)" --interval 1s \
		>"$LAB/agent-$h.log" 2>&1 &
	story_pids+=($!)
done
tests/lab/lab ctl "$BUILD/plimsolld" --redis "$redis" --cluster lab --mode auto --interval 2s --state-dir "$LAB/state" \
	--set service.hold=0s \
	"${SLOW[@]}" >"$LAB/plimsolld.log" 2>&1 &
program=$!
story_pids+=("$program")
check "a migration is on its way" until_true 60 says plimsolld.log 'move.started'
kill -TERM "$program"
check "the service ends well" ends_with 0
check "what ran has ended well" [ "$(count plimsolld.log 'move.done')" = "$(count plimsolld.log 'move.started')" ]
check "nothing more was started" [ "$(count plimsolld.log 'move.started')" = 1 ]
check "each guest runs exactly once" each_runs_once
check "the audit has what was moved, predicted and measured" audit_says '"end": "done"'
check "and what was not reached" audit_says '"end": "not-reached"'
check "the decision is made again from its record, byte for byte" "$BUILD/plimsoll" replay last --redis "$redis" --cluster lab
[ "$story_failed" = 0 ] || tail -n 30 "$LAB"/apply.out "$LAB"/plimsolld.log "$LAB"/agent-*.log
story_end
