# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What the stories in the lab (tests/integration/lab_*_test.sh) have in common. Sourced, from the top of the tree:
#
#   . tests/lab/story.sh
#   story_lab 3                  a lab with 3 hosts, or exit 77 with the reason; taken down whatever happens
#   check, until_true, not       as in tests/story.sh
#   story_part "what it is about"  the next story, in the same lab: hosts up again, no guest, no program, no store, links as
#                                they were. A lab comes and goes in 2 to 5 s: what needs no other hosts is a part of a story there is
#   story_end                    exit 0 if every check held, and nothing is left on the machine
#
# Further down: words for guests ($GUESTS), for Redis, agents and services, and for what programs say.
#
# A story is given its build directory as $1 ($BUILD).
set -u
. tests/story.sh
BUILD=$(realpath "${1:-build/dev}")
LAB=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-lab.XXXXXX")
LAB_WAIT=${LAB_WAIT:-240}
export LAB LAB_WAIT
story_pids=()

lab() { tests/lab/lab "$@"; }

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
story_part() {
	local h g pid
	echo "--- $1"
	for pid in "${story_pids[@]}"; do kill "$pid" 2>/dev/null; done
	[ ${#story_pids[@]} = 0 ] || wait "${story_pids[@]}" 2>/dev/null
	story_pids=() story_hosts=
	for h in $(lab list | cut -d: -f1); do
		lab thawd "$h"
		lab virsh "$h" version || { lab start "$h" && lab virsh "$h" version; } || lab startd "$h"
		lab cable "$h" in
		lab link "$h" off
		for g in $(lab virsh "$h" list --all --name); do
			lab virsh "$h" -q destroy "$g" 2>/dev/null
			lab virsh "$h" -q undefine "$g" 2>/dev/null
		done
	done >/dev/null 2>&1
	rm -rf "$LAB"/share/*.ser "$LAB"/redis.sock "$LAB/state" "$LAB"/*.log "$LAB"/*.out "$LAB"/*.err
	check "the hosts are as they were" until_true 10 story_is_empty
}
story_is_empty() { [ "$(lab list | wc -w)" = "$(lab list | wc -l)" ] && ! lab list | grep -q '?'; }
story_end() {
	trap - EXIT
	story_cleanup
	check "nothing is left on the machine" lab check-clean
	echo "$story_checks checks, $story_failed failed"
	[ "$story_failed" = 0 ]
	exit
}

# story_needs PROGRAM...: without it the story is skipped
story_needs() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || { echo "$program is missing"; exit 77; }
	done
}

# ---- words for checks -----------------------------------------------------------------------------------------------

between() { # LEAST MOST VALUE
	[ -n "$3" ] && [ "$3" -ge "$1" ] && [ "$3" -le "$2" ] || { echo "        it is '$3', not $1..$2"; return 1; }
}
# says FILE REGEX: that file below $LAB has it, or FILE.err. count FILE REGEX: so many lines of it
says() { grep -qsE -- "$2" "$LAB/$1" "$LAB/$1.err"; }
count() { grep -csE -- "$2" "$LAB/$1"; }
ends() { # STATUS FILE COMMAND...: its exit status; its words are in FILE, its errors in FILE.err
	local status=$1 file=$2 got
	shift 2
	"$@" >"$LAB/$file" 2>"$LAB/$file.err" </dev/null
	got=$?
	[ "$got" = "$status" ] || { echo "exit $got:"; cat "$LAB/$file" "$LAB/$file.err"; return 1; }
}

# ---- guests ---------------------------------------------------------------------------------------------------------

guests_on() { lab list "$1" | wc -w | awk '{ print $1 - 1 }'; }
is_empty() { [ "$(guests_on "$1")" = 0 ]; }
# runs_only_on HOST NAME: on that host, and on no other (of $story_hosts, if set: a host that hangs is not asked)
# shellcheck disable=SC2086
runs_only_on() { [ "$(lab list ${story_hosts:-} | awk -v vm="$2" '{ for (i = 2; i <= NF; i++) if ($i == vm) print $1 }')" = "$1:" ]; }
# counter NAME: its counter. booted_once NAME. counter_goes_on NAME: without a restart, within 4 s
counter() { awk '/^tick [0-9]/ { tick = $2 } END { print tick + 0 }' "$LAB/share/$1.ser"; }
booted_once() { [ "$(grep -ac '^LAB-GUEST-UP' "$LAB/share/$1.ser")" = 1 ]; }
counter_above() { [ "$(counter "$1")" -gt "$2" ]; }
counter_goes_on() { booted_once "$1" && until_true 4 counter_above "$1" "$(counter "$1")" && booted_once "$1"; }

# is_migrating HOST [COUNT]: so many of its guests (1) are being sent now, says its libvirt
is_migrating() {
	local g n=0
	for g in $(lab list "$1" | cut -d: -f2); do
		! lab virsh "$1" domjobinfo "$g" 2>/dev/null | grep -q '^Data processed' || n=$((n + 1))
	done
	[ "$n" -ge "${2:-1}" ]
}

# boot_on HOST WORD...: all $GUESTS, at once
boot_on() {
	local host=$1 g jobs=()
	shift
	for g in $GUESTS; do
		lab boot "$host" "$g" "$@" &
		jobs+=($!)
	done
	wait "${jobs[@]}" # without names it would wait for agents and services, too
	[ "$(guests_on "$host")" = "$(wc -w <<<"$GUESTS")" ]
}
# each_runs_once: each of $GUESTS, and nobody else, on one host; none was started again, and its counter goes on
each_runs_once() {
	local g failed=0
	local -A before
	[ "$(lab list | cut -d: -f2 | tr ' ' '\n' | grep . | sort | tr '\n' ' ')" = "$(tr ' ' '\n' <<<"$GUESTS" | sort | tr '\n' ' ')" ] ||
		{ lab list; return 1; }
	for g in $GUESTS; do before[$g]=$(counter "$g"); done
	for g in $GUESTS; do
		booted_once "$g" && until_true 4 counter_above "$g" "${before[$g]}" || { echo "$g: $(lab ticks "$g")"; failed=1; }
	done
	return "$failed"
}

# ---- programs -------------------------------------------------------------------------------------------------------

URIS() { # HOST...: for --hosts
	local h uris=
	for h in "$@"; do uris=$uris,$(lab uri "$h"); done
	echo "${uris#,}"
}
redis_start() {
	redis=unix://$LAB/redis.sock
	redis-server --port 0 --unixsocket "$LAB/redis.sock" --save '' --appendonly no --dir "$LAB" >"$LAB/redis.log" 2>&1 &
	story_pids+=($!)
	until_true 5 test -S "$LAB/redis.sock"
}
# agents_start "HOST..." OPTION...: they report to $redis as cluster lab; %h in an option is the host
agents_start() {
	local h hosts=$1
	shift
	for h in $hosts; do
		tests/lab/lab in "$h" "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --host "$h" \
			--advertise "$(lab uri "$h")" "${@//%h/$h}" >"$LAB/agent-$h.log" 2>&1 &
		story_pids+=($!)
	done
}
# the command line, where the controller lives
plimsoll() { lab ctl "$BUILD/plimsoll" "$@" --redis "$redis" --cluster lab --set "$hosts_uri" --set "$hosts_admitted"; }
hosts_uri='service.uri=qemu+tcp://{host}/system' # the lab's libvirtd take TCP, without TLS
hosts_admitted='cluster.hosts=h*'                # whatever reports here is the lab's own
# agents_know COUNT: so many hosts have been measured, and what each of $GUESTS uses, which takes two readings
agents_know() {
	plimsoll snapshot -o "$LAB/known.json" >/dev/null 2>&1 &&
		jq -e --argjson hosts "$1" --argjson vms "$(wc -w <<<"$GUESTS")" '
			([.hosts[] | select(.fence == null or .fence == "none")] | length) == $hosts and
			([.vms[]? | select(.cpu != null)] | length) == $vms' "$LAB/known.json" >/dev/null 2>&1
}
# serve LOG OPTION...: a plimsolld with that log; $service is its pid (nsenter, so that it is the service's own)
serve() {
	local log=$1
	shift
	# shellcheck disable=SC2016 # for the shell that is started
	nsenter --net=/run/netns/labsw unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$LAB/etc-hosts" \
		"$BUILD/plimsolld" --redis "$redis" --cluster lab --state-dir "$LAB/state" --set "$hosts_uri" --set "$hosts_admitted" "$@" \
		>"$LAB/$log" 2>&1 &
	service=$!
	story_pids+=("$service")
}
# ends_with PID STATUS. service_stops: on SIGTERM, with status 0
ends_with() {
	local got
	wait "$1"
	got=$?
	[ "$got" = "$2" ] || { echo "exit $got"; return 1; }
}
service_stops() { kill -TERM "$service" && ends_with "$service" 0; }
