#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A person moves guests: by plimsoll move alone, by plimsoll move beside a service that acts, and by virsh; over a link that is
# slower than it says; and then both services die. Then eight guests leave at once over such a link. Needs what `tests/lab/lab needs` says, redis-server, jq.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="2048 1024 1024"
GUESTS="g1 g2 g3"
ACT=(--mode auto --interval 1s --set service.hold=0s --set service.settle=0s --set service.lease=3s --set balance.cpu=0 --set balance.memory=0)
audit() { plimsoll audit --json 2>/dev/null; }
# audited MODE VM TO: a decision of that mode moved it there, by somebody with a name
audited() { audit | jq -e --arg m "$1" --arg v "$2" --arg t "$3" 'any(.decisions[]; .mode == $m and (.by // "" | test("@")) and
	any(.moves[]; .vm == $v and .to == $t and .end == "done"))' >/dev/null; }

story_needs redis-server jq
story_lab 3
check "three guests are on h1" boot_on h1 mem=128 fill=96
redis_start
agents_start "h1 h2 h3" --interval 1s
check "the agents have measured" until_true 30 agents_know 3

echo "--- without a service"
check "plimsoll move moves a guest" ends 0 alone.out plimsoll move g1 h2 --yes
check "it runs there, and was not started again" runs_only_on h2 g1
check "the audit names who asked" audited move g1 h2

echo "--- a link of 100 Mbit/s that says 10 Gbit/s"
lab link h1 100mbit
check "the first migration over it teaches it" ends 0 slow.out plimsoll move g2 h3 --yes
check "the next plan says so" ends 0 next.out plimsoll move g3 h3 --dry-run
check "as measured" says next.out 'note: migrations from h1 to h3 get [0-9]+ of [0-9]+ Mbit/s, as measured'
check "and the second" ends 0 second.out plimsoll move g3 h3 --yes
audit >"$LAB/audit.json"
factor() { jq -e '[.decisions[].moves[] | select(.vm == "g3" and .end == "done")][0] | [.predicted.seconds, .seconds] |
	(max / min) <= 1.5' "$LAB/audit.json" >/dev/null || { jq -c '.decisions[].moves[]' "$LAB/audit.json"; return 1; }; }
check "takes what was predicted, within a factor of 1.5" factor
lab link h1 off

echo "--- beside a service that acts"
serve first.log "${ACT[@]}"
first=$service
check "it leads" until_true 30 says first.log ' round.planned '
serve second.log "${ACT[@]}"
check "the other follows" until_true 20 says second.log ' lease.follows '
check "plimsoll move is handed to it" ends 0 beside.out plimsoll move g1 h1 --yes
check "which says so" says beside.out ' carries it out'
check "it runs there" runs_only_on h1 g1
check "moved by the leader, because a person asked" says first.log 'move.told vm="g1" to=h1 by=.*@.* end=done'
check "the audit names who asked" audited move g1 h1

echo "--- by virsh"
known_on() { redis-cli -s "$LAB/redis.sock" get 'plimsoll:{lab}:state:homes' | jq -e --arg v "$1" --arg h "$2" '.vms[$v] == $h' >/dev/null; }
check "the service has seen it there" until_true 30 known_on g1 h1
lab migrate g1 h1 h2 >/dev/null
check "that it was not by Plimsoll is noticed" until_true 30 says first.log 'vm.moved_by_hand vm="g1" from="h1" to="h2"'
plimsoll status >"$LAB/status.out" 2>&1
check "and shown" says status.out 'moved by hand: g1, .* by somebody outside Plimsoll; balance leaves it there until '
check "it stays there" runs_only_on h2 g1

echo "--- both services die"
kill -KILL "$first" "$service"
wait "$first" "$service" 2>/dev/null
leads_nobody() { plimsoll status >"$LAB/status.out" 2>&1; says status.out 'no leader since'; }
check "status says that nobody leads, since when" until_true 10 leads_nobody
check "with the time" says status.out 'no leader since about 20.*T.*; last leader: '
check "what the leader did is in the audit as in the journal" audited move g1 h1
check "plimsoll move needs no service then" ends 0 orphan.out plimsoll move g1 h3 --yes
check "every guest runs exactly once" each_runs_once
[ "$story_failed" = 0 ] || { cat "$LAB"/*.out "$LAB"/first.log; }

story_part "eight guests at once over a link of 100 Mbit/s that says 10 Gbit/s"
GUESTS="big"
check "a large guest is on h1" boot_on h1 mem=128 fill=96
GUESTS=$(seq -f 'e%g' 1 8)
each_boots() { boot_on h1 mem=40 fill=24 || [ "$(guests_on h1)" = 9 ]; }
check "and eight small ones" each_boots
GUESTS="$GUESTS big"
redis_start
agents_start "h1 h2 h3" --interval 1s
check "the agents have measured" until_true 30 agents_know 3
lab link h1 100mbit
check "the large one is moved first, and teaches the link" ends 0 teacher.out plimsoll move big h2 --yes
check "what eight at once will take is planned" ends 0 eight.json plimsoll evacuate h1 --dry-run --json
check "with a note that it is slow" ends 0 eight.out plimsoll evacuate h1 --dry-run
check "as measured" says eight.out 'note: migrations from h1 to h2 get [0-9]+ of [0-9]+ Mbit/s, as measured'
from=$(date +%s%3N)
check "they leave" ends 0 eight.run plimsoll evacuate h1 --yes
took=$(($(date +%s%3N) - from))
predicted=$(jq '.predicted.seconds * 1000 | floor' "$LAB/eight.json")
echo "predicted $predicted ms, took $took ms with reading, judging and asking both hosts"
check "h1 is empty" is_empty h1
check "that took what was predicted, within a factor of 2 (it was a factor of 30)" between $((took / 2)) $((took * 2)) "$predicted"
check "every guest runs exactly once, its counter goes on" each_runs_once
lab link h1 off
[ "$story_failed" = 0 ] || cat "$LAB"/eight.* "$LAB"/teacher.out
story_end
