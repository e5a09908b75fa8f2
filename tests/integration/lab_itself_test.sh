#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The lab does what the other stories rely on, and goes away without a trace, also when it is interrupted.
# Needs what `tests/lab/lab needs` says.
. tests/lab/story.sh

interrupted_up_leaves_nothing() {
	local pid
	LAB=$LAB.cut setsid tests/lab/lab up 3 >/dev/null 2>&1 &
	pid=$!
	sleep "$1" # it is to be met at several instants
	kill -TERM "$pid"
	! wait "$pid" && lab check-clean
}
limits_are_seen() { # the host's own figures, when lxcfs is there
	[ ! -d "$LAB/lxcfs/proc" ] || lab virsh h2 nodememstats | grep -q 'total *: *524288 KiB'
}
other_lab_is_refused() { ! LAB=$LAB.other LAB_WAIT=0 tests/lab/lab up 1 2>&1 && [ ! -e "$LAB.other" ]; }
remains_are_taken_away() { # the lab's maker and keeper die; what they made is found and removed
	kill -KILL "$(cut -d' ' -f1 "$LAB/keeper.pid")" && rm -rf "$LAB/hosts" && ! lab check-clean >/dev/null && lab down
}

tests/lab/lab needs || exit
for delay in 0.1 0.3 0.5; do check "an 'up' ended after $delay s leaves nothing" interrupted_up_leaves_nothing $delay; done
export LAB_CPUS="1 0.5" LAB_MEMS="1024 512"
story_lab 2
check "a host shows its own memory" limits_are_seen
check "a second lab is refused" other_lab_is_refused
check "a guest boots" lab boot h1 g1 mem=32 dirty=8 rate=4 burn=10
check "it migrates" lab migrate g1 h1 h2
check "it runs on the other host only" runs_only_on h2 g1
check "its counter goes on" counter_goes_on g1
check "a host crashes" lab crash h2
check "and comes back, empty" lab start h2
check "the guest went with it" [ "$(lab list | tr -d '\n')" = "h1: h2: " ]
check "a guest boots" lab boot h1 g1 mem=32
redis_start
lab link h1 1mbit
lab crash h2
story_part "another story in the same lab"
check "its hosts are both there" lab virsh h2 version
check "without a guest" [ "$(lab list | tr -d '\n')" = "h1: h2: " ]
check "and without a store" not redis-cli -s "$LAB/redis.sock" ping
check "a guest of the same name is another" lab boot h1 g1 mem=32
check "its counter begins anew" counter_goes_on g1
check "a lab whose state was lost is taken down all the same" remains_are_taken_away
story_end
