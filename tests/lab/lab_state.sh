# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What the lab knows about itself: where its state is, which processes are its own, and the machine-wide lock.
# Sourced by lab.

LAB=$(realpath -m "${LAB:-${TMPDIR:-/tmp}/plimsoll-lab}")
SHARE=$LAB/share   # the hosts' shared storage: guest kernels, serial logs
NET=10.77.0        # lives only inside our own network namespaces
SWITCH=labsw       # the namespace of the bridge, and of the controller at $NET.1
TAG=labh           # host h1 has namespace and cgroup labh1
LOCK=/run/lock/plimsoll-lab.lock
MARKER=plimsoll-lab # a file in $LAB: the directory is the lab's, and `down` may remove it

die() { echo "lab: $*" >&2; exit 1; }
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'; }

# retry COUNT SECONDS COMMAND...: until it succeeds
retry() {
	local i count=$1 pause=$2
	shift 2
	for ((i = 0; i < count; i++)); do
		"$@" && return 0
		sleep "$pause"
	done
	return 1
}

# ---- processes: a pid file holds "PID START", so that a pid used again is not taken for ours ------------------------

process_start() { # when it started, in ticks since boot; nothing if there is none, or only a zombie
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # split on purpose: state is field 1, starttime field 20 of what follows the name
	set -- $stat
	[ "$1" != Z ] && echo "${20}"
}
pid_save() { echo "$2 $(process_start "$2")" >"$1"; }
pid_alive() { # FILE: prints the pid if that very process is still there
	local pid start
	read -r pid start 2>/dev/null <"$1" || return 1
	[ -n "$start" ] && [ "$(process_start "$pid")" = "$start" ] && echo "$pid"
}
pid_gone() { ! pid_alive "$1" >/dev/null; }
pid_end() { # FILE SIGNAL: ends it and waits until it has gone, at most 5 s, then harder
	local pid
	if pid=$(pid_alive "$1"); then
		kill "-$2" "$pid" 2>/dev/null
		retry 100 0.05 pid_gone "$1" || kill -KILL "$pid" 2>/dev/null
		retry 100 0.05 pid_gone "$1"
	fi
	rm -f "$1"
}

# ---- needs ----------------------------------------------------------------------------------------------------------

lab_needs() {
	local command missing=
	[ "$(uname -m)" = x86_64 ] || skip "the guests are x86_64 programs; this machine is $(uname -m)"
	[ "$(id -u)" = 0 ] || skip "root is needed, for namespaces"
	for command in ip nsenter unshare libvirtd virsh qemu-system-x86_64 gcc ld flock; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || missing="$missing $command"
	done
	[ -z "$missing" ] || skip "missing:$missing (Debian 12: apt-get install --no-install-recommends" \
		"libvirt-daemon-system libvirt-clients qemu-system-x86 iproute2 gcc; lxcfs fuse3 if wanted)"
	unshare --net --mount --uts --ipc --pid --fork ip link add br0 type bridge 2>/dev/null ||
		skip "namespaces or bridges may not be made here (a container without privileges?)"
}
skip() { echo "lab: cannot run here: $*" >&2; exit 77; }

# ---- one lab at a time ----------------------------------------------------------------------------------------------

# The lock is held by a process of its own (the keeper) from up to down, so that it is never free while a lab exists.
lab_is_ours() { pid_alive "$LAB/keeper.pid" >/dev/null; }
lock_take() {
	local tries=$((${LAB_WAIT:-0} * 2 + 1))
	if [ -e "$LAB" ] && [ ! -e "$LAB/$MARKER" ] && [ -n "$(ls -A "$LAB")" ]; then
		die "LAB=$LAB is no lab's directory and not empty; take another"
	fi
	mkdir -p "${LOCK%/*}"
	exec 9>>"$LOCK" || die "cannot open $LOCK"
	if ! retry "$tries" 0.5 flock -n 9; then
		echo "lab: another lab exists on this machine: $(cat "$LOCK")" >&2
		exit 1
	fi
	if ip netns list 2>/dev/null | grep -qE "^($SWITCH|${TAG}[0-9]+)\b"; then
		exec 9>&-
		lab_check_clean >&2
		die "the remains of another lab are in the way (above); 'LAB=its-directory lab down' takes them away"
	fi
	mkdir -p "$LAB" && : >"$LAB/$MARKER" || exit 1
	echo "state in $LAB, made by pid $PPID ($(tr '\0' ' ' <"/proc/$PPID/cmdline")) at $(date '+%F %T')" >"$LOCK"
	setsid sleep infinity </dev/null >/dev/null 2>&1 &
	pid_save "$LAB/keeper.pid" $!
	exec 9>&-
}
lock_is_free() { ! [ -e "$LOCK" ] || flock -n "$LOCK" true; }
lock_release() {
	pid_end "$LAB/keeper.pid" TERM
}

# ---- what is left ---------------------------------------------------------------------------------------------------

netns_names() { ip netns list 2>/dev/null | awk '{ print $1 }' | grep -E "^($SWITCH|${TAG}[0-9]+)$"; }
cgroup_dirs() { find /sys/fs/cgroup -maxdepth 2 -type d -name "${TAG}[0-9]*" 2>/dev/null; }

# Pids of processes by place: in a lab's namespace or cgroup, or lxcfs and keeper of this state directory. Not the
# caller's own ancestors: `lab down` may be called from inside.
lab_pids() {
	local pid name ancestors=" $$ $BASHPID "
	pid=$$
	while [ "${pid:-0}" -gt 1 ]; do
		pid=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status" 2>/dev/null)
		ancestors="$ancestors$pid "
	done
	{
		for name in $(netns_names); do ip netns pids "$name" 2>/dev/null; done
		grep -lE "[:/]${TAG}[0-9]+\$" /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3
		for name in "$LAB/keeper.pid" "$LAB/lxcfs.pid"; do pid_alive "$name"; done
	} | sort -nu | while read -r pid; do
		case $ancestors in *" $pid "*) continue ;; esac
		process_start "$pid" >/dev/null && echo "$pid"
	done
}

lab_check_clean() {
	local left
	left=$(
		for i in $(netns_names); do echo "namespace $i"; done
		for i in $(cgroup_dirs); do echo "cgroup $i"; done
		awk -v lab="$LAB/" 'index($5 "/", lab) == 1 { print "mount", $5 }' /proc/self/mountinfo
		for i in $(lab_pids); do echo "process $i: $(tr '\0' ' ' <"/proc/$i/cmdline" | cut -c1-100)"; done
		[ ! -d "$LAB/hosts" ] || echo "directory $LAB/hosts"
	)
	[ -z "$left" ] && { echo "lab: nothing is left"; return 0; }
	echo "lab: left on this machine:"
	printf '  %s\n' "${left//$'\n'/$'\n'  }"
	return 1
}
