#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Maintenance: a host is emptied by the service and stays empty until it is given back; what is asked outlives the
# service; two operators, unknown hosts and VMs that cannot leave are told in words. Every guest runs exactly once and
# its counter goes on. Needs what `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="1024 1024 1024"
GUESTS=$(seq -f 'g%g' 1 6)


ACT=(--interval 300s --set balance.cpu=0 --set balance.memory=0 --set service.hold=1h --set service.lease=3s --set service.settle=2s)

story_needs redis-server jq
story_lab 3
check "six guests are on h1" boot_on h1 mem=24 dirty=2 rate=1 burn=4
# two that are off: one without disks, and one whose disk only h1 sees
off_on_h1() { # NAME [DISK]
	sed "s/<name>g1</<name>$1</; /<uuid>/d" "$LAB/g1.xml" >"$LAB/$1.xml"
	[ -z "${2:-}" ] || sed -i "s|<emulator>|<disk type='file' device='disk'><source file='$2'/><target dev='vda' bus='virtio'/></disk><emulator>|" "$LAB/$1.xml"
	lab virsh h1 -q define "$LAB/$1.xml"
}
is_defined() { lab virsh "$1" -q dominfo "$2" >/dev/null 2>&1; }
defined_once() { # NAME, and is off there
	local h n=0
	for h in h1 h2 h3; do
		is_defined "$h" "$1" && n=$((n + 1)) && [ "$(lab virsh "$h" -q domstate "$1")" = "shut off" ]
	done
	[ "$n" = 1 ]
}
: >"$LAB/local.img"
check "a guest is off on h1" off_on_h1 cold
check "it starts with its host" lab virsh h1 -q autostart cold
check "another is off, with a disk of its own" off_on_h1 rooted "$LAB/local.img"
redis_start
agents_start "h1 h2 h3" --interval 1s
check "the agents have measured" until_true 20 agents_know 3

echo "--- nobody acts"
check "without a service it says so" ends 0 out plimsoll maintenance enter h1
check "and what a person can do" says out '[Nn]o service is running.*plimsoll evacuate h1'
check "somebody else asks too, and is told who was first" ends 0 out plimsoll maintenance enter h1 --deadline 10m
check "with the time and the name" says out 'in maintenance since 20.* .entered by .*@.*; its deadline has changed'
check "waiting is in vain" ends 3 out plimsoll maintenance enter h1 --wait
serve advise.log --mode advise "${ACT[@]}"
check "the service advises" until_true 20 says advise.log round.planned
check "waiting for who only advises is in vain" ends 3 out plimsoll maintenance status h1 --wait
check "and it is said" says out '[Tt]he service is in advise mode and will not move any VM .6 left'
check "it ends" service_stops
check "nothing was moved" [ "$(guests_on h1)" = 6 ]

echo "--- the service acts: what was asked before it began is done"
serve auto.log --mode auto "${ACT[@]}"
check "h1 is emptied" ends 0 out plimsoll maintenance enter h1 --wait
check "it shows how far it is" says out 'h1: 6 of 6 VMs have left'
check "it says that it is empty" says out 'h1 is empty'
check "h1 is empty" is_empty h1
check "not all went to one host" [ "$(guests_on h2)" -gt 0 ]
check "not all went to the other" [ "$(guests_on h3)" -gt 0 ]
# Migrations have cost CPU on hosts of one: once the agents have measured after them there is room.
check "the second emptying begins as soon as there is room" until_true 20 ends 0 out plimsoll maintenance enter h2 --deadline 10m --why "new memory" --wait
check "nothing went back" is_empty h1
check "those that are off are still there, and named" ends 0 out plimsoll maintenance status h1
check "with what would move them" says out '2 VMs are off and stay on it \(cold, rooted\); to move them as well: --for-good'
check "for good, the one with its own disk cannot leave" ends 3 out plimsoll maintenance enter h1 --for-good --wait
check "it is said" says out 'rooted.* cannot leave: the VM has local disks'
check "the other has left, and is defined once" defined_once cold
check "not on h1" not is_defined h1 cold
check "it starts with its host there" grep -q "^Autostart: *enable" <(lab virsh h3 dominfo cold)
check "the one that stayed is defined once" defined_once rooted
check "the audit has how it was moved" ends 0 out plimsoll audit --csv
check "cold" says out ',cold,h1,h3,.*,done,cold,'
check "without its disk nothing is left" lab virsh h1 -q undefine rooted
check "h1 is empty for good" ends 0 out plimsoll maintenance status h1 --wait
check "all are on h3" [ "$(guests_on h3)" = 6 ]
check "status shows both" ends 0 out plimsoll maintenance status
check "with the reason" says out 'h2 .* in .* empty +new memory'
check "the third host within ten minutes is asked about" ends 2 out plimsoll maintenance enter h3 --wait
check "with what would be emptied" says out 'would empty 1 host: h3; and more than 2 of 3 hosts'
check "the last host cannot be emptied" ends 3 out plimsoll maintenance enter h3 --several --wait
check "it is said which VM and why" says out 'g1.* cannot leave: .*maintenance'
check "status says so too" ends 3 out plimsoll maintenance status h3
check "h3 is given back" ends 0 out plimsoll maintenance exit h3
check "with how long it was" says out 'h3 is back in service after .* of maintenance .entered by .*@'
check "once more is no mistake" ends 0 out plimsoll maintenance exit h3
check "h3 is not in it" says out 'h3 is not in maintenance'

echo "--- mistakes"
check "a host that is not there" ends 2 out plimsoll maintenance enter h33
check "has a near name" says out 'host h33 not found in cluster lab \(did you mean h3\?\)'
check "a word that is none" ends 2 out plimsoll maintenance entre h1
check "has a near one" says out 'did you mean enter'
check "every guest's counter goes on" each_runs_once
check "SIGTERM ends it with status 0" service_stops
[ "$story_failed" = 0 ] || tail -n 60 "$LAB"/auto.log
story_end
