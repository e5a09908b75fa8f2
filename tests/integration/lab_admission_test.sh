#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who answers at a host's address must be the machine that was admitted, asked of real libvirtds: to another one nothing is
# moved, by the service or by hand, and the host is kept from moves until it is admitted anew. Needs what `tests/lab/lab needs`
# says, and redis-server. Also: one machine under two names is no second host, and a Redis that comes back empty moves nobody.
. tests/lab/story.sh

export LAB_CPUS="1 1" LAB_MEMS="1536 1536"
GUESTS="g1 g2"
ACT=(--interval 300s --set balance.cpu=0 --set balance.memory=0 --set service.hold=1h --set service.lease=3s --set service.settle=2s)

story_needs redis-server jq
story_lab 2
check "two guests are on h1" boot_on h1 mem=24 dirty=2 rate=1 burn=4
redis_start
agents_start "h1 h2" --interval 1s
check "the agents have measured" until_true 30 agents_know 2
admitted() { redis-cli -s "$LAB/redis.sock" hget 'plimsoll:{lab}:hosts:admitted' "$1"; }
another=77000000-0000-4000-8000-00000000dead
# as which machine h2 was admitted: as one that does not answer there, and that its report does not name either
admit_h2_as() {
	redis-cli -s "$LAB/redis.sock" hset 'plimsoll:{lab}:hosts:admitted' h2 "{\"schema\": \"plimsoll.admission/1\", \"uuid\": \"$1\", \"at\": 1}" >/dev/null
}
mute() { # the agent of h2 says no UUID: as one that lies would
	kill "$agent_h2" && wait "$agent_h2" 2>/dev/null
	redis-cli -s "$LAB/redis.sock" get 'plimsoll:{lab}:report:h2' >"$LAB/h2.report"
}
fake_report() { # h2's last report with the UUID it was admitted with, over and over
	while sleep 0.5; do # no condition: it reports twice a second, as an agent would
		now=$(date +%s%6N)
		sed -E "1s/sent=[0-9]+/sent=$now/; s/^(@[a-z_]+) [0-9]+$/\1 $now/; s/^host\.uuid\t\t.*/host.uuid\t\t$another/; \${/^$/d}" "$LAB/h2.report" |
			redis-cli -s "$LAB/redis.sock" -x set 'plimsoll:{lab}:report:h2' >/dev/null
	done
}
agent_h2=${story_pids[-1]}
check "by hand h2 is admitted as it is" ends 0 out plimsoll host admit --all
check "with its libvirt's host UUID" bash -c "[[ '$(admitted h2)' == *77000000-0000-4000-8000-000000000002* ]]"

echo "--- another machine at h2's address"
mute
fake_report &
story_pids+=($!)
faker=$!
admit_h2_as "$another"
check "its report says that it is the one" until_true 10 bash -c "redis-cli -s '$LAB/redis.sock' get 'plimsoll:{lab}:report:h2' | grep -q $another"
check "by hand nothing is moved to it" ends 3 out plimsoll evacuate h1 --yes
check "both UUIDs are said" says out "it is a different machine: its UUID is 77000000-0000-4000-8000-000000000002, admitted: $another"
check "the guests are where they were" [ "$(guests_on h1)" = 2 ]
check "it is kept from moves" ends 0 out plimsoll host list h2
check "and that is said" says out 'seen .*a different machine answers under this name'
check "until it is admitted anew" ends 0 out plimsoll maintenance exit h1

kill "$faker" && wait "$faker" 2>/dev/null
agents_start h2 --interval 1s
check "its own agent is back" until_true 10 bash -c "redis-cli -s '$LAB/redis.sock' get 'plimsoll:{lab}:report:h2' | grep -q 000000000002"
check "as what it is" ends 0 out plimsoll host admit h2
check "the agents have measured" until_true 30 agents_know 2
serve auto.log --mode auto "${ACT[@]}"
check "then the service empties h1 onto it" ends 0 out plimsoll maintenance enter h1 --wait
check "both are there" [ "$(guests_on h2)" = 2 ]

echo "--- one machine under two names"
tests/lab/lab in h1 "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --host h9 --advertise "$(lab uri h1)" --interval 1s >"$LAB/agent-h9.log" 2>&1 &
story_pids+=($!)
twin_is_named() { plimsoll host list >"$LAB/out" 2>&1; says out '^h9 +seen.*it is the same machine as h1 \(UUID 77000000-0000-4000-8000-000000000001\)'; }
check "the second name is only seen, and whose machine it is is said" until_true 30 twin_is_named
check "nobody empties it" ends 3 out plimsoll evacuate h9 --yes
check "which of them is meant is not known" says out 'are the same machine'
check "nor is it rolled" ends 3 out plimsoll maintenance roll h9 --run true
kill "${story_pids[-1]}" && wait "${story_pids[-1]}" 2>/dev/null
redis-cli -s "$LAB/redis.sock" del 'plimsoll:{lab}:report:h9' >/dev/null
check "with its report it is gone" not twin_is_named

echo "--- Redis comes back empty"
moves=$(count auto.log ' move.started ')
check "it is emptied" redis-cli -s "$LAB/redis.sock" flushall
check "that is noticed" until_true 30 says auto.log 'store.forgotten why='
forgot() { plimsoll status >"$LAB/out" 2>&1; [ $? = 3 ] && says out 'the store has lost data .*plimsoll store acknowledge'; }
check "status says so, with what ends it: exit 3" until_true 30 forgot
h1_is_marked() { plimsoll maintenance status h1 >"$LAB/out" 2>&1; says out '^h1 +20'; }
check "h1 is in maintenance as it was" until_true 30 h1_is_marked
check "a person acknowledges it" ends 0 out plimsoll store acknowledge --why "it was me"
calm() { plimsoll status >"$LAB/out" 2>&1; ! says out 'the store has lost data'; }
check "and that is over" until_true 30 calm
check "nothing was moved for it" [ "$(count auto.log ' move.started ')" = "$moves" ]
check "the service ends" service_stops
check "each guest runs once, and was never started again" each_runs_once
story_end
