#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What cannot be moved, or not there, and what the service makes of it: a guest that a person has paused moves paused; one with a
# CD-ROM image that its host alone has is named, and holds up nobody; a target that refuses connections is tried once, and the
# guests go to the other. Every guest runs exactly once and its counter goes on. Needs what `tests/lab/lab needs` says, and
# redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="1024 1024 1024"
GUESTS=$(seq -f 'g%g' 1 4)
ACT=(--mode auto --interval 2s --set balance.cpu=0 --set balance.memory=0 --set service.hold=1h --set service.lease=3s --set service.settle=2s)
DISK="<disk type='file' device='cdrom'><source file='/run/only-h1.iso'/><target dev='hda' bus='ide'/><readonly/></disk>"

is_paused_on() { [ "$(lab virsh "$1" -q domstate --reason "$2")" = "paused (user)" ]; }
begin() { # HOST: guests on h1, agents, and the service
	redis_start
	agents_start "h1 h2 h3" --interval 1s
	check "the agents have measured" until_true 30 agents_know 3
	serve auto.log "${ACT[@]}"
	check "the service is at work" until_true 20 says auto.log round.planned
}
status_says_it() {
	plimsoll maintenance status h1 --json >"$LAB/out" 2>"$LAB/out.err"
	[ $? = 3 ] && jq -e '.hosts[0] | .blocked and (.cannot_leave | length == 1) and .cannot_leave[0].vm == "g4"' "$LAB/out" >/dev/null
}
tries() { # REGEX: moves that were begun
	plimsoll audit --csv 2>/dev/null | grep -cE "$1"
}
address() { awk -v host="$1" '$2 == host { print $1; exit }' "$LAB/etc-hosts"; }

story_needs redis-server jq
story_lab 3

echo "--- a guest that a person has paused"
check "four guests are on h1" boot_on h1 mem=24 dirty=2 rate=1
begin
check "one is paused" lab virsh h1 -q suspend g1
check "h1 is emptied" ends 0 out plimsoll maintenance enter h1 --wait
check "h1 is empty" is_empty h1
paused_at=$(lab list | awk '/ g1( |$)/ { sub(":", "", $1); print $1 }')
check "the paused one is paused where it is now" is_paused_on "$paused_at" g1
check "it goes on when it is told to" lab virsh "$paused_at" -q resume g1
check "each guest runs once, its counter goes on" each_runs_once
check "the service stops" service_stops

story_part "a CD-ROM image that its host alone has"
lab in h1 truncate -s 1M /run/only-h1.iso
GUESTS=$(seq -f 'g%g' 1 3)
check "three guests are on h1" boot_on h1 mem=24 dirty=2 rate=1
check "and one with the image" env LAB_DISK="$DISK" tests/lab/lab boot h1 g4 mem=24 dirty=2 rate=1
GUESTS=$(seq -f 'g%g' 1 4)
begin
check "waiting ends: one cannot leave" ends 3 out plimsoll maintenance enter h1 --wait
check "it is named" says out 'g4.* cannot leave: '
check "with the image" says out 'only-h1.iso'
check "the others have left" [ "$(guests_on h1)" = 1 ]
check "it is where it was" runs_only_on h1 g4
check "status says it, to programs" until_true 10 status_says_it
check "it was not tried again and again" between 0 4 "$(tries ',g4,h1,')"
check "each guest runs once, its counter goes on" each_runs_once
check "the service stops" service_stops

story_part "a target that refuses connections"
check "four guests are on h1" boot_on h1 mem=24 dirty=2 rate=1
check "nobody reaches h2's libvirt" lab ctl ip route add unreachable "$(address h2)/32"
begin
check "h1 is emptied all the same" ends 0 out plimsoll maintenance enter h1 --wait
check "all are on h3" [ "$(guests_on h3)" = 4 ]
check "h2 was tried" between 1 4 "$(tries ',h1,h2,')"
check "what was learned is listed" ends 0 out plimsoll retry
check "with the target and the words" says out 'all +h2 .*unreached: .*h2 cannot be queried'
check "explain says it" ends 0 out plimsoll explain g1 h2 --json
check "with until when" says out "h2 could not be reached: .*not retried before 20"
check "h2 is reached again" lab ctl ip route del unreachable "$(address h2)/32"
check "a person says so" ends 0 out plimsoll retry h2
check "nothing waits any more" until_true 10 eval 'plimsoll retry >"$LAB/out" && grep -q "nothing is waiting" "$LAB/out"'
check "of what is not known nothing is to be retried" ends 2 out plimsoll retry h2
check "each guest runs once, its counter goes on" each_runs_once
check "the service stops" service_stops
story_end
