# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Hosts: a host is a set of namespaces with a libvirtd, joined by a bridge in $SWITCH. Sourced by lab.

host_dir() { echo "$LAB/hosts/$1"; }
host_number() { echo "${1#h}"; }
host_ip() { echo "$NET.$((10 + $(host_number "$1")))"; }
host_uri() { echo "qemu+tcp://$(host_ip "$1")/system"; }
hosts() { find "$LAB/hosts" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -V; }
host_known() { [ -d "$(host_dir "$1")" ] || die "there is no host '$1'; there are: $(hosts | tr '\n' ' ')"; }
# the host's word in a list: host_word h2 "1 0.5 0.5" is 0.5
host_word() { echo "$2" | cut -d' ' -f"$(host_number "$1")" -s; }

# The whole host's pid 1 seen from outside; nsenter, not `ip netns exec`, which would hide /sys/fs/cgroup.
host_exec() {
	local h=$1 pid
	shift
	host_known "$h"
	pid=$(pid_alive "$(host_dir "$h")/init.pid") || die "$h is down"
	cgroup_join "$h"
	exec nsenter -t "$pid" -m -u -i -n -p -- "$@"
}
# The controller finds the hosts by their names, as they find each other.
ctl_exec() {
	# shellcheck disable=SC2016 # for the shell that is started
	exec ip netns exec "$SWITCH" sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$LAB/etc-hosts" "$@"
}
host_run() { (host_exec "$@"); }
ctl_run() { (ctl_exec "$@"); }

# ---- configuration --------------------------------------------------------------------------------------------------

host_configure() {
	local h=$1 dir ip
	dir=$(host_dir "$h") ip=$(host_ip "$h")
	mkdir -p "$dir"/{etc/qemu,etc/hooks,run,lib,log,cache} || die "cannot write $dir"
	# host_uuid: distinct, or libvirt takes the hosts for one. keepalive: a dead peer is noticed in 6 to 7 s.
	cat >"$dir/etc/libvirtd.conf" <<END
listen_tls = 0
listen_tcp = 1
listen_addr = "$ip"
auth_tcp = "none"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
unix_sock_rw_perms = "0700"
host_uuid = "$(printf '77000000-0000-4000-8000-%012d' "$(host_number "$h")")"
keepalive_interval = 2
keepalive_count = 3
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
END
	# No cgroups, namespaces, virtlogd and capabilities games of libvirt's own: the host is our cgroup and namespace.
	cat >"$dir/etc/qemu.conf" <<END
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
security_default_confined = 0
cgroup_controllers = []
namespaces = []
clear_emulator_capabilities = 0
stdio_handler = "file"
max_core = 0
migration_host = "$ip"
migration_address = "$ip"
keepalive_interval = 2
keepalive_count = 3
END
}

# ---- cgroups: one for a whole host, version 1 or 2 ------------------------------------------------------------------

