# shellcheck shell=bash disable=SC2034
# What the stories in the lab (tests/integration/lab_*_test.sh) have in common. Sourced, from the top of the tree:
#
#   . tests/lab/story.sh
#   story_lab 3                  a lab with 3 hosts, or exit 77 with the reason; taken down whatever happens
#   check "what is true" COMMAND...     runs it; counts and says whether it held
#   story_end                    exit 0 if every check held, and nothing is left on the machine
#
# A story is given its build directory as $1 ($BUILD).
set -u
BUILD=$(realpath "${1:-build/dev}")
LAB=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-lab.XXXXXX")
LAB_WAIT=${LAB_WAIT:-240}
export LAB LAB_WAIT
story_failed=0
story_checks=0
story_pids=()

lab() { tests/lab/lab "$@"; }
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

story_lab() {
	local status=0
	trap 'exit 130' INT TERM
	trap story_cleanup EXIT
	lab up "$@" || status=$?
	[ "$status" = 0 ] || exit "$status"
}
story_cleanup() {
	local pid
	trap '' INT TERM
	for pid in "${story_pids[@]}"; do kill "$pid" 2>/dev/null; done
	lab down >/dev/null 2>&1
	rm -rf "$LAB"
}
story_end() {
	trap - EXIT
	story_cleanup
	check "nothing is left on the machine" lab check-clean
	echo "$story_checks checks, $story_failed failed"
	[ "$story_failed" = 0 ]
	exit
}

# ---- words for checks -----------------------------------------------------------------------------------------------

# until_true SECONDS COMMAND...
until_true() {
	local end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.1
	done
}
# runs_only_on HOST NAME: on that host, and on no other (of $story_hosts, if set: a host that hangs is not asked)
# shellcheck disable=SC2086
runs_only_on() { [ "$(lab list ${story_hosts:-} | awk -v vm="$2" '{ for (i = 2; i <= NF; i++) if ($i == vm) print $1 }')" = "$1:" ]; }
# counter NAME: its counter. booted_once NAME. counter_goes_on NAME: without a restart, within 4 s
counter() { awk '/^tick [0-9]/ { tick = $2 } END { print tick + 0 }' "$LAB/share/$1.ser"; }
booted_once() { [ "$(grep -ac '^LAB-GUEST-UP' "$LAB/share/$1.ser")" = 1 ]; }
counter_above() { [ "$(counter "$1")" -gt "$2" ]; }
counter_goes_on() { booted_once "$1" && until_true 4 counter_above "$1" "$(counter "$1")" && booted_once "$1"; }
