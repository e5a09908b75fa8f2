#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The answer to a migration's last call is lost, so that its VM runs on the source and on the target: it is seen at once,
# said by status and by plans, and moved by nobody until a person has ended one of the two. Needs what
# `tests/lab/lab needs` says, gcc, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1" LAB_MEMS="1024 1024"
GUESTS="g1"
runs_on_both() { [ "$(lab virsh h1 domstate g1 2>&1)" = running ] && [ "$(lab virsh h2 domstate g1 2>&1)" = running ]; }
exits() { # STATUS COMMAND…
	local want=$1 got
	shift
	"$@" >"$LAB/exits.out" 2>&1
	got=$?
	[ $got = "$want" ] || { echo "        exit $got"; cat "$LAB/exits.out"; return 1; }
}
has() { grep -q -- "$1" "$LAB/exits.out" || { cat "$LAB/exits.out"; return 1; }; }
says_doubled() { plimsoll status >"$LAB/exits.out" 2>&1; has 'ALARM: VM g1 runs on h1 and h2 at once\|ALARM: VM g1 runs on h2 and h1 at once'; }

story_needs redis-server gcc
story_lab 2
check "a guest is on h1" lab boot h1 g1 mem=32
gcc -std=gnu17 -D_GNU_SOURCE -O2 -o "$LAB/finishdrop" tests/lab/finishdrop.c || exit 1
target=$(lab uri h2)
target=${target#qemu+tcp://}
lab in h2 "$LAB/finishdrop" 16510 "${target%/system}" 16509 >"$LAB/finishdrop.log" 2>&1 &
story_pids+=($!)
check "something between the hosts waits for Finish" until_true 10 grep -q listens "$LAB/finishdrop.log"
redis_start
agents_start "h1 h2" --interval 1s
check "the hosts have reported" until_true 20 exits 0 plimsoll status

echo "--- the service moves it, and the answer is lost"
cat >"$LAB/hosts.yaml" <<END
hosts:
  - hosts: h2
    uri: qemu+tcp://${target%/system}:16510/system
END
check "h1 is to be emptied" exits 0 plimsoll maintenance enter h1
serve doubled.log --settings "$LAB/hosts.yaml" --mode auto --interval 1s --set service.hold=0s --set service.settle=1s
check "the answer is lost" until_true 60 grep -q dropped "$LAB/finishdrop.log"
check "the guest runs on both hosts" until_true 20 runs_on_both
check "the service has looked at both at once" until_true 30 says doubled.log 'move.missed vm=g1 .*end=unclear .*h1: running; h2: running'
check "status says it, loudest" until_true 20 says_doubled
check "and exits with 3" exits 3 plimsoll status
check "so does a plan" exits 3 plimsoll plan
check "that says where it runs" has 'ALARM: VM g1 runs on'
check "and in JSON" bash -c "tests/lab/lab ctl '$BUILD/plimsoll' plan --json --redis '$redis' --cluster lab --set '$hosts_uri' --set '$hosts_admitted' | grep -q '\"doubled\": \\[{\"vm\": \"g1\"'"
check "the service's log says it" until_true 20 says doubled.log 'vm.doubled vm="g1"'
check "nothing moves it" [ "$(grep -c 'move.started vm=g1 ' "$LAB/doubled.log")" = 1 ]
check "h1 is not said to be empty" bash -c "! tests/lab/lab ctl '$BUILD/plimsoll' maintenance status --redis '$redis' --cluster lab | grep -q 'h1.*empty'"

echo "--- a person ends one of the two"
lab virsh h1 destroy g1 >/dev/null
check "it is settled, and said" until_true 30 says doubled.log 'vm.single vm="g1"'
check "its move is written down as done" until_true 30 says doubled.log 'move.settled vm=g1 .*end=done'
check "status is calm again" until_true 20 exits 0 plimsoll status
check "SIGTERM ends it with status 0" service_stops
[ "$story_failed" = 0 ] || cat "$LAB/doubled.log" "$LAB/finishdrop.log"
story_end
