#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsoll-agent on fixtures and on a Redis of its own: what it prints, what it refuses, what it does while Redis
# is away, how it ends. Needs: redis-server, redis-cli. No libvirt, no root.
set -u
BUILD=$(realpath "${1:-build/dev}")
AGENT=$BUILD/plimsoll-agent
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server"; exit 77; }
DIR=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-agent.XXXXXX")
SOCK=$DIR/redis.sock
redis_pid=
agent_pid=
. tests/story.sh

end() {
	[ -z "$agent_pid" ] || kill "$agent_pid" 2>/dev/null
	[ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null
	wait
	rm -rf "$DIR"
}
trap end EXIT
redis_up() {
	redis-server --port 0 --unixsocket "$SOCK" --save '' --appendonly no --dir "$DIR" >"$DIR/redis.log" 2>&1 &
	redis_pid=$!
	until_true 10 redis-cli -s "$SOCK" ping >/dev/null 2>&1
}
redis_down() {
	kill "$redis_pid"
	wait "$redis_pid"
	redis_pid=
}
key() { redis-cli -s "$SOCK" --scan --pattern '*:report:*' | head -n 1; }
report() { redis-cli -s "$SOCK" get "$(key)" 2>/dev/null; }
sequence() { report | sed -n '1s/.*seq=\([0-9]*\).*/\1/p'; }
sequence_above() { [ "$(sequence)" -gt "$1" ] 2>/dev/null; }
logged() { grep -q -- "$1" "$DIR/agent.log"; }
refused() { # WORDS OPTIONS...: exit 2, and the message has the words
	local words=$1 text
	shift
	text=$("$AGENT" "$@" 2>&1 >/dev/null)
	[ $? = 2 ] && [[ $text == *"$words"* ]]
}
agent_start() {
	"$AGENT" "$@" 2>"$DIR/agent.log" >"$DIR/agent.out" &
	agent_pid=$!
}
ends_with() { # STATUS SIGNAL
	local status
	kill -"$2" "$agent_pid"
	wait "$agent_pid"
	status=$?
	agent_pid=
	[ "$status" = "$1" ]
}

# ---- what it refuses ----
check "a mistyped option is met with the nearest one" refused "did you mean --once?" --onec
check "a mistyped collector too" refused "did you mean 'memory'?" --print --collectors cpu,memroy
check "an interval that is none" refused "a time with its unit (500ms" --print --interval 5x
check "no way out for reports" refused "--redis" --cluster c
check "a Redis URL that is none" refused "--redis" --once --root tests/fixtures/host-plain --redis http://x

check "an option that is none of its words" refused "unexpected argument; plimsoll-agent accepts options only" --print h1
check "a label that is none" refused "--label: \"a b=c\" is not a valid host label; accepted: a key of 1 to 63" --print --label "a b=c"
check "two values of one label" refused "set one key twice" --print --label a=1 --label b=2 --label a=2
check "more labels than a host has" refused "at most 64" --print $(for i in $(seq 65); do echo "--label k$i=v"; done)

# ---- what it prints ----
"$AGENT" --once --print --interval 100ms --root tests/fixtures/host-many-cpus --host many >"$DIR/out" 2>"$DIR/err"
check "the table names the host" grep -q '^host many$' "$DIR/out"
check "its CPUs" grep -q '254' "$DIR/out"
check "its pressure" grep -q 'memory some 12.5% full 3.3%' "$DIR/out"
check "and what could not be read" grep -q 'not read: nic' "$DIR/out"
"$AGENT" --once --print --interval 100ms --root tests/fixtures/host-plain --collectors cpu --label licence=oracle --label disk=ssd >"$DIR/out" 2>/dev/null
check "its labels, whichever collectors run" grep -q '^  labels      disk=ssd,licence=oracle$' "$DIR/out"
"$AGENT" --once --print --json --interval 100ms --root tests/fixtures/host-hugepages --host huge >"$DIR/json" 2>/dev/null
check "JSON has the exact amount" grep -A1 '"metric": "host.hugepages.total"' "$DIR/json" | grep -q 133120
"$AGENT" --once --print --interval 100ms --root tests/fixtures/host-empty >"$DIR/out" 2>/dev/null
check "an empty tree gives a report of errors, not a failure" grep -q 'not read: cpu: No such file' "$DIR/out"

# ---- reports ----
redis_up || { echo "no Redis"; exit 1; }
agent_start --redis "unix://$SOCK" --cluster c1 --host h1 --interval 200ms --root tests/fixtures/host-plain --advertise test:///x
check "reports arrive" until_true 10 sequence_above 2
check "under the host's name" [ "$(report | head -n 1 | cut -d' ' -f2)" = h1 ]
check "with an expiry" [ "$(redis-cli -s "$SOCK" pttl "$(key)")" -gt 10000 ]
check "with what was measured" grep -q "^host.memory.total" <(report)
before=$(sequence)
redis_down
check "Redis away is said" until_true 10 logged redis.away
sleep 1.5 # seven turns: that nothing is said in them shows in no other way
check "once, not each time" [ "$(grep -c redis.away "$DIR/agent.log")" = 1 ]
check "and the agent lives" kill -0 "$agent_pid"
redis_up
check "it comes back by itself" until_true 20 sequence_above "$before"
check "and says so" until_true 5 logged redis.back
check "SIGTERM ends it cleanly" ends_with 0 TERM
check "with a word" logged agent.ended

agent_start --redis "unix://$DIR/nobody.sock" --host h1 --interval 200ms --root tests/fixtures/host-plain
check "it starts without a Redis" until_true 10 logged redis.away
check "and ends without one" ends_with 0 INT

"$AGENT" --once --redis "unix://$DIR/nobody.sock" --interval 100ms --root tests/fixtures/host-plain >/dev/null 2>&1
check "--once that could not deliver exits 1" [ $? = 1 ]

# ---- a file that hangs, as one of a device does in the kernel: a FIFO that nobody writes to ----
mkdir "$DIR/stuck"
cp -r tests/fixtures/host-plain/. "$DIR/stuck"
rm "$DIR/stuck/proc/stat"
mkfifo "$DIR/stuck/proc/stat"
"$AGENT" --once --print --interval 100ms --root "$DIR/stuck" --host stuck >"$DIR/out" 2>/dev/null
check "what hangs is named" grep -q 'not read: cpu: no answer in time' "$DIR/out"
check "and the rest is read" grep -q 'memory' "$DIR/out"
agent_start --redis "unix://$SOCK" --cluster c3 --host stuck --interval 200ms --root "$DIR/stuck"
stuck_has() { redis-cli -s "$SOCK" get "$(redis-cli -s "$SOCK" --scan --pattern '*{c3}*report*')" 2>/dev/null | grep -q -P "$1"; }
check "the agent reports what does not hang" until_true 10 stuck_has '^host.memory.total'
check "past its limit the one that does has failed" until_true 15 stuck_has '^@cpu \d+ error=110$'
check "is counted as late" until_true 5 stuck_has '^collector.late\tcpu\t[1-9]'
check "and logged" logged 'collector.fails collector=cpu error=ETIMEDOUT'
check "once" [ "$(grep -c 'collector=cpu' "$DIR/agent.log")" = 1 ]
check "it takes a thread, and no more" [ "$(find "/proc/$agent_pid/task" -mindepth 1 -maxdepth 1 | wc -l)" = 3 ]
cp tests/fixtures/host-plain/proc/stat "$DIR/stuck/proc/stat.new"
exec 8<>"$DIR/stuck/proc/stat" # a writer, at last: what waited for one goes on, and reads nothing
mv "$DIR/stuck/proc/stat.new" "$DIR/stuck/proc/stat"
exec 8>&-
check "when it lets go, it is read again" until_true 10 logged 'collector.well collector=cpu'
check "SIGTERM ends it" ends_with 0 TERM
rm "$DIR/stuck/proc/stat"
mkfifo "$DIR/stuck/proc/stat"
agent_start --redis "unix://$SOCK" --cluster c3 --host stuck --interval 200ms --root "$DIR/stuck"
check "one that hangs" until_true 15 logged 'collector.fails collector=cpu error=ETIMEDOUT'
check "does not keep SIGTERM from ending it" ends_with 0 TERM

# ---- a libvirt that hangs: a socket nobody answers at ----
if command -v python3 >/dev/null; then
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(8); time.sleep(60)' "$DIR/mute.sock" &
	mute_pid=$!
	until_true 5 test -S "$DIR/mute.sock"
	agent_start --redis "unix://$SOCK" --cluster c2 --host mute --interval 500ms --root tests/fixtures/host-plain \
		--uri "qemu+unix:///system?socket=$DIR/mute.sock"
	mute_report() { redis-cli -s "$SOCK" get "$(redis-cli -s "$SOCK" --scan --pattern '*{c2}*report*')"; }
	mute_has() { mute_report 2>/dev/null | grep -q -P "$1"; }
	check "while libvirt hangs, files are read and reported" until_true 5 mute_has '^host.memory.total'
	check "and in seconds libvirt is said to be dead" until_true 12 mute_has '^host.daemon\t\t0$'
	check "and guests unknown for that reason" mute_has '^@vms \d+ error=110$'
	check "how often is counted" until_true 10 mute_has '^collector.late\tvms\t[1-9]'
	check "with what it said last" mute_has '^collector.error\tvms\tno answer for 5 s'
	check "SIGTERM does not wait for it" ends_with 0 TERM
	kill "$mute_pid"
fi

# ---- a service that was there before its agents ----
"$BUILD/plimsolld" --redis "unix://$SOCK" --cluster late --state-dir "$DIR/state" --set 'cluster.hosts=*' --interval 1s --mode advise >"$DIR/service.log" 2>&1 &
service_pid=$!
until_true 10 grep -q 'round.blind' "$DIR/service.log"
late_knows() { redis-cli -s "$SOCK" smembers 'plimsoll:{late}:hosts' | grep -qx "$1"; } # the service keeps that set
late_pids=()
for host in late1 late2; do
	"$AGENT" --redis "unix://$SOCK" --cluster late --host $host --interval 500ms --root tests/fixtures/host-plain >"$DIR/$host.log" 2>&1 &
	late_pids+=($!)
	check "a service that was there first knows of $host in seconds" until_true 12 late_knows $host
done
kill "$service_pid" "${late_pids[@]}"
wait "$service_pid" "${late_pids[@]}" 2>/dev/null
echo "$story_checks checks, $story_failed failed"
[ "$story_failed" = 0 ]
