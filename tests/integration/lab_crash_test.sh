#!/bin/bash
# The leading plimsolld is killed in the middle of its migrations: the next one asks both hosts what became of them,
# writes it down, lets them cool down, and goes on. Every guest runs exactly once and never starts again. Needs what
# `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1" LAB_MEMS="1024 1024"
GUESTS=$(seq -f 'g%g' 1 4)
# slow enough to be met on the way
SLOW=(--set migration.bandwidth=64Mbit/s --set service.lease=4s --interval 2s)

boot_all() {
	local g
	for g in $GUESTS; do lab boot h1 "$g" mem=64 dirty=24 rate=2 burn=12 || return 1; done
}
each_runs_once() {
	[ "$(lab list | cut -d: -f2 | tr ' ' '\n' | grep . | sort | uniq -u | wc -l)" = 4 ] || { lab list; return 1; }
	local g
	for g in $GUESTS; do counter_goes_on "$g" || return 1; done
}
serve() { # LOG
	# nsenter, so that the pid is the service's own
	nsenter --net=/run/netns/labsw "$BUILD/plimsolld" --redis "$redis" --cluster lab --mode auto --set service.hold=0s "${SLOW[@]}" \
		>"$LAB/$1" 2>&1 &
	service=$!
	story_pids+=("$service")
}
says() { grep -qsE "$2" "$LAB/$1"; }
all_settled() { # each move the first one began has been settled by the second
	local vm
	for vm in $(sed -n 's/.* move.started vm=\([^ ]*\) .*/\1/p' "$LAB/first.log"); do
		says second.log "move.settled vm=$vm .*end=(done|failed)" || says first.log "move.done vm=$vm " || return 1
	done
}
moved_are_cooling() {
	local vm
	for vm in $(sed -n 's/.* move.settled vm=\([^ ]*\) .*end=done.*/\1/p' "$LAB/second.log"); do
		redis-cli -s "$LAB/redis.sock" get 'plimsoll:{lab}:state:cool-downs' | grep -q "\"$vm\"" || return 1
	done
}

command -v redis-server >/dev/null || { echo "redis-server is missing"; exit 77; }
story_lab 2
check "four guests are on h1" boot_all
redis=unix://$LAB/redis.sock
redis-server --port 0 --unixsocket "$LAB/redis.sock" --save '' --appendonly no --dir "$LAB" >"$LAB/redis.log" 2>&1 &
story_pids+=($!)
for h in h1 h2; do
	tests/lab/lab in $h "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --advertise "$(lab uri $h)" --interval 1s \
		>"$LAB/agent-$h.log" 2>&1 &
	story_pids+=($!)
done

serve first.log
check "the first leader begins to move guests" until_true 60 says first.log ' move.started '
sleep 1
kill -KILL "$service"
wait "$service" 2>/dev/null
serve second.log
check "the second waits for the lease and takes it" until_true 10 says second.log ' lease.taken '
check "it did not take it before it ran out" says second.log ' lease.follows '
check "every move that was under way is settled" until_true 60 all_settled
check "what was moved cools down" moved_are_cooling
check "every guest runs exactly once" each_runs_once
kill -TERM "$service"
wait "$service"
check "SIGTERM ends it with status 0" [ $? = 0 ]
[ "$story_failed" = 0 ] || cat "$LAB/first.log" "$LAB/second.log"
story_end
