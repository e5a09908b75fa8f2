#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The leading plimsolld is killed in the middle of its migrations: the next one asks both hosts what became of them,
# writes it down, lets them cool down, and goes on. Every guest runs exactly once and never starts again. Needs what
# `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1" LAB_MEMS="1024 1024"
GUESTS=$(seq -f 'g%g' 1 4)
# slow enough to be met on the way
SLOW=(--mode auto --set migration.bandwidth=64Mbit/s --set service.lease=4s --set service.hold=0s --interval 2s)

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

story_needs redis-server
story_lab 2
check "four guests are on h1" boot_on h1 mem=64 dirty=24 rate=2 burn=12
redis_start
agents_start "h1 h2" --interval 1s

serve first.log "${SLOW[@]}"
check "the first leader begins to move guests" until_true 60 says first.log ' move.started '
check "one is on its way" until_true 20 is_migrating h1
kill -KILL "$service"
wait "$service" 2>/dev/null
serve second.log "${SLOW[@]}"
check "the second waits for the lease and takes it" until_true 10 says second.log ' lease.taken '
check "it did not take it before it ran out" says second.log ' lease.follows '
check "every move that was under way is settled" until_true 60 all_settled
check "what was moved cools down" moved_are_cooling
check "every guest runs exactly once" each_runs_once
check "SIGTERM ends it with status 0" service_stops
[ "$story_failed" = 0 ] || cat "$LAB/first.log" "$LAB/second.log"
story_end
