#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Redis comes back empty, or as another: h1 is in maintenance with its lid open, h2 and h3 are full. Nothing may go onto h1,
# and nothing is balanced until somebody acknowledges it. Needs redis-server, redis-cli. Argument: the build folder.
set -u
B=$1
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
. tests/story.sh
D=$(mktemp -d) || exit 1
mkdir -m 700 "$D/state" "$D/other-state"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$D"' EXIT
R="unix://$D/r.sock"
cli() { redis-cli -s "$D/r.sock" "$@" 2>/dev/null; }
redis_start() {
	redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >>"$D/redis.log" 2>&1 &
	redis=$!
	pids+=($redis)
	until_true 10 redis_answers
}
redis_answers() { [ "$(cli ping)" = PONG ]; }
redis_lose() { # comes back empty
	kill -9 $redis
	wait $redis 2>/dev/null
	rm -f "$D/r.sock"
	redis_start
}
report() { # HOST N
	local now i
	now=$(date +%s%6N)
	printf 'plimsoll.report/1 %s sent=%s seq=%s every=5000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t%s\n@memory %s\nhost.memory.total\t\t262144\nhost.memory.available\t\t%s\n@vms %s\n' \
		"$1" "$now" "$now" "$now" $((5500 * $2 / 2)) "$now" $((260000 - $2 * 24000)) "$now"
	for ((i = 0; i < $2; i++)); do
		printf 'vm.uuid\t%s-vm%d\t%08d-0000-4000-8000-00000000000%d\nvm.state\t%s-vm%d\trunning\nvm.vcpus\t%s-vm%d\t4\nvm.memory\t%s-vm%d\t24000\nvm.cpu\t%s-vm%d\t2750\n' \
			"$1" $i "${1#h}" $i "$1" $i "$1" $i "$1" $i "$1" $i
	done
}
feed() { # as agents do, also while the server is away
	while :; do
		for h in h1:0 h2:10 h3:10; do
			report "${h%:*}" "${h#*:}" | cli -x set "plimsoll:{default}:report:${h%:*}" >/dev/null
		done
		sleep 0.3
	done
}
serve() { # LOG STATE-DIR [OPTION…]
	local log=$1 state=$2
	shift 2
	"$B/plimsolld" -v --redis "$R" --mode auto --interval 1s --state-dir "$state" --set service.hold=1s \
		--set service.uri=test:///nowhere/{host} --set 'cluster.hosts=*' "$@" >>"$D/$log" 2>&1 &
	service=$!
	pids+=($service)
}
stop() { kill "$1" && wait "$1"; }
ends() { # STATUS COMMAND…
	local want=$1 got
	shift
	timeout 30 "$@" >"$D/out" 2>&1
	got=$?
	[ $got = "$want" ] || { echo "exit $got instead of $want: $*"; cat "$D/out"; return 1; }
}
says() { grep -qE "$1" "$D/out" || { cat "$D/out"; return 1; }; }
logged() { grep -qE "$2" "$D/$1"; }
rounds() { grep -c 'round.planned' "$D/$1"; }
rounds_since() { [ "$(rounds "$1")" -ge "$2" ]; }
on_h1() { grep 'move.started' "$D/$1" | grep 'to=h1'; }

redis_start
feed &
pids+=($!)
reported() { "$B/plimsoll" status --redis "$R" --set "cluster.hosts=*" >"$D/out" 2>&1; }
until_true 20 reported || { cat "$D/out"; exit 1; }
check "h1 is put into maintenance" ends 0 "$B/plimsoll" maintenance enter h1 --why "lid is open" --redis "$R" --set "cluster.hosts=*"

# ---- emptied while the service lives ----
serve log "$D/state"
check "the service plans" until_true 20 rounds_since log 3
redis_lose
check "it says that the store has lost data" until_true 20 logged log 'store.forgotten why='
check "and that it waits" until_true 20 logged log 'store.waits .*plimsoll store acknowledge'
check "rounds go on" until_true 30 rounds_since log $(($(rounds log) + 4))
check "nothing was moved" not logged log move.started
check "the mark is there again" bash -c "redis-cli -s '$D/r.sock' hget 'plimsoll:{default}:marks' h1 | grep -q 'lid is open'"
check "status: blocked, 3" ends 3 "$B/plimsoll" status --redis "$R" --set "cluster.hosts=*"
check "status says why, and what ends it" says 'blocked: the store has lost data .*plimsoll store acknowledge'
check "status --json" ends 3 "$B/plimsoll" status --json --redis "$R" --set "cluster.hosts=*"
check "has it, too" says '"acknowledged": false'
check "plan: 3" ends 3 "$B/plimsoll" plan --redis "$R" --set "cluster.hosts=*"
check "plan says the same" says 'the store has lost data'
check "apply moves nothing: 3" ends 3 "$B/plimsoll" apply --yes --redis "$R" --set "cluster.hosts=*" --set service.uri=test:///nowhere/{host}
check "a new mark may be set" ends 0 "$B/plimsoll" maintenance enter h2 --redis "$R" --set "cluster.hosts=*"
check "and waits" until_true 30 rounds_since log $(($(rounds log) + 3))
check "h2 is not emptied" not logged log move.started
check "h2 is given back" ends 0 "$B/plimsoll" maintenance exit h2 --redis "$R" --set "cluster.hosts=*"

