#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real live migrations by the libvirt executor (migrate_one), on good days and bad ones: what it says of their end is
# what both hosts show, and the guest's counter never starts again. Needs what `tests/lab/lab needs` says.
. tests/lab/story.sh

# move NAME VM FROM TO [options]: its output goes to $LAB/NAME.out, its exit status is passed on
move() {
	local name=$1 vm=$2 from=$3 to=$4
	shift 4
	lab ctl "$BUILD/migrate_one" "$vm" "$from" "$(lab uri "$from")" "$to" "$(lab uri "$to")" "$@" >"$LAB/$name.out"
}
# ended NAME PHASE [TEXT]: so it ended, and said TEXT
ended() {
	grep -q "^result $2 .*message=.*${3:-}" "$LAB/$1.out" || { cat "$LAB/$1.out"; return 1; }
}
# move_ends NAME PHASE TEXT VM FROM TO [options]
move_ends() {
	local name=$1 phase=$2 text=$3
	shift 3
	move "$name" "$@"
	ended "$name" "$phase" "$text"
}
seconds_below() { # NAME SECONDS
	awk -v most="$2" -F'seconds=' '/^result/ { split($2, s, " "); exit !(s[1] < most) }' "$LAB/$1.out"
}
quickly() { # SECONDS COMMAND...: true, and within that time
	local t=$SECONDS most=$1
	shift
	"$@" && [ $((SECONDS - t)) -le "$most" ]
}
is_running() { grep -qs "^phase running" "$LAB/$1.out"; }
persistent() { lab virsh "$1" dominfo "$2" | grep -q "^Persistent: *$3"; }
not_defined() { ! lab virsh "$1" dominfo "$2" >/dev/null 2>&1; }
is_paused_on() { [ "$(lab virsh "$1" -q domstate --reason "$2")" = "paused (user)" ]; }
statistics_are_there() { # bytes and downtime of a finished one
	grep -qE "^result done seconds=[0-9.]+ bytes=[1-9][0-9]+ downtime_ms=[0-9]+ " "$LAB/$1.out"
}

story_lab 4
story_hosts="h1 h2"
for i in 1 2 3; do check "guest $i boots" lab boot h1 "g$i" mem=64 dirty=16 rate=8; done
check "a persistent guest boots" lab boot h1 p1 mem=32 persist=1
check "a busy guest boots on h3" lab boot h3 busy mem=64 dirty=32 rate=32

echo "--- in the background: a source whose daemon hangs in the middle, on h3 and h4"
move hang busy h3 h4 bandwidth=8 limit=20000 &
hanging=$!
story_pids+=("$hanging")
check "it is on its way" until_true 10 is_running hang
check "the daemon of h3 hangs" lab freezed h3

echo "--- a migration"
check "a guest migrates" move_ends plain "done" "" g1 h1 h2
check "it says bytes and downtime" statistics_are_there plain
check "it runs on the target only" runs_only_on h2 g1
check "its counter goes on" counter_goes_on g1
check "a transient guest stays transient" persistent h2 g1 no
check "a persistent guest migrates" move_ends persist "done" "" p1 h1 h2
check "it is persistent on the target" persistent h2 p1 yes
check "and no longer defined on the source" not_defined h1 p1

echo "--- what cannot be started"
check "a VM that is gone" move_ends gone foreign "not started: h1 does not have it" g1 h1 h2
check "a target that is not there, at once" quickly 5 \
	move_ends nowhere failed "not started: h9 cannot be queried: unable to connect" g2 h1 h9
check "a target that has it already" move_ends there foreign "not started: h1 already has it: running" g2 h1 h1
check "a paused VM" lab virsh h1 -q suspend g3
check "is moved paused" move_ends paused "done" "" g3 h1 h2
check "it is paused there" is_paused_on h2 g3
check "and not on the source" not lab virsh h1 -q domstate g3
check "it is moved back, still paused" move_ends back "done" "" g3 h2 h1
check "it is paused here" is_paused_on h1 g3
check "it is resumed" lab virsh h1 -q resume g3
check "its counter goes on" counter_goes_on g3

echo "--- stopped on the way"
check "an aborted one says so" move_ends abort aborted "canceled" g2 h1 h2 bandwidth=4 abort=700
check "it runs on the source only" runs_only_on h1 g2
check "its counter goes on" counter_goes_on g2
check "one out of time is aborted" move_ends limit aborted "timeout" g2 h1 h2 bandwidth=4 limit=700
check "one that may use post-copy is switched to it instead" \
	move_ends post "done" "" g2 h1 h2 bandwidth=4 limit=700 post-copy
check "it runs on the target only" runs_only_on h2 g2
check "its counter goes on" counter_goes_on g2

echo "--- the target's daemon dies midway and is restarted"
move killed g3 h1 h2 bandwidth=4 &
killed=$!
story_pids+=("$killed")
check "it is on its way" until_true 10 is_running killed
lab killd h2
check "it is gone" until_true 5 not lab virsh h2 version
check "the daemon is back" lab startd h2
wait "$killed"
check "it failed, and both hosts were asked" ended killed failed
check "it runs on the source only" runs_only_on h1 g3
check "its counter goes on" counter_goes_on g3
check "and it can be moved then" move_ends again "done" "" g3 h1 h2

echo "--- the source's daemon hung"
wait "$hanging" # its time limit ends it, had the daemon not hung
check "the end is unclear, and it is said why" ended hang unclear "h3: cannot be queried"
check "in bounded time" seconds_below hang 15
lab thawd h3
story_hosts=
check "the guest was never lost" until_true 10 runs_only_on h3 busy
check "its counter goes on" counter_goes_on busy
story_end
