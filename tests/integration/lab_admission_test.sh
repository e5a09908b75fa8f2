#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who answers at a host's address must be the machine that was admitted, asked of real libvirtds: to another one nothing is
# moved, by the service or by hand, and the host is kept from moves until it is admitted anew. Needs what `tests/lab/lab needs`
# says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1" LAB_MEMS="512 512"
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
check "both UUIDs are said" says out "it is another machine: its UUID is 77000000-0000-4000-8000-000000000002, admitted was $another"
check "the guests are where they were" [ "$(guests_on h1)" = 2 ]
check "it is kept from moves" ends 0 out plimsoll host list h2
check "and that is said" says out 'seen .*another machine answers in its place'
check "until it is admitted anew" ends 0 out plimsoll maintenance exit h1

kill "$faker" && wait "$faker" 2>/dev/null
agents_start h2 --interval 1s
check "its own agent is back" until_true 10 bash -c "redis-cli -s '$LAB/redis.sock' get 'plimsoll:{lab}:report:h2' | grep -q 000000000002"
check "as what it is" ends 0 out plimsoll host admit h2
check "the agents have measured" until_true 30 agents_know 2
serve auto.log --mode auto "${ACT[@]}"
check "then the service empties h1 onto it" ends 0 out plimsoll maintenance enter h1 --wait
check "both are there" [ "$(guests_on h2)" = 2 ]
check "the service ends" service_stops
check "each guest runs once, and was never started again" each_runs_once
story_end
