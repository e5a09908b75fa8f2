#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Redis with two replicas and three sentinels, whose master is killed under load: the service and the commands find the new
# one, what an operator was told is so stays so, and nobody is asked to acknowledge a thing. Needs redis-server, redis-cli.
# Argument: the build folder. KILLS=20 (tests/long/sentinel): so many; 1 here: sentinels begin the next fail-over late
# (docs/redis-keys.md).
set -u
B=$1
KILLS=${KILLS:-1}
TIMEOUT=${TIMEOUT:-3000} # ms: failover-timeout. After a try, one that failed or was another's, too, none begins for twice as long
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
. tests/story.sh
D=$(mktemp -d) || exit 1
mkdir -m 700 "$D/state"
declare -A pid_of
others=()
trap 'kill -9 "${pid_of[@]}" "${others[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
mapfile -t port < <(free_ports 6)
cli() { timeout 2 redis-cli -h 127.0.0.1 -p "$@" 2>/dev/null; }
server() { # N [REPLICA-OF-PORT]
	redis-server --port "${port[$1]}" --bind 127.0.0.1 --save '' --appendonly no --dir "$D" --repl-diskless-sync-delay 0 \
		--repl-ping-replica-period 1 ${2:+--replicaof 127.0.0.1 "$2"} >>"$D/redis$1.log" 2>&1 &
	pid_of[${port[$1]}]=$!
}
answers() { [ "$(cli "$1" ping)" = PONG ]; }
server 0
check "a server" until_true 10 answers "${port[0]}"
for n in 1 2; do server $n "${port[0]}"; done
for n in 3 4 5; do
	cat >"$D/sentinel$n.conf" <<-END
		port ${port[$n]}
		bind 127.0.0.1
		dir $D
		sentinel monitor plimsoll 127.0.0.1 ${port[0]} 2
		sentinel down-after-milliseconds plimsoll 700
		sentinel failover-timeout plimsoll $TIMEOUT
	END
	redis-server "$D/sentinel$n.conf" --sentinel >>"$D/sentinel$n.log" 2>&1 &
	others+=($!)
done
master() { cli "${port[3]}" sentinel get-master-addr-by-name plimsoll | tail -n 1; }
replicas_are() { [ "$(cli "$(master)" info replication | grep -c 'state=online')" -ge "$1" ]; }
sees_all() { # each sentinel: the two others, and two replicas that are in step
	local n
	for n in 3 4 5; do
		[ "$(cli "${port[$n]}" sentinel ckquorum plimsoll | grep -c '^OK 3')" = 1 ] || return 1
		[ "$(cli "${port[$n]}" sentinel replicas plimsoll | grep -cx 'master-link-status')" -ge 2 ] || return 1
	done
	replicas_are 2
}
# They look once in ten seconds who the replicas are; a redis-server of 7.0 can be told to look oftener.
for n in 3 4 5; do
	until_true 5 answers "${port[$n]}"
	cli "${port[$n]}" sentinel debug info-period 1000 publish-period 500 ask-period 500 >/dev/null
done
check "three sentinels see three servers" until_true 30 sees_all

R="redis+sentinel://127.0.0.1:${port[3]},127.0.0.1:${port[4]},127.0.0.1:${port[5]}/plimsoll"
report() { # HOST
	local now
	now=$(date +%s%6N)
	printf 'plimsoll.report/1 %s sent=%s seq=%s every=5000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t262144\nhost.memory.available\t\t200000\n@vms %s\nvm.uuid\t%s-vm\t0000000%s-0000-4000-8000-000000000000\nvm.state\t%s-vm\trunning\nvm.vcpus\t%s-vm\t4\nvm.memory\t%s-vm\t24000\nvm.cpu\t%s-vm\t500\n' \
		"$1" "$now" "$now" "$now" "$now" "$now" "$1" "${1#h}" "$1" "$1" "$1" "$1"
}
load() { # agents, and a stream that keeps the replicas busy
	local to h i=0
	while :; do
		to=$(master)
		for h in h1 h2 h3 h4; do report $h | cli "$to" -x set "plimsoll:{default}:report:$h" >/dev/null; done
		for _ in 1 2 3 4 5; do echo "set load:$((i++ % 500)) $RANDOM$RANDOM"; done | cli "$to" >/dev/null
		sleep 0.1
	done
}
load &
others+=($!)
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --set 'cluster.hosts=*'; }
reported() { plimsoll status >"$D/out" 2>&1; }
check "the commands find the master" until_true 20 reported
"$B/plimsolld" -v --redis "$R" --mode auto --interval 1s --state-dir "$D/state" --set "cluster.hosts=*" --set service.settle=0s \
	--set service.uri=test:///nowhere/{host} >>"$D/log" 2>&1 &
service=$!
others+=($service)
rounds() { grep -c 'round.planned' "$D/log"; }
rounds_since() { [ "$(rounds)" -ge "$1" ]; }
check "the service finds the master" until_true 20 rounds_since 2

enter() { timeout 20 "$B/plimsoll" maintenance enter "$1" --several --why "kill $2" --redis "$R" --set 'cluster.hosts=*' >"$D/out" 2>&1; }
leave() { timeout 20 "$B/plimsoll" maintenance exit "$1" --redis "$R" --set 'cluster.hosts=*' >"$D/out" 2>&1; }
marked() { plimsoll maintenance status 2>/dev/null | grep -q "kill $1\$\|kill $1 "; }
is_new() { [ -n "$(master)" ] && [ "$(master)" != "$1" ]; }
lost=0
longest=0
for ((k = 1; k <= KILLS; k++)); do
	h=h$((k % 4 + 1))
	old=$(master)
	until_true 20 enter $h $k || { echo "FAILED  $h cannot be put into maintenance"; cat "$D/out"; story_failed=$((story_failed + 1)); }
	kill -9 "${pid_of[$old]}" # at once: the operator has just been told
	begun=$(date +%s%3N)
	wait "${pid_of[$old]}" 2>/dev/null
	until_true 60 is_new "$old" || { echo "FAILED  no new master"; story_failed=$((story_failed + 1)); break; }
	before=$(rounds)
	until_true 30 rounds_since $((before + 2)) || { echo "FAILED  no rounds"; story_failed=$((story_failed + 1)); break; }
	took=$(($(date +%s%3N) - begun))
	[ $took -gt $longest ] && longest=$took
	until_true 10 marked $k || { lost=$((lost + 1)); echo "lost: the mark of kill $k"; }
	for n in 0 1 2; do [ "${port[$n]}" = "$old" ] && server $n "$(master)"; done
	until_true 30 sees_all || { echo "FAILED  the old master does not follow"; story_failed=$((story_failed + 1)); break; }
	until_true 20 leave $h
done
echo "$KILLS masters killed; the service went on after at most $longest ms; store.behind $(grep -c store.behind "$D/log") times"
check "no mark was lost" [ $lost = 0 ]
check "nobody has to acknowledge anything" bash -c "! grep -E 'store.forgotten|store.waits' '$D/log'"
check "a fail-over is no stop: status is as before" reported
check "the URL of a master nobody knows is said" bash -c "'$B/plimsoll' status --redis '${R%/*}/nonesuch' 2>&1 | grep -q 'know no master \"nonesuch\"'"
check "sentinels that do not answer are said" bash -c "'$B/plimsoll' status --redis redis+sentinel://127.0.0.1:1,127.0.0.1:2/plimsoll 2>&1 | grep -q 'none of 2 sentinels answers'"
[ "$story_failed" = 0 ] || tail -n 20 "$D/log"
[ "$story_failed" = 0 ]
