#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host claims the VMs of another, or a VM really runs twice: no host that must be left looks empty for it, and every
# command says so. Needs redis-server. Argument: the build folder.
set -u
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
for _ in $(seq 100); do redis-cli -s "$D/r.sock" ping >/dev/null 2>&1 && break; sleep 0.05; done
bad=0
check() { # WHAT COMMAND…
	local what=$1
	shift
	if "$@"; then echo "ok      $what"; else echo "FAILED  $what"; bad=1; fi
}
exits() { # STATUS COMMAND…
	local want=$1 got
	shift
	"$@" >"$D/out" 2>&1
	got=$?
	[ $got = "$want" ] || { echo "        exit $got"; cat "$D/out"; return 1; }
}
has() { grep -Eq -- "$1" "$D/out" || { cat "$D/out"; return 1; }; }
plimsoll() { "$B/plimsoll" "$@" --redis "unix://$D/r.sock" --set cluster.hosts='h*'; }
put() { redis-cli -s "$D/r.sock" -x set "plimsoll:{default}:$1" >/dev/null; }
uuid() { printf '11111111-1111-4111-8111-%012d' "$1"; }
report() { # HOST MORE VM…
	local now host=$1 more=$2 v
	now=$(date +%s%6N)
	shift 2
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=60000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$host" "$now" "$now" "$now" "$now"
	for v; do
		printf 'vm.uuid\ta%s\t%s\nvm.state\ta%s\trunning\nvm.vcpus\ta%s\t1\nvm.memory\ta%s\t1024\nvm.cpu\ta%s\t200\nvm.dirty\ta%s\t0\n' \
			"$v" "$(uuid "$v")" "$v" "$v" "$v" "$v" "$v"
	done
	printf '%b' "$more"
}
fault="@faults_d $(date +%s%6N)\nfault.grade\tpsu\t4\nfault.why\tpsu\tbroken\n"
for order in "h1 h3" "h3 h1"; do # whichever reported last
	for h in $order; do
		[ $h = h1 ] && report h1 "$fault" 1 2 3 | put report:h1
		[ $h = h3 ] && report h3 '' 1 2 3 | put report:h3
	done
	report h2 '' | put report:h2
	check "a plan is blocked ($order)" exits 3 plimsoll plan
	check "it names each VM and both hosts" has 'ALARM: VM a1 runs on h[13] and h[13] at once'
	check "and that it must leave" has 'a2.* runs on several hosts at once'
	check "in JSON, too" exits 3 plimsoll plan --json
	check "before all else" has '"doubled": \[\{"vm": "a1", "hosts": \["h[13]", "h[13]"\]\}'
	check "no VM is moved" has '"moves": \[\]'
	check "status says it, and exits with 3" exits 3 plimsoll status
	check "with the hosts" has 'ALARM: VM a3 runs on h[13] and h[13]'
	check "status --json" exits 3 plimsoll status --json
	check "has them" has '"doubled": \['
	check "explain says why" bash -c "'$B/plimsoll' explain a1 --redis 'unix://$D/r.sock' --set 'cluster.hosts=h*' | grep -q 'both report it as running'"
	check "a host that is left has them still" bash -c "! '$B/plimsoll' evacuate h1 --dry-run --redis 'unix://$D/r.sock' --set 'cluster.hosts=h*' | grep -qi 'empty'"
done
check "what a snapshot keeps says the same" bash -c "'$B/plimsoll' snapshot -o '$D/s.json' --redis 'unix://$D/r.sock' --set 'cluster.hosts=h*' && grep -q '\"running_on\": \\[\"h1\", \"h3\"\\]' '$D/s.json'"
check "also without Redis" exits 3 "$B/plimsoll" plan --from "$D/s.json"
check "and names them" has 'ALARM: VM a1 runs on'
# a migration that was written down explains it
for i in 1 2 3; do
	redis-cli -s "$D/r.sock" xadd 'plimsoll:{default}:journal' '*' text "{\"event\": \"done\", \"id\": \"x/1/$i\", \"vm\": \"a$i\", \"uuid\": \"$(uuid $i)\", \"from\": \"h1\", \"to\": \"h3\", \"at\": $(date +%s%6N), \"message\": \"\"}" >/dev/null
done
check "migrations that have just ended are no alarm" bash -c "! '$B/plimsoll' plan --redis 'unix://$D/r.sock' --set 'cluster.hosts=h*' | grep ALARM"
redis-cli -s "$D/r.sock" xadd 'plimsoll:{default}:journal' '*' text "{\"event\": \"unclear\", \"id\": \"x/1/9\", \"vm\": \"a9\", \"uuid\": \"$(uuid 9)\", \"from\": \"h1\", \"to\": \"h3\", \"at\": $(date +%s%6N), \"message\": \"h1: running; h3: cannot be queried\"}" >/dev/null
check "how one ended that nobody knows is one" exits 3 plimsoll status
check "that names the hosts" has 'ALARM: it is unknown whether VM a9 runs on h1 or h3: .*h1: running; h3: cannot be queried'
[ $bad = 0 ]