CGROUPS=/sys/fs/cgroup
cgroup_roots() { # directories below which a host has its cgroup
	local c
	if [ -f "$CGROUPS/cgroup.controllers" ]; then
		echo "$CGROUPS"
	else
		for c in cpu cpuacct cpuset memory unified; do [ ! -d "$CGROUPS/$c" ] || echo "$CGROUPS/$c"; done
	fi
}
cgroup_make() {
	local h=$1 root cores mib
	cores=$(host_word "$h" "${LAB_CPUS:-} ") mib=$(host_word "$h" "${LAB_MEMS:-} ")
	if [ -f "$CGROUPS/cgroup.controllers" ]; then
		echo "+cpu +cpuset +memory" >"$CGROUPS/cgroup.subtree_control" 2>/dev/null
	fi
	for root in $(cgroup_roots); do mkdir -p "$root/$TAG${h#h}"; done
	if [ -d "$CGROUPS/cpuset" ]; then # version 1: empty until told
		for root in cpuset.cpus cpuset.mems; do
			cat "$CGROUPS/cpuset/$root" >"$CGROUPS/cpuset/$TAG${h#h}/$root"
		done
	fi
	if [ -n "$cores" ]; then
		cores=$(awk -v c="$cores" 'BEGIN { print int(c * 100000) }')
		cgroup_set "$h" cpu/ cpu.cfs_quota_us "$cores" cpu.max "$cores 100000"
	fi
	[ -z "$mib" ] || cgroup_set "$h" memory/ memory.limit_in_bytes "${mib}M" memory.max "${mib}M"
}
cgroup_set() { # HOST CONTROLLER/ V1_FILE V1_VALUE V2_FILE V2_VALUE
	local group=$TAG${1#h}
	if [ -f "$CGROUPS/cgroup.controllers" ]; then
		echo "$6" >"$CGROUPS/$group/$5"
	else
		echo "$4" >"$CGROUPS/$2$group/$3"
	fi || die "cannot limit $1 by cgroup"
}
cgroup_join() { # moves this process
	local root
	for root in $(cgroup_roots); do
		[ ! -d "$root/$TAG${1#h}" ] || echo "$BASHPID" >"$root/$TAG${1#h}/cgroup.procs"
	done
}
cgroup_gone() {
	local dir left=0
	for dir in $(cgroup_dirs); do
		find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null
		[ ! -d "$dir" ] || left=1
	done
	return "$left"
}

# ---- lxcfs: /proc/stat and /proc/meminfo of the cgroup; must be mounted before the hosts' mount namespaces ----------

lxcfs_ready() { [ -f "$LAB/lxcfs/proc/stat" ]; }
lxcfs_up() {
	command -v lxcfs >/dev/null || return 0
	pid_alive "$LAB/lxcfs.pid" >/dev/null && return 0
	mkdir -p "$LAB/lxcfs"
	setsid lxcfs -f -l --enable-cfs -p "$LAB/lxcfs.lock" "$LAB/lxcfs" </dev/null >"$LAB/lxcfs.log" 2>&1 &
	pid_save "$LAB/lxcfs.pid" $!
	retry 100 0.02 lxcfs_ready || echo "lab: lxcfs did not mount; hosts show the machine's figures" >&2
}
lxcfs_down() {
	! mountpoint -q "$LAB/lxcfs" || umount -l "$LAB/lxcfs"
	pid_end "$LAB/lxcfs.pid" TERM
	rm -f "$LAB/lxcfs.lock"
}

# ---- network --------------------------------------------------------------------------------------------------------

switch_up() {
	{
		ip netns add "$SWITCH" && ip -n "$SWITCH" link set lo up &&
			ip -n "$SWITCH" link add br0 type bridge && ip -n "$SWITCH" addr add "$NET.1/24" dev br0 &&
			ip -n "$SWITCH" link set br0 up
	} || die "cannot make the switch"
}
cable_ready() { grep -q ready "$(host_dir "$1")/cable.log" 2>/dev/null; }
cable_make() { # eth0 of the host to port pN of the switch; with a delay, through a process
	local h=$1 n=${1#h} ms
	ms=$(host_word "$h" "${LAB_DELAY:-} ")
	if [ "${ms:-0}" = 0 ]; then
		ip -n "$SWITCH" link add "p$n" type veth peer name eth0 netns "$TAG$n"
		return
	fi
	[ -x "$LAB/delayline" ] || gcc -std=gnu17 -D_GNU_SOURCE -O2 -o "$LAB/delayline" "$LAB_SOURCE/delayline.c" ||
		die "delayline.c does not compile"
	setsid "$LAB/delayline" "/run/netns/$TAG$n" eth0 "/run/netns/$SWITCH" "p$n" "$ms" \
		</dev/null >"$(host_dir "$h")/cable.log" 2>&1 &
	pid_save "$(host_dir "$h")/cable.pid" $!
	retry 100 0.02 cable_ready "$h"
}
network_make() {
	local h=$1 n=${1#h}
	[ ! -e "/run/netns/$TAG$n" ] || return 0
	{
		ip netns add "$TAG$n" && cable_make "$h" && ip -n "$SWITCH" link set "p$n" master br0 up &&
			ip -n "$TAG$n" addr add "$(host_ip "$h")/24" dev eth0 && ip -n "$TAG$n" link set lo up &&
			ip -n "$TAG$n" link set eth0 up
	} || die "cannot connect $h"
}
host_link() {
	host_known "$1"
	ip netns exec "$TAG${1#h}" tc qdisc del dev eth0 root 2>/dev/null
	[ "$2" = off ] || ip netns exec "$TAG${1#h}" tc qdisc add dev eth0 root tbf rate "$2" burst 256kb latency 50ms
}
host_cable() {
	host_known "$1"
	case $2 in
	in) ip -n "$SWITCH" link set "p${1#h}" up ;;
	out) ip -n "$SWITCH" link set "p${1#h}" down ;;
	*) echo "lab: cable: 'in' or 'out', not '$2'" >&2; exit 2 ;;
	esac
}

# ---- ssh: one key for all who are in the lab, and one of all hosts --------------------------------------------------

ssh_configure() {
	local dir=$LAB/ssh name
	[ "${LAB_SSH:-0}" = 1 ] || return 0
	for name in sshd ssh ssh-keygen; do
		PATH=$PATH:/usr/sbin command -v "$name" >/dev/null ||
			die "LAB_SSH: $name is missing (openssh-server, openssh-client)"
	done
	mkdir -p "$dir" || die "cannot write $dir"
	for name in id host; do
		[ -s "$dir/$name" ] || ssh-keygen -q -t ed25519 -N '' -C "lab $name" -f "$dir/$name" || die "ssh-keygen failed"
	done
	cat >"$dir/sshd_config" <<END
HostKey $dir/host
AuthorizedKeysFile $dir/id.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
PidFile none
END
	echo "* $(cat "$dir/host.pub")" >"$dir/known_hosts"
	cat >"$dir/config" <<END
IdentityFile $dir/id
UserKnownHostsFile $dir/known_hosts
StrictHostKeyChecking yes
END
}

# ---- a host's life --------------------------------------------------------------------------------------------------

