#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Told to stop in the middle of a plan: Ctrl-C once lets running migrations end and starts no more, twice aborts them;
# SIGTERM lets plimsolld end what runs and leave. Every guest runs exactly once afterwards. Needs what `tests/lab/lab
# needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1"
GUESTS=$(seq -f 'g%g' 1 6)
# one after the other, and slow enough to be met on the way
SLOW=(--set migration.bandwidth=32Mbit/s --set plan.moves_out=1 --set plan.moves_in=1)

apply() {
	tests/lab/lab ctl "$BUILD/plimsoll" apply --hosts "$uris" --yes "${SLOW[@]}" >"$LAB/apply.out" 2>&1 </dev/null &
	program=$!
	story_pids+=("$program")
}
audit_says() { plimsoll audit --json | grep -q "$1"; }

story_needs redis-server
story_lab 2
uris=$(URIS h1 h2)
check "six guests are on h1" boot_on h1 mem=32 dirty=12 rate=2 burn=10

echo "--- Ctrl-C once"
apply
check "a migration is on its way" until_true 30 is_migrating h1 # what its executor has not begun is dropped
kill -INT "$program"
check "the command ends and says that not all is done" ends_with "$program" 3
check "what ran has ended well" [ "$(count apply.out '^done ')" = "$(count apply.out '^start ')" ]
check "nothing more was started" [ "$(count apply.out '^start ')" = 1 ]
check "one guest has moved" [ "$(guests_on h2)" = 1 ]
check "each guest runs exactly once" each_runs_once

echo "--- Ctrl-C twice"
apply
check "a migration is on its way" until_true 30 is_migrating h1 # what its executor has not begun is dropped
kill -INT "$program"
check "it says that it is stopping" until_true 10 says apply.out '^stopping'
kill -INT "$program"
check "the command ends and says that one was broken off" ends_with "$program" 3
check "nothing was moved" [ "$(count apply.out '^done ')" = 0 ]
check "still one guest has moved" [ "$(guests_on h2)" = 1 ]
check "each guest runs exactly once" each_runs_once

echo "--- the service, and SIGTERM"
redis_start
agents_start "h1 h2" --interval 1s
serve plimsolld.log --mode auto --interval 2s --set service.hold=0s "${SLOW[@]}"
check "a migration is on its way" until_true 60 is_migrating h1
check "the service ends well" service_stops
check "what ran has ended well" [ "$(count plimsolld.log 'move.done')" = "$(count plimsolld.log 'move.started')" ]
check "nothing more was started" [ "$(count plimsolld.log 'move.started')" = 1 ]
check "each guest runs exactly once" each_runs_once
check "the audit has what was moved, predicted and measured" audit_says '"end": "done"'
check "and what was not reached" audit_says '"end": "not-reached"'
check "the decision is made again from its record, byte for byte" plimsoll replay last
[ "$story_failed" = 0 ] || tail -n 30 "$LAB"/apply.out "$LAB"/plimsolld.log "$LAB"/agent-*.log
story_end
