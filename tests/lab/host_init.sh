#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host_init.sh NAME HOST_DIR LAB_DIR: pid 1 of a lab host, in new mount, uts, ipc and pid namespaces. Gives the host
# its own /proc, /run and libvirt directories, starts libvirtd, and reaps.
name=$1 dir=$2 lab=$3
mount --make-rprivate / && mount -t proc proc /proc && hostname "$name" || exit 1
mount -t tmpfs -o mode=755 run /run && mkdir -p /run/libvirt /run/lock || exit 1
while read -r from to; do
	mkdir -p "$to" && mount --bind "$dir/$from" "$to" || exit 1
done <<END
run /run/libvirt
etc /etc/libvirt
lib /var/lib/libvirt
log /var/log/libvirt
cache /var/cache/libvirt
END
mount --bind "$lab/etc-hosts" /etc/hosts || exit 1
if [ -f "$lab/lxcfs/proc/stat" ]; then # the figures of this host's cgroup instead of the machine's
	for f in stat meminfo cpuinfo loadavg uptime; do
		mount --bind "$lab/lxcfs/proc/$f" "/proc/$f" || exit 1
	done
fi
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then # version 2: lxcfs would show the machine's CPU use
	: >"$dir/stat"
	setsid "$(dirname "$0")/host_stat.sh" "/sys/fs/cgroup/labh${name#h}" "${LAB_HOST_CORES:-$(nproc)}" "$dir/stat" &
	until [ -s "$dir/stat" ]; do sleep 0.05; done
	mount --bind "$dir/stat" /proc/stat || exit 1
fi
ip link set lo up
if [ -f "$lab/ssh/sshd_config" ]; then
	mkdir -p /run/sshd && "$(PATH=$PATH:/usr/sbin command -v sshd)" -f "$lab/ssh/sshd_config" || exit 1
fi
libvirtd --listen -p /run/libvirtd.pid >/var/log/libvirt/stdout.log 2>&1 &
trap : TERM
while :; do
	sleep 1000 &
	wait $!
done
