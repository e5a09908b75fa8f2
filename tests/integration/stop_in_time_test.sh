#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real processes, and whatever a service waits for hangs: hosts' libvirt, and Redis. What must leave its host leaves it
# within 3 s, SIGTERM is heeded within 2 s, and the next service leads at once. Needs redis-server. Argument: the build folder.
set -u
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
started=()
trap 'for p in "${started[@]}"; do kill -CONT $p 2>/dev/null; kill -KILL $p 2>/dev/null; done; wait 2>/dev/null; rm -rf "$D"' EXIT
bad=0
check() { # WHAT COMMAND…
	local what=$1
	shift
	if "$@"; then echo "ok      $what"; else echo "FAILED  $what"; bad=1; fi
}
ms() { local n; n=$(date +%s%N); echo $((n / 1000000)); }
within() { # MS COMMAND…: it comes true in so long
	local end=$(($(ms) + $1))
	shift
	until "$@"; do
		[ "$(ms)" -lt $end ] || return 1
		sleep 0.05
	done
}
alive() { [ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }
gone() { ! alive "$1"; }
begin_redis() {
	redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
	redis=$!
	started+=($redis)
	within 10000 redis-cli -s "$D/r.sock" ping >/dev/null 2>&1
}
cli() { redis-cli -s "$D/r.sock" "$@" >"$D/cli" 2>&1; }
begin_redis
# A libvirt that takes connections and says nothing: a server that is stopped.
for _ in 1 2 3 4 5; do
	port=$((20000 + RANDOM % 20000))
	redis-server --port $port --bind 127.0.0.1 --save '' --dir "$D" >"$D/hung.log" 2>&1 &
	hung=$!
	started+=($hung)
	within 3000 redis-cli -p $port ping >/dev/null 2>&1 && break
done
kill -STOP $hung

put() { redis-cli -s "$D/r.sock" -x set "plimsoll:{default}:$1" >/dev/null; }
uuid() { printf '11111111-1111-4111-8111-%012d' "$1"; }
report() { # HOST FAULT VM…
	local now host=$1 fault=$2
	now=$(date +%s%6N)
	shift 2
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=60000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$host" "$now" "$now" "$now" "$now"
	for v; do
		printf 'vm.uuid\tvm%s\t%s\nvm.state\tvm%s\trunning\nvm.vcpus\tvm%s\t1\nvm.memory\tvm%s\t1024\nvm.cpu\tvm%s\t200\nvm.dirty\tvm%s\t0\n' \
			"$v" "$(uuid "$v")" "$v" "$v" "$v" "$v" "$v"
	done
	[ -z "$fault" ] || printf '@faults_d %s\nfault.grade\tpsu\t4\nfault.why\tpsu\tbroken\n' "$now"
}
cluster() { # FAULT: vm1 … vm8 were on their way from h1 to d1 … d8; vm9 is on h1, too
	report h1 "$1" 1 2 3 4 5 6 7 8 9 | put report:h1
	report h2 '' | put report:h2
	for i in 1 2 3 4 5 6 7 8; do report "d$i" '' | put "report:d$i"; done
}
open_moves() { # as a leader that died left them
	for i in 1 2 3 4 5 6 7 8; do
		cli xadd 'plimsoll:{default}:journal' '*' text "{\"event\": \"started\", \"id\": \"dead/1/$i\", \"vm\": \"vm$i\", \"uuid\": \"$(uuid "$i")\", \"from\": \"h1\", \"to\": \"d$i\", \"at\": $(date +%s%6N), \"message\": \"\"}"
	done
}
serve() { # LOG WORD…: $service is its pid
	local log=$D/$1
	shift
	"$B/plimsolld" --redis "unix://$D/r.sock" --state-dir "$D/state" --set service.hold=0s --set 'cluster.hosts=*' --set service.interval=1s \
		--set "service.uri=qemu+tcp://127.0.0.1:$port/system?h={host}" "$@" >"$log" 2>&1 &
	service=$!
	started+=($service)
}
leads() { grep -q lease.taken "$D/$1"; }
stops_in_time() { # SITUATION
	local t0
	check "a service runs while $1" alive $service
	t0=$(ms)
	kill -TERM $service
	within 4000 gone $service
	local took=$(($(ms) - t0))
	echo "        told to stop while $1: ended after $took ms"
	check "SIGTERM is heeded within 2 s while $1" [ $took -lt 2000 ]
}

# ---- hosts that hang ----
cluster fault
open_moves
t0=$(ms)
serve urgent.log --mode auto
check "what must leave its host is begun" within 20000 grep -q 'move.started' "$D/urgent.log"
took=$(($(ms) - t0))
echo "        with eight hosts that hang: the first urgent move after $took ms"
check "within 3 s" [ $took -lt 3000 ]
check "a VM whose last move is open is not touched" bash -c "! grep -E 'move.started vm=vm[1-8] ' '$D/urgent.log'"
check "the log says of each open move that its hosts do not answer" [ "$(grep -c 'move.settled .*no answer yet' "$D/urgent.log")" -ge 8 ]
stops_in_time "a move waits for hosts that hang"
check "the move that was not begun is called aborted" grep -q 'move.missed .*stopped while the hosts did not answer' "$D/urgent.log"

is_free() { cli get 'plimsoll:{default}:lease' && [ -z "$(cat "$D/cli")" ]; }
check "and it has given the lease back" is_free
alive $service && kill -KILL $service

# ---- told to stop ----
cli flushall
cluster ''
open_moves
serve settling.log --mode auto
check "a service leads" within 5000 leads settling.log
sleep 0.3
stops_in_time "it asks hosts that hang"
check "it has given the lease back" is_free

cli del 'plimsoll:{default}:journal'
serve idle.log --mode auto --set service.hold=1h
check "a service leads" within 5000 leads idle.log
first=$service
serve next.log --mode auto --set service.hold=1h
next=$service
check "another follows" within 5000 grep -q lease.follows "$D/next.log"
service=$first
stops_in_time "it rests"
t0=$(ms)
check "the next leads at once" within 2000 leads next.log
echo "        the next led $(($(ms) - t0)) ms later"

service=$next
kill -STOP $redis
sleep 1.5 # it is in the middle of waiting then; nobody outside can see that
stops_in_time "Redis hangs"
kill -CONT $redis
within 20000 is_free

serve hung.log --mode advise
check "a service is at work" within 5000 grep -q round.planned "$D/hung.log"
kill -STOP $redis
sleep 0.2
stops_in_time "Redis begins to hang"
kill -CONT $redis

kill -KILL $redis
wait $redis 2>/dev/null
serve away.log --mode auto
check "a service waits for Redis" within 5000 grep -q store.away "$D/away.log"
stops_in_time "Redis is not there"
[ $bad = 0 ]
