#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Guests that want k times the cores of their host wait (k-1)/k of their time, and the agent says so; guests that have
# room do not wait. The lab's host is a control group with so much CPU: a parent of the guests' own, so that what it holds
# back is waiting, which another host would cure. Needs: root, the lab's packages.
. tests/lab/story.sh
AGENT=$BUILD/plimsoll-agent
LAB_CPUS="0.5 1" LAB_MEMS="1024 1024" story_lab 2
lab boot h1 a mem=32 burn=100 || exit 1
lab boot h1 b mem=32 burn=100 || exit 1
lab boot h2 c mem=32 burn=20 || exit 1

# value FILE METRIC VM: of the agent's last report
value() {
	tr -d '\n' <"$1" | grep -o '{ *"metric": "'"$2"'",[^}]*}' | grep -F "\"subject\": \"$3\"" |
		sed -n 's/.*"value": "\{0,1\}\([0-9]*\).*/\1/p' | tail -n 1
}
read_host() { lab in "$1" "$AGENT" --once --print --json --interval 8s --host "$1" >"$LAB/$1.json"; }

read_host h1
H1=$LAB/h1.json
# Two whole cores wanted of half a one: k = 4, and three quarters of the time is waiting, within a tenth of that. A machine
# that is busy itself gives the host less than its half: then k is what it gave.
given=$(($(value "$H1" vm.cpu a) + $(value "$H1" vm.cpu b)))
check "the host gives its guests no more than it has" between 50 560 "$given"
[ "$given" -ge 450 ] && given=500
wait=$((1000 - given / 2))
for vm in a b; do
	check "$vm waits (k-1)/k of its time" between $((wait * 9 / 10)) $((wait * 11 / 10)) "$(value "$H1" vm.cpu.delay $vm)"
done
check "no limit of its own is blamed" [ -z "$(grep '"vm.cpu.throttled"' "$H1")" ]

# it reaches the snapshot, by redis or from afar, and the screens
lab ctl timeout 60 "$BUILD/plimsoll" snapshot --hosts "$(lab uri h1),$(lab uri h2)" -o "$LAB/snapshot.json" >"$LAB/snapshot.out" 2>&1
check "it is in the snapshot" says snapshot.json '"name": "a".*"cpu_delay": 0.[6-9]'
"$BUILD/plimsoll" status --from "$LAB/snapshot.json" >"$LAB/status.out" 2>&1
check "status names those that wait" says status.out '^ *a .*[6-9][0-9]\.[0-9]%'
"$BUILD/plimsoll" explain a --from "$LAB/snapshot.json" >"$LAB/explain.out" 2>&1
check "explain says how long" says explain.out 'it waits for a core [6-9][0-9]\.[0-9]% of the time'
read_host h2
check "one that has room waits less" between 0 400 "$(value "$LAB/h2.json" vm.cpu.delay c)"
story_end
