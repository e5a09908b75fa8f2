#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Told to stop in the middle of a plan: Ctrl-C once lets running migrations end and starts no more, twice aborts them; SIGTERM lets
# plimsolld end what runs and leave; a move is aborted by an operator, from the command line and over the API. Every guest runs
# exactly once afterwards. Needs what `tests/lab/lab needs` says, redis-server, curl, jq.
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

story_needs redis-server curl jq
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

echo "--- a move that runs is aborted by an operator"
serve abort.log --mode confirm --interval 1s --set service.hold=0s --set service.settle=0s --set api.socket="$LAB/a.sock" "${SLOW[@]}"
check "the service leads" until_true 30 says abort.log ' round.planned '
move_begins() { # VM: to h2, by the service
	plimsoll move "$1" h2 --yes >"$LAB/move-$1.out" 2>&1 </dev/null &
	story_pids+=($!)
	until_true 30 is_migrating h1
}
read -r first second _ <<<"$(lab list h1 | cut -d: -f2)"
check "a migration is on its way" move_begins "$first"
check "it is aborted by a command" ends 0 abort.out plimsoll abort "$first" --why "backup is running"
check "which says so once it has ended" says abort.out "^$first stays on h1: its migration to h2 was aborted by "
check "libvirt sends nothing any more" until_true 5 not is_migrating h1
check "it runs on the source only" runs_only_on h1 "$first"
check "its counter goes on" counter_goes_on "$first"
check "another is on its way" move_begins "$second"
id_() { plimsoll journal --json | jq -er --arg vm "$second" '[.open[] | select(.vm == $vm)][0].id | @uri' >"$LAB/id"; }
check "its id is in the journal" until_true 10 id_
abort_() { # CODE: by PUT
	[ "$(curl -s --max-time 30 -o "$LAB/abort.json" -w '%{http_code}' --unix-socket "$LAB/a.sock" -X PUT -H 'Content-Type: application/json' \
		-d '{"why": "backup is running"}' "http://localhost/api/v1/moves/$(cat "$LAB/id")/abort")" = "$1" ]
}
check "it is aborted over the API" abort_ 202
check "which says of the same again that it ended" until_true 20 abort_ 200
check "so" grep -Eq '"status": ?"aborted"' "$LAB/abort.json"
check "it runs on the source only" runs_only_on h1 "$second"
check "its counter goes on" counter_goes_on "$second"
check "the audit has both" audit_says 'aborted by .*: backup is running'
check "each guest runs exactly once" each_runs_once
check "the service ends well" service_stops
[ "$story_failed" = 0 ] || tail -n 30 "$LAB"/abort.* "$LAB"/move-*.out "$LAB"/apply.out "$LAB"/plimsolld.log "$LAB"/agent-*.log
story_end
