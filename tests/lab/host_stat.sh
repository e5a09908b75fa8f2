#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host_stat.sh CGROUP CORES FILE: keeps FILE like the /proc/stat of a machine with CORES CPUs that runs what the
# cgroup (version 2) runs. lxcfs does this where there is cgroup version 1 only: it wants cpuacct.usage_all.
# Ends with its parent.
cgroup=$1 cores=$2 file=$3
hz=$(getconf CLK_TCK)
whole=$(awk -v c="$cores" 'BEGIN { print int(c) < c ? int(c) + 1 : int(c) }')
boot=$(date +%s)
parent=$PPID

usec() { date +%s%6N; }
t0=$(usec)
while [ -d "/proc/$parent" ] && [ -r "$cgroup/cpu.stat" ]; do
	text=$(awk -v now="$(usec)" -v t0="$t0" -v cores="$cores" -v n="$whole" -v hz="$hz" -v boot="$boot" '
		$1 == "user_usec" { user = $2 } $1 == "system_usec" { kernel = $2 }
		END {
			idle = (now - t0) * cores - user - kernel; if (idle < 0) idle = 0
			tick = 1000000 / hz
			line("cpu ", 1)
			for (i = 0; i < n; i++) line("cpu" i, n)
			printf "intr 0\nctxt 0\nbtime %010d\nprocesses 0\nprocs_running 1\nprocs_blocked 0\n", boot
		}
		# fixed width, so that writing in place never leaves a torn end
		function line(name, share) {
			printf "%s %015d 0 %015d %015d 0 0 0 0 0 0\n", name, user / tick / share, kernel / tick / share, idle / tick / share
		}' "$cgroup/cpu.stat") || exit 1
	echo "$text" 1<>"$file" # no truncation: a reader sees old or new digits
	sleep 0.25
done
