#!/bin/bash
# The leader is killed in the middle of an evacuation, with three migrations running, while a second plimsolld waits: it
# takes over, settles what it finds by asking both hosts, and finishes the plan. Needs what `tests/lab/lab needs` says,
# and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="2048 1024 1024"
GUESTS=$(seq -f 'g%g' 1 6)

guests_on() { lab list "$1" | wc -w | awk '{ print $1 - 1 }'; }
boot_all() {
	local g jobs=()
	for g in $GUESTS; do
		lab boot h1 "$g" mem=64 dirty=40 rate=1 burn=4 &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(guests_on h1)" = 6 ]
}
each_runs_once() {
	[ "$(lab list | cut -d: -f2 | tr ' ' '\n' | grep . | sort | uniq -u | wc -l)" = 6 ] || { lab list; return 1; }
	local g
	for g in $GUESTS; do counter_goes_on "$g" || { echo "$g: $(lab ticks "$g")"; return 1; }; done
}
serve() { # LOG
	nsenter --net=/run/netns/labsw "$BUILD/plimsolld" --redis "$redis" --cluster lab --mode auto --state-dir "$LAB/state" \
		--set balance.cpu=0 --set balance.memory=0 --set plan.moves_out=3 --set plan.moves_in=3 \
		--set migration.bandwidth=64Mbit/s >"$LAB/$1" 2>&1 &
	service=$!
	story_pids+=("$service")
}
says() { grep -qsE -- "$2" "$LAB/$1"; }
three_run() { [ "$(grep -c ' move.started ' "$LAB/first.log")" -ge 3 ]; }
acts() { says second.log ' move\.(settled|started) '; }
is_empty() { [ "$(guests_on "$1")" = 0 ]; }
plimsoll() { lab ctl "$BUILD/plimsoll" "$@" --redis "$redis" --cluster lab; }

command -v redis-server >/dev/null || { echo "redis-server is missing"; exit 77; }
story_lab 3
check "six guests are on h1" boot_all
redis=unix://$LAB/redis.sock
redis-server --port 0 --unixsocket "$LAB/redis.sock" --save '' --appendonly no --dir "$LAB" >"$LAB/redis.log" 2>&1 &
story_pids+=($!)
for h in h1 h2 h3; do
	tests/lab/lab in $h "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --advertise "$(lab uri $h)" --interval 1s \
		>"$LAB/agent-$h.log" 2>&1 &
	story_pids+=($!)
done
sleep 4
serve first.log
first=$service
check "the first leads" until_true 20 says first.log ' round.planned '
serve second.log
second=$service
check "the second follows" until_true 10 says second.log ' lease.follows '
plimsoll maintenance enter h1 >/dev/null
check "three migrations run" until_true 20 three_run
sleep 1
kill -KILL "$first"
from=$(date +%s%3N)
wait "$first" 2>/dev/null
check "the second acts" until_true 20 acts
took=$(($(date +%s%3N) - from))
echo "from the leader's death to the next one's first act: $took ms"
check "that is within ten seconds" [ "$took" -le 10000 ]
check "it finishes the plan" until_true 90 is_empty h1
check "every guest runs exactly once" each_runs_once
kill -TERM "$second"
wait "$second"
check "SIGTERM ends it with status 0" [ $? = 0 ]
[ "$story_failed" = 0 ] || tail -n 60 "$LAB/first.log" "$LAB/second.log"
story_end
