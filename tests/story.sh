# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all stories (tests/integration/*_test.sh) have in common. Sourced, from the top of the tree:
#
#   . tests/story.sh
#   check "what is true" COMMAND...     runs it; counts and says whether it held
#   until_true SECONDS COMMAND...       waits until it holds, so long at most
#   not COMMAND...                      holds where it fails
#   needs TOOL...                       the story is skipped where one is not there
#   free_ports N                        N ports, a line each
#   [ "$story_failed" = 0 ]             at the end
#
# A story waits for what it wants to see, never for a time: on a busy machine no time is long enough, on a quiet one all are
# too long (tests/arrows/sleeps.sh).
story_failed=0
story_checks=0

not() { ! "$@" >/dev/null 2>&1; }
needs() {
	local tool
	for tool; do command -v "$tool" >/dev/null || { echo "no $tool"; exit 77; }; done
}
check() {
	local what=$1 t
	shift
	t=$(date +%s%N)
	story_checks=$((story_checks + 1))
	if "$@"; then
		echo "ok      $what ($((($(date +%s%N) - t) / 1000000)) ms)"
	else
		story_failed=$((story_failed + 1))
		echo "FAILED  $what: $*"
	fi
}
# free_ports N: ports of 127.0.0.1 that nobody listens on now, a line each
free_ports() {
	python3 -c '
import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
for x in s: x.bind(("127.0.0.1", 0))
for x in s: print(x.getsockname()[1])' "$1"
}
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