# unshare's only child is pid 1 of the host; before it is unshare, that process is a shell with children of its own
host_find_init() {
	local parent pid
	parent=$(pid_alive "$1/unshare.pid") || return 1
	[ "$(cat "/proc/$parent/comm" 2>/dev/null)" = unshare ] || return 1
	read -r pid _ 2>/dev/null <"/proc/$parent/task/$parent/children"
	[ -n "${pid:-}" ] && pid_save "$1/init.pid" "$pid"
}
host_start() {
	local h=$1 dir
	host_known "$h"
	dir=$(host_dir "$h")
	pid_gone "$dir/init.pid" || return 0
	network_make "$h"
	cgroup_make "$h"
	(
		cgroup_join "$h"
		LAB_HOST_CORES=$(host_word "$h" "${LAB_CPUS:-} ")
		export LAB_HOST_CORES
		exec setsid nsenter --net="/run/netns/$TAG${h#h}" unshare --mount --uts --ipc --pid --fork --kill-child=KILL \
			bash "$LAB_SOURCE/host_init.sh" "$h" "$dir" "$LAB"
	) </dev/null >"$dir/init.log" 2>&1 &
	pid_save "$dir/unshare.pid" $!
	retry 200 0.02 host_find_init "$dir" || die "$h did not start: $(cat "$dir/init.log")"
}
host_answers() { ctl_run timeout 5 virsh -q -c "$(host_uri "$1")" uri >/dev/null 2>&1; }
host_wait() { retry 200 0.05 host_answers "$1" || die "libvirtd of $1 does not answer; see $(host_dir "$1")/log"; }
host_crash() { # power loss: /run is gone too
	local dir
	host_known "$1"
	dir=$(host_dir "$1")
	pid_end "$dir/init.pid" KILL
	pid_end "$dir/unshare.pid" KILL
	rm -rf "$dir"/run/*
}
daemon_signal() { # HOST SIGNAL
	local pid
	pid=$(host_run "$1" cat /run/libvirtd.pid) && host_run "$1" kill "-$2" "$pid"
}
daemon_start() {
	host_run "$1" sh -c 'rm -f /run/libvirtd.pid
		setsid libvirtd --listen -p /run/libvirtd.pid >>/var/log/libvirt/stdout.log 2>&1 </dev/null &' && host_wait "$1"
}

# ---- the lab's life -------------------------------------------------------------------------------------------------

lab_up() {
	local count=${1:-3} i t fresh=0 interrupted=0
	t=$(now)
	[[ $count =~ ^[1-9][0-9]?$ ]] || { echo "lab: up: 1 to 99 hosts, not '$count'" >&2; exit 2; }
	case $LAB in /run/* | /proc/* | /sys/*) die "LAB=$LAB: the hosts would not see it; take another directory" ;; esac
	lab_needs
	trap 'interrupted=1' INT TERM # only noted: no step is left half done
	lab_is_ours || { lock_take && fresh=1; }
	if ! (up_steps "$count") || [ "$interrupted" = 1 ]; then
		[ "$fresh" = 0 ] || lab_down >/dev/null
		die "up failed$([ "$interrupted" = 0 ] || echo ": interrupted"); nothing of it is left"
	fi
	trap - INT TERM
	echo "lab: $count hosts up in $(since "$t") s"
}
up_steps() {
	local i count=$1
	trap : INT TERM # not ignored: lxcfs would inherit that, and could not be ended by TERM
	mkdir -p "$LAB/hosts" "$SHARE" || die "cannot write $LAB"
	guest_image
	lxcfs_up
	{
		echo "127.0.0.1 localhost"
		echo "$NET.1 controller"
		for ((i = 1; i <= count; i++)); do echo "$(host_ip "h$i") h$i"; done
	} >"$LAB/etc-hosts"
	ssh_configure
	[ -e "/run/netns/$SWITCH" ] || switch_up
	for ((i = 1; i <= count; i++)); do
		host_configure "h$i"
		host_start "h$i"
	done
	for ((i = 1; i <= count; i++)); do host_wait "h$i"; done
}

lab_empty() { [ -z "$(lab_pids)" ]; }
lab_down() {
	local h name pid
	lab_is_ours || lock_is_free || die "not ours: another lab exists on this machine: $(cat "$LOCK")"
	trap '' INT TERM # a second Ctrl-C must not leave half of it
	for h in $(hosts); do
		host_crash "$h"
		pid_end "$(host_dir "$h")/cable.pid" TERM
	done
	lxcfs_down
	for pid in $(lab_pids); do # what was started by `lab ctl`, or remains of an `up` that was killed
		[ "$pid" = "$(pid_alive "$LAB/keeper.pid")" ] || kill -TERM "$pid" 2>/dev/null
	done
	lock_release
	retry 20 0.05 lab_empty || for pid in $(lab_pids); do kill -KILL "$pid" 2>/dev/null; done
	retry 60 0.05 lab_empty
	for name in $(netns_names); do ip netns del "$name"; done
	retry 50 0.1 cgroup_gone
	[ ! -e "$LAB/$MARKER" ] || rm -rf "$LAB"
	lab_check_clean >/dev/null || { lab_check_clean; return 1; }
	echo "lab: down"
}
