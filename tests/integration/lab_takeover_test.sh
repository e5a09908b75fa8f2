#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The leader is killed in the middle of an evacuation, with three migrations running, while a second plimsolld waits: it
# takes over, settles what it finds by asking both hosts, gives what was left slow its bandwidth, and finishes the plan.
# Needs what `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="2048 1024 1024"
GUESTS=$(seq -f 'g%g' 1 6)

acts() { says second.log ' move\.(settled|started) '; }

ACT=(--mode auto --set balance.cpu=0 --set balance.memory=0 --set plan.moves_out=3 --set plan.moves_in=3
	--set migration.bandwidth=64Mbit/s)
three_run() { [ "$(count first.log ' move.started ')" -ge 3 ]; }

story_needs redis-server jq
story_lab 3
check "six guests are on h1" boot_on h1 mem=64 dirty=40 rate=1 burn=4
redis_start
agents_start "h1 h2 h3" --interval 1s
check "the agents have measured" until_true 20 agents_know 3
serve first.log "${ACT[@]}"
first=$service
check "the first leads" until_true 20 says first.log ' round.planned '
serve second.log "${ACT[@]}"
check "the second follows" until_true 10 says second.log ' lease.follows '
plimsoll maintenance enter h1 >/dev/null
check "three migrations run" until_true 20 three_run
kill -KILL "$first"
from=$(date +%s%3N)
wait "$first" 2>/dev/null
check "the second acts" until_true 20 acts
took=$(($(date +%s%3N) - from))
echo "from the leader's death to the next one's first act: $took ms"
check "that is within ten seconds" [ "$took" -le 10000 ]
check "it finishes the plan" until_true 90 is_empty h1
check "every guest runs exactly once" each_runs_once
# what the journal has as done stands in the audit, whoever began it
audit_agrees() {
	redis-cli -s "$LAB/redis.sock" xrange 'plimsoll:{lab}:journal' - + | grep '"event":"done"' |
		jq -r '[.vm, .from, .to] | join(" ")' | sort -u >"$LAB/journal.done" &&
		plimsoll audit --json 2>/dev/null | jq -r '.decisions[].moves[] | select(.end == "done") | [.vm, .from, .to] | join(" ")' |
		sort -u | comm -23 "$LAB/journal.done" - >"$LAB/lacking" && [ -s "$LAB/journal.done" ] && [ ! -s "$LAB/lacking" ]
}
check "what the dead leader and the second did is in the audit, as the journal has it" until_true 20 audit_agrees
check "SIGTERM ends it with status 0" service_stops
[ "$story_failed" = 0 ] || tail -n 60 "$LAB/first.log" "$LAB/second.log"
story_end
