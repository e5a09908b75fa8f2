#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Silence is not balance, on real hosts: a libvirtd that hangs while its host is in maintenance, an agent that dies on a host
# that is emptied all the same, and a target that dies during a migration. Needs what `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="1024 1024 1024"
GUESTS="g1 g2"
exits() { # STATUS COMMAND…
	local want=$1 got
	shift
	"$@" >"$LAB/exits.out" 2>&1
	got=$?
	[ $got = "$want" ] || return 1
}
has() { grep -Eq -- "$1" "$LAB/exits.out" || { cat "$LAB/exits.out"; return 1; }; }
# marks WHAT: what silence.log says of it by now, on a busy machine also before anything is done; said_once WHAT: one line more since
marks() { marked=$(grep -c -- "$1" "$LAB/silence.log"); }
said_once() { [ "$(grep -c -- "$1" "$LAB/silence.log")" = $((marked + 1)) ]; }

story_needs redis-server
story_lab 3
check "two guests are on h1" boot_on h1 mem=32
redis_start
agents_start "h1 h2 h3" --interval 1s
agent_h3=${story_pids[-1]}
serve silence.log --mode auto --interval 1s --set service.hold=0s --set snapshot.stale_after=10s --set balance.cpu=0 --set balance.memory=0
sees_all() { plimsoll status >"$LAB/exits.out" 2>&1; grep -q '3 hosts, 2 VMs' "$LAB/exits.out"; }
check "all hosts have reported" until_true 60 sees_all
check "and the service has seen them" until_true 60 says silence.log 'round.planned status=balanced hosts=3 excluded=0 vms=2'

echo "--- a libvirtd that hangs, in maintenance"
marks 'libvirt.silent host=h1 since="20'
lab freezed h1 >/dev/null
check "the service says so, with the time" until_true 60 said_once 'libvirt.silent host=h1 since="20'
check "h1 is to be emptied" exits 0 plimsoll maintenance enter h1 --several
check "status is blocked" until_true 30 exits 3 plimsoll status
check "both guests are counted" has '3 hosts, 2 VMs'
check "and named" has 'blocked: h1 must be left but is not reporting .*: g1, g2'
check "maintenance status is blocked" exits 3 plimsoll maintenance status h1
check "with what it last had" has '^h1 .* 2 .*its 2 VMs were last seen'
check "it is not said to be empty, nor that any has left" not has '(empty|have left)'
check "said once" said_once 'libvirt.silent host=h1 since="20'
lab thawd h1 >/dev/null
check "when it answers again it is left" until_true 120 says silence.log 'move.done vm=g2 '
check "that it is back is said" says silence.log 'host.back host=h1'
check "who asked for it stands in the log" says silence.log 'host.marked host=h1 state=maintenance by=.*@'

echo "--- an agent dies"
marks 'agent.silent host=h3 since="20'
kill -KILL "$(pgrep -P "$agent_h3")" # what was started is nsenter, and the agent its child
check "it is said with the time" until_true 60 said_once 'agent.silent host=h3 since="20'
check "a guest comes to h3 that no agent reports" lab boot h3 g3 mem=32
check "h3 is to be emptied" exits 0 plimsoll maintenance enter h3 --several
check "its libvirt is asked instead, by the host's URI" until_true 60 says silence.log 'h3: .*read through libvirt instead'
check "and the guest that libvirt alone knows is counted" until_true 60 says silence.log 'round.planned .* vms=3 '
check "it leaves, though libvirt counts other CPUs than its agent did" until_true 60 says silence.log 'move.done vm=g3 from=h3 to=h2 '
check "h3 is empty" until_true 30 is_empty h3
h3_is_empty() { exits 0 plimsoll maintenance status h3 && has '^h3 .* empty'; }
check "who looks on is told so" until_true 60 h3_is_empty
check "status goes on naming the silent agent" exits 3 plimsoll status
check "at its host" has 'h3 .*accepts no VM: its agent is silent; it is read through libvirt'
GUESTS="g1 g2 g3"
check "each guest runs once, and its counter goes on" each_runs_once
check "SIGTERM ends it with status 0" service_stops
check "once, to its end" said_once 'agent.silent host=h3 since="20'
check "a guest comes to h3 again, and nobody serves" lab boot h3 g4 mem=32
check "a person empties it" exits 0 plimsoll evacuate h3 --several --yes
check "by its libvirt, too" has 'h3: no report.*; read through libvirt instead'
check "the guest has left" is_empty h3
GUESTS="g1 g2 g3 g4"
check "each guest runs once" each_runs_once
[ "$story_failed" = 0 ] || cat "$LAB/silence.log" "$LAB/exits.out"

story_part "a target dies during a migration"
GUESTS=g1
check "a guest is on h1" lab boot h1 g1 mem=64 dirty=24 rate=2
redis_start
agents_start "h1 h2 h3" --interval 1s
check "the hosts have reported" until_true 60 agents_know 3
check "h3 takes none" exits 0 plimsoll maintenance enter h3
check "h1 is to be emptied" exits 0 plimsoll maintenance enter h1 --several
serve died.log --mode auto --interval 1s --set service.hold=0s --set migration.bandwidth=32Mbit/s --set brake.hosts=10
check "its guest is on its way" until_true 60 is_migrating h1
lab crash h2 >/dev/null
check "it is settled from its source, while the target is down" until_true 120 says died.log 'move.(settled|missed) vm=g1 .*(end=failed|failed)'
check "nothing is open" until_true 60 exits 0 plimsoll journal
check "it runs where it was" [ "$(lab virsh h1 domstate g1)" = running ]
check "the audit has it" plimsoll audit
check "SIGTERM ends it with status 0" service_stops
[ "$story_failed" = 0 ] || cat "$LAB/died.log"
story_end
