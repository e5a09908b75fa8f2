#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two guests that share a host are tagged with virsh metadata alone: their group is apart. The service asks before it mends a
# rule; told yes (plimsoll confirm), it separates them live.
# A guest on a bridge that h1 and h2 have must leave h1: it goes to h2 and never to h3, which has no bridge at all.
# Needs what `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="1024 1024 1024"
SETTINGS=(--set load.headroom_cpu=30% --set snapshot.stale_after=15s)
on_host() { lab list "$1" | grep -qw "$2"; }
where() {
	local h
	for h in h1 h2 h3; do on_host $h "$1" && echo $h; done
}
apart() { [ -n "$(where a)" ] && [ -n "$(where b)" ] && [ "$(where a)" != "$(where b)" ]; }
tag() { # tag GUEST XML
	lab virsh h1 metadata "$1" urn:plimsoll:vm:1 --key plimsoll --live --set "$2" >/dev/null
}
bridge() { lab in "$1" ip link add br-dmz type bridge && lab in "$1" ip link set br-dmz up; }
DMZ="<interface type='bridge'><source bridge='br-dmz'/><model type='virtio'/></interface>"
dmz_runs() { LAB_DISK=$DMZ lab boot h1 dmz mem=24 dirty=4 rate=1 burn=4; }
# What waits, by its table; and a yes to it. A guest's rule may be known a round later than the other's: then there is another plan.
asked() { plimsoll confirm >"$LAB/confirm.out" 2>&1 && plan=$(awk '$2 == "repair" { print $1; exit }' "$LAB/confirm.out") && [ -n "$plan" ]; }
shows() { ends 0 plan.out plimsoll confirm "$1" && says plan.out "^plan $1 .awaiting confirmation" && says plan.out ' h1 +h[23] '; }
yes_to() { ends 0 yes.out plimsoll confirm "$1" --yes && says yes.out '^accepted'; }
gone() { ! ends 0 gone.out plimsoll confirm "$1" >/dev/null && says gone.out "plan $1 no longer awaits confirmation: it was accepted by"; }
mended() { # each plan that waits is accepted, until it is so
	"$@" && return
	asked && yes_to "$plan"
	"$@"
}
never_on_h3() { ! grep -q 'vm=dmz .*to=h3' "$LAB/plimsolld.log" && ! on_host h3 dmz; }

story_needs redis-server
story_lab 3
check "a is on h1" lab boot h1 a mem=24 dirty=4 rate=1 burn=4
check "b is on h1" lab boot h1 b mem=24 dirty=4 rate=1 burn=4
check "h1 has a bridge" bridge h1
check "h2 has it too" bridge h2
check "dmz is on h1, on that bridge" dmz_runs
check "a is tagged: its group is apart" tag a '<vm><group apart="host">pair</group></vm>'
check "b is tagged" tag b '<vm><group>pair</group></vm>'

echo "--- the service"
redis_start
agents_start "h1 h2 h3" --interval 1s
cat >"$LAB/plimsoll.yaml" <<'END'
service: {interval: 1s, hold: 2s, settle: 3s}
modes: {repair: confirm}
rules:
  - name: dmz leaves h1
    not-on: dmz
    hosts: h1
END
serve plimsolld.log --mode auto --settings "$LAB/plimsoll.yaml" "${SETTINGS[@]}"
check "a plan waits" until_true 30 asked
check "it is shown" shows "$plan"
first=$plan
check "nothing is moved before a yes" not apart
check "it is told yes" yes_to "$first"
check "the service sets them apart" until_true 90 mended apart
check "what became of the plan is said" until_true 90 gone "$first"
check "dmz goes to h2" until_true 90 mended on_host h2 dmz
check "and never to h3" never_on_h3
check "dmz's counter goes on" counter_goes_on dmz
check "a's counter goes on" counter_goes_on a
check "b's counter goes on" counter_goes_on b
check "the service ends well on SIGTERM" service_stops
[ "$story_failed" = 0 ] || tail -n 40 "$LAB"/plimsolld.log "$LAB"/agent-*.log
story_end