# ---- and restarted, without a memory but the store's ----
stop $service
serve log2 "$D/other-state"
check "a service that is started now waits, too" until_true 20 logged log2 store.waits
check "and plans" until_true 30 rounds_since log2 3
check "and moves nothing" not logged log2 move.started
check "it is acknowledged" ends 0 "$B/plimsoll" store acknowledge --why "it was me" --redis "$R" --set "cluster.hosts=*"
check "the service logs who" until_true 20 logged log2 'store.acknowledged by=.*@.* why="it was me"'
check "nothing is left to acknowledge" until_true 20 bash -c "'$B/plimsoll' store acknowledge --redis '$R' --set 'cluster.hosts=*' | grep -q 'has lost nothing'"
check "the audit has it" bash -c "'$B/plimsoll' audit --redis '$R' --set 'cluster.hosts=*' | grep -q acknowledged"
check "h1 is in maintenance" bash -c "'$B/plimsoll' maintenance status --redis '$R' --set 'cluster.hosts=*' | grep -q 'lid is open'"
check "it goes on" until_true 30 rounds_since log2 $(($(rounds log2) + 3))
check "still nothing goes onto h1" not on_h1 log2
stop $service

# ---- emptied while no service lives: its file remembers ----
ends 0 "$B/plimsoll" maintenance exit h1 --redis "$R" --set "cluster.hosts=*"
ends 0 "$B/plimsoll" maintenance enter h1 --why "still open" --redis "$R" --set "cluster.hosts=*"
serve log3 "$D/state"
check "the service that has a file goes on" until_true 20 rounds_since log3 2
stop $service
redis_lose
serve log4 "$D/state"
check "it knows that the store was emptied" until_true 20 logged log4 store.forgotten
check "and has written the mark again" until_true 20 bash -c "redis-cli -s '$D/r.sock' hget 'plimsoll:{default}:marks' h1 | grep -q 'still open'"
check "it plans" until_true 30 rounds_since log4 4
check "and moves nothing" not logged log4 move.started
stop $service

# ---- two services; the one that leads has just begun, the other remembers ----
ends 0 "$B/plimsoll" store acknowledge --redis "$R" --set "cluster.hosts=*"
serve log5 "$D/state"
check "it takes the answer in" until_true 20 logged log5 store.acknowledged
remembers=$service
check "and plans" until_true 20 rounds_since log5 2
kill -STOP $remembers
redis_lose
rm -rf "$D/other-state" && mkdir -m 700 "$D/other-state"
serve log6 "$D/other-state" --set service.hold=20s
check "one that knows nothing leads" until_true 20 logged log6 lease.taken
kill -CONT $remembers
check "the one that follows says what is lost" until_true 20 logged log5 'store.forgotten'
check "and the leader waits" until_true 20 logged log6 store.waits
check "nothing was moved by either" bash -c "! grep -q move.started '$D/log5' '$D/log6'"
check "h1 is in maintenance again" bash -c "redis-cli -s '$D/r.sock' hget 'plimsoll:{default}:marks' h1 | grep -q 'still open'"

# ---- what was held back goes on, once it may ----
ends 0 "$B/plimsoll" store acknowledge --redis "$R" --set "cluster.hosts=*"
check "it is taken in" until_true 20 bash -c "grep -q store.goes_on '$D/log5' || grep -c store.acknowledged '$D/log6'"
ends 0 "$B/plimsoll" maintenance exit h1 --redis "$R" --set "cluster.hosts=*"
check "VMs go onto h1, which is open now" until_true 40 bash -c "grep move.started '$D/log5' '$D/log6' | grep -q to=h1"
[ "$story_failed" = 0 ]
