#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is done with guests that do not converge, and with hosts and cables that fail midway: by the strategies a plan
# may ask for. After each: the guest runs exactly once, and was never started again. Needs what `tests/lab/lab needs` says.
. tests/lab/story.sh

move() { # NAME VM FROM TO [options]
	local name=$1 vm=$2 from=$3 to=$4
	shift 4
	lab ctl "$BUILD/migrate_one" "$vm" "$from" "$(lab uri "$from")" "$to" "$(lab uri "$to")" "$@" >"$LAB/$name.out"
}
ended() { # NAME PHASE [TEXT]
	grep -q "^result $2 .*${3:-}" "$LAB/$1.out" || { cat "$LAB/$1.out"; return 1; }
}
move_ends() { # NAME PHASE TEXT VM FROM TO [options]
	local name=$1 phase=$2 text=$3
	shift 3
	move "$name" "$@"
	ended "$name" "$phase" "$text"
}
# its source's libvirt has no job any more, or the mover has its end
stopped_sending() { says "$1.out" '^(result|phase verifying)' || lab virsh "$2" domjobinfo "$3" 2>/dev/null | grep -q '^Job type: *None'; }
is_running() { grep -qs "^phase running" "$LAB/$1.out"; }
# post-copy needs userfaultfd for the kernel's faults of QEMU: root has it, others where the sysctl says so
post_copy_works() { [ "$(id -u)" = 0 ] || [ "$(cat /proc/sys/vm/unprivileged_userfaultfd 2>/dev/null)" = 1 ]; }

story_lab 3
check "a guest that dirties 32 MiB/s boots" lab boot h1 busy mem=64 dirty=32 rate=32
check "a calm one boots" lab boot h1 calm mem=64 dirty=8 rate=1
check "a persistent one boots" lab boot h1 cold mem=32 persist=1

echo "--- a guest that dirties more than its share of the link takes"
check "out of time it is aborted, and says that it stalled" \
	move_ends stalls aborted "stalled=[1-9].*timeout" busy h1 h2 bandwidth=16 limit=15000 pause=20-60
check "it runs on the source only" runs_only_on h1 busy
check "its counter goes on" counter_goes_on busy
if post_copy_works; then
	check "by post-copy it moves" move_ends post "done" "post_copy=1" busy h1 h2 bandwidth=16 limit=60000 strategy=post-copy
	check "it runs on the target only" runs_only_on h2 busy
	check "its counter goes on" counter_goes_on busy
	check "at its deadline it is switched, where that was allowed" \
		move_ends late "done" "post_copy=1" busy h2 h1 bandwidth=8 limit=2000 at-deadline=post-copy post-copy
	check "it runs on the target only" runs_only_on h1 busy

	echo "--- the network breaks in post-copy"
	in_post_copy() { [ "$(lab virsh h1 -q domstate --reason busy 2>/dev/null)" = "paused (post-copy)" ]; }
	broke_off() { [ "$(lab virsh h1 -q domstate --reason busy 2>/dev/null)" = "paused (post-copy failed)" ]; }
	reset_streams() { # QEMU's, on both hosts
		lab in h1 ss -K dport ge :49152 dport lt :49216 >/dev/null 2>&1
		lab in h2 ss -K sport ge :49152 sport lt :49216 >/dev/null 2>&1
	}
	move torn busy h1 h2 bandwidth=3 limit=3000 at-deadline=post-copy post-copy &
	torn=$!
	story_pids+=("$torn")
	check "it is in post-copy" until_true 20 in_post_copy
	lab cable h2 out
	check "its streams are cut" reset_streams
	check "its source says that it broke off" until_true 60 broke_off
	lab cable h2 in
	wait "$torn"
	check "it is taken up again, and done" ended torn "done" "post_copy=1 resumes=[1-9]"
	check "it runs on the target only" runs_only_on h2 busy
	check "its counter goes on" counter_goes_on busy
else
	echo "skipped post-copy cannot run here: vm.unprivileged_userfaultfd is 0, and this is not root"
fi
check "over parallel connections a calm one moves" move_ends multi "done" "message=" calm h1 h2 strategy=multifd channels=2
check "it runs on the target only" runs_only_on h2 calm
check "its counter goes on" counter_goes_on calm

echo "--- the migration network's address"
check "the data go where they are told to" move_ends where "done" "message=" calm h2 h1 network=tcp://10.77.0.11
check "an address that leads nowhere is a failure" move_ends lost failed "" calm h1 h2 network=tcp://10.77.0.99
check "it runs on the source only" runs_only_on h1 calm
check "its counter goes on" counter_goes_on calm

echo "--- a guest that is off"
check "it is off" lab virsh h1 -q destroy cold
check "it is moved cold" move_ends cold "done" "message=" cold h1 h2 offline
check "it is defined there" lab virsh h2 -q dominfo cold
check "and not here any more" not lab virsh h1 -q dominfo cold
check "one that runs is not moved cold" move_ends warm foreign "it is not off but running" calm h1 h2 offline

echo "--- the target dies midway, whole"
move dies calm h1 h3 bandwidth=2 limit=60000 &
dies=$!
story_pids+=("$dies")
check "it is on its way" until_true 10 is_running dies
lab crash h3
wait "$dies"
check "the end is failed, or unclear as long as the target is not there to be asked" grep -qE "^result (failed|unclear) " "$LAB/dies.out"
story_hosts="h1 h2"
check "it runs on the source" until_true 20 runs_only_on h1 calm
check "its counter goes on" counter_goes_on calm
check "the host comes back, empty" lab start h3
story_hosts=
check "the guest runs exactly once" until_true 20 runs_only_on h1 calm

echo "--- the cable is pulled midway"
move cut calm h1 h2 bandwidth=2 limit=60000 &
cut=$!
story_pids+=("$cut")
check "it is on its way" until_true 10 is_running cut
lab cable h2 out
check "its source notices, by keepalive" until_true 15 stopped_sending cut h1 calm
lab cable h2 in
wait "$cut"
check "it has an end, and says which" grep -qE "^result (failed|aborted|unclear|done) " "$LAB/cut.out"
runs_once() { runs_only_on h1 "$1" || runs_only_on h2 "$1"; }
check "the guest runs exactly once" until_true 30 runs_once calm
check "its counter goes on" counter_goes_on calm
[ "$story_failed" = 0 ] || tail -n 4 "$LAB"/*.out
story_end
