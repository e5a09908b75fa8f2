# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What all stories (tests/integration/*_test.sh) have in common. Sourced, from the top of the tree:
#
#   . tests/story.sh
#   check "what is true" COMMAND...     runs it; counts and says whether it held
#   until_true SECONDS COMMAND...       waits until it holds, so long at most
#   not COMMAND...                      holds where it fails
#   [ "$story_failed" = 0 ]             at the end
#
# A story waits for what it wants to see, never for a time: on a busy machine no time is long enough, on a quiet one all are
# too long (tests/arrows/sleeps.sh).
story_failed=0
story_checks=0

not() { ! "$@" >/dev/null 2>&1; }
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
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
