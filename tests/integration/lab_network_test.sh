#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What agents measure among themselves and of guests is true: the distance between hosts, of which one is at the end of a
# 20 ms cable; a burning guest as load, and as its neighbours' contention; how fast a guest dirties its memory.
# Needs: root, the lab's packages, redis-server.
. tests/lab/story.sh
story_needs redis-server
AGENT=$BUILD/plimsoll-agent
LAB_CPUS="1 1 1" LAB_MEMS="2048 1024 1024" LAB_DELAY="0 0 20" story_lab 3
lab boot h1 burner mem=32 burn=90 || exit 1
lab boot h1 neighbour mem=32 burn=50 || exit 1
lab boot h2 alone mem=32 burn=30 || exit 1
lab boot h3 dirty mem=768 dirty=640 rate=16 || exit 1

# Redis where the controller lives; an agent on each host, each answering the others
lab ctl redis-server --port 6379 --bind 10.77.0.1 --protected-mode no --save '' --dir "$LAB" >"$LAB/redis.log" 2>&1 &
story_pids+=($!)
for h in h1 h2 h3; do
	lab in "$h" "$AGENT" --redis redis://10.77.0.1 --cluster lab --host "$h" --advertise "$(lab uri "$h")" \
		--interval 1s >"$LAB/$h.log" 2>&1 &
	story_pids+=($!)
done
# who measures the distance to whom is said by the service
lab ctl "$BUILD/plimsolld" --redis redis://10.77.0.1 --cluster lab --state-dir "$LAB/state" --set 'cluster.hosts=h*' --mode advise --interval 2s >"$LAB/plimsolld.log" 2>&1 &
story_pids+=($!)
plimsoll() { lab ctl timeout 20 "$BUILD/plimsoll" "$@" --redis redis://10.77.0.1 --cluster lab; }
report() { lab ctl redis-cli -h 10.77.0.1 get "plimsoll:{lab}:report:$1"; }
# value HOST METRIC SUBJECT
value() { report "$1" | awk -F '\t' -v m="$2" -v s="$3" '$1 == m && $2 == s { print $3 }'; }
value_between() { [ -n "$(value "$3" "$4" "$5")" ] && [ "$(value "$3" "$4" "$5")" -ge "$1" ] && [ "$(value "$3" "$4" "$5")" -le "$2" ]; }

# ---- distance ----
measured() { plimsoll distance --json >"$LAB/distance.json" && [ "$(grep -c '"source": "measured"' "$LAB/distance.json")" = 3 ]; }
check "agents fill the matrix of distances" until_true 60 measured
check "a round trip over a cable of no length is short" until_true 30 value_between 1 5000 h1 peer.rtt h2
check "one over the cable of 20 ms is 40 ms" until_true 30 value_between 40000 59999 h1 peer.rtt h3
check "from the other end too" until_true 30 value_between 40000 59999 h3 peer.rtt h2
plimsoll distance >"$LAB/distance.txt"
cat "$LAB/distance.txt"
check "a person sees it" grep -Eq '^h1 .* [45][0-9]\.[0-9] ms' "$LAB/distance.txt"
in_snapshot() { plimsoll snapshot -o "$LAB/snapshot.json" >/dev/null 2>&1 &&
	grep -q '"name": "h3".*"rtt_seconds": { "h1": 0\.0[45][0-9]*, "h2": 0\.0[45][0-9]* }' "$LAB/snapshot.json"; }
check "and it is in the snapshot, once the host has met both others" until_true 30 in_snapshot
check "strangers get no answer" lab ctl timeout 2 bash -c '
	exec 3<>/dev/udp/10.77.0.11/16599
	printf "plm1\1\0\0\0%040d" 0 >&3
	! timeout 1 head -c 1 <&3 | grep -q .'

# ---- load and contention ----
check "a guest that burns is seen to use its host's core" until_true 20 value_between 500 1000 h1 host.cpu.busy ""
check "its neighbour waits for a core" until_true 20 value_between 100 1000 h1 vm.cpu.delay neighbour
waits_less() { # the cores of this machine are shared by all three hosts: some waiting there is always
	local alone neighbour
	alone=$(value h2 vm.cpu.delay alone) neighbour=$(value h1 vm.cpu.delay neighbour)
	[ -n "$alone" ] && [ -n "$neighbour" ] && [ $((4 * alone)) -lt $((3 * neighbour)) ]
}
check "a guest that has a host to itself waits clearly less" until_true 20 waits_less
echo "        vm.cpu.delay alone $(value h2 vm.cpu.delay alone), neighbour $(value h1 vm.cpu.delay neighbour), in thousandths"

# ---- dirty rate: QEMU samples 384 pages of a guest of 768 MiB; over T seconds at R MiB/s a mean is off by ±√(2 × R / T),
# so that of 16 MiB/s one window of 10 s says as much as 80 s say of 2 MiB/s
check "its dirty rate is known within a minute" until_true 60 value_between 1 1000000 h3 vm.dirty dirty
check "a guest that dirties 16 MiB/s is measured at 16 ± 4" until_true 40 value_between 12288 20480 h3 vm.dirty dirty
echo "        vm.dirty $(value h3 vm.dirty dirty) KiB/s, in one second $(value h3 vm.dirty.burst dirty)"
check "one that dirties nothing at none" until_true 30 value_between 0 300 h2 vm.dirty alone
check "nobody's libvirt noticed" [ -z "$(grep -h 'collector=vms\|collector=libvirt' "$LAB"/h?.log)" ]
story_end
