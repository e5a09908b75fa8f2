#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is measured on real hosts with real guests is true: by the agent, and without one from libvirt alone; and a
# libvirt that hangs or dies is reported as that, in seconds, and comes back. Needs: root, the lab's packages.
. tests/lab/story.sh
AGENT=$BUILD/plimsoll-agent
LAB_CPUS="1 1" LAB_MEMS="2048 1024" story_lab 2
lab boot h1 burner mem=32 burn=20 || exit 1
lab boot h1 idle mem=48 || exit 1

# value FILE METRIC [SUBJECT]: from the agent's JSON, which has one field a line
value() {
	tr -d '\n' <"$1" | grep -o '{ *"metric": "'"$2"'",[^}]*}' | grep -F "${3:+\"subject\": \"$3\"}" |
		sed -n 's/.*"value": "\{0,1\}\([^"}]*[^"} ]\)"\{0,1\} *}.*/\1/p' | tail -n 1
}
is() { [ "$(value "$1" "$2" "${4:-}")" = "$3" ]; }

# ---- the agent ----
lab in h1 "$AGENT" --once --print --json --interval 3s --host h1 --advertise "$(lab uri h1)" >"$LAB/once.json"
O=$LAB/once.json
used=$(value "$O" vm.cpu burner) waited=$(value "$O" vm.cpu.delay burner)
check "a guest that wants 20 % of a core uses it or waits for it" between 100 280 $((${used:-0} + ${waited:-0}))
check "an idle one does not" between 0 60 "$(value "$O" vm.cpu idle)"
check "the host is as busy as its guests, and a little more" between "$((${used:-0} / 2))" 900 "$(value "$O" host.cpu.busy)"
check "memory is the host's own" is "$O" host.memory.total 2048
check "guests have the memory they were given" is "$O" vm.memory 48 idle
check "they run" is "$O" vm.state running burner
check "their CPU model is known" is "$O" vm.cpu.model qemu64 burner
check "the uplink is seen from inside the host's network namespace" is "$O" nic.carrier 1 eth0
check "libvirt answers" is "$O" host.daemon 1
check "the host says how to reach it" is "$O" host.uri "$(lab uri h1)"
check "no collector failed" [ -z "$(grep '"error": "' "$O")" ]

# ---- without an agent ----
snapshot() { lab ctl timeout 40 "$BUILD/plimsoll" snapshot --hosts "$1" -o "$LAB/snapshot.json" >"$LAB/snapshot.out" 2>&1; }
both=$(lab uri h1),$(lab uri h2)
check "libvirt alone tells of both hosts" snapshot "$both"
check "the first" says snapshot.json '"name": "h1"'
check "the second, idle as it is" says snapshot.json '"name": "h2".*"memory_mib": 1024, "cpu_busy": 0'
check "and what its guests use" says snapshot.json '"name": "burner".*"cpu": 0.[0-9]'

# ---- a libvirt that hangs, then dies ----
lab in h1 "$AGENT" --print --json --interval 1s --host h1 >"$LAB/loop.json" 2>"$LAB/loop.log" &
story_pids+=($!)
daemon_is() { is "$LAB/loop.json" host.daemon "$1"; }
check "libvirt answers the agent" until_true 10 daemon_is 1
lab freezed h1
check "a libvirt that hangs is reported in seconds" until_true 15 daemon_is 0
snapshot "$both"
check "and from afar" says snapshot.json '"fence": "daemon"'
check "while the other host is read all the same" says snapshot.json '"name": "h2"'
lab thawd h1
check "when it goes on, the agent does" until_true 30 daemon_is 1
lab killd h1
check "a libvirt that died is reported" until_true 15 daemon_is 0
lab startd h1
check "and found again" until_true 40 daemon_is 1
check "guests did not notice" booted_once burner
story_end
