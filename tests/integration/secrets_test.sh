#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The password of Redis, given in the environment: no other process of the same user, let alone of another one, reads it from the
# service's, the agent's or a command's command line, environment or memory; no log and no record has it; no core is left.
# Needs redis-server, redis-cli, setpriv and root. Argument: the build folder.
set -u
B=$1
. tests/story.sh
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "users are changed by root"; exit 77; }
grep -q fsanitize "$B/build.ninja" && { echo "sanitizers look at their own process"; exit 77; }
D=$(mktemp -d) || exit 1
chmod 755 "$D"; install -d -o 65534 -g 65534 "$D/work" "$D/state"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
password=hunter2-$RANDOM-$RANDOM
install -d -o 65534 -g 65534 "$D/redis"
setpriv --reuid 65534 --regid 65534 --clear-groups redis-server --port 0 --unixsocket "$D/redis/r.sock" --save '' --dir "$D/redis" --requirepass "$password" >/dev/null 2>&1 &
pids+=($!)
until_true 5 test -S "$D/redis/r.sock" || exit 1
export PLIMSOLL_REDIS=unix://:$password@$D/redis/r.sock
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups -- env -u PLIMSOLL_REDIS "$@"; }
cp "$B/plimsoll" "$B/plimsolld" "$B/plimsoll-agent" "$D/" # the tree may be root's alone
start() { (cd "$D/work" && ulimit -c unlimited && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@") >>"$D/log" 2>&1 & pids+=($!); pid=$!; }

start "$D/plimsoll-agent" --cluster default --host h1 --interval 1s --uri test:///default
agent=$pid
start "$D/plimsolld" --clusters default --mode advise --state-dir "$D/state"
service=$pid
seen() { timeout 10 "$B/plimsoll" status 2>/dev/null | grep -q h1; }
check "they work with it" until_true 30 seen
start "$D/plimsoll" status --watch
command=$pid

reads_environ() { nobody cat "/proc/$1/environ" >"$D/got" 2>/dev/null; }
reads_memory() { nobody python3 -c 'open("/proc/'"$1"'/mem", "rb").read(0); open("/proc/'"$1"'/maps").read()' 2>/dev/null; }
of_sleep() { start sleep 60; until_true 5 reads_environ "$pid"; } # sleep: the program ends at once when this does
check "another process' environment is read by its user, as a rule" of_sleep
for who in "agent $agent" "service $service" "command $command"; do
	set -- $who
	check "the $1 runs" kill -0 "$2"
	check "the $1's environment: not by its own user" not reads_environ "$2"
	check "its memory: neither" not reads_memory "$2"
	check "its command line has none" not grep -qa "$password" "/proc/$2/cmdline"
done
for who in "$agent" "$service" "$command"; do kill -ABRT "$who"; done
gone() { not kill -0 "$agent" && not kill -0 "$service" && not kill -0 "$command"; }
check "they are ended" until_true 10 gone
check "and leave no core" [ -z "$(find "$D/work" "$D/state" -name '*core*')" ]
check "no log has it" not grep -qa "$password" "$D/log"
check "nor anything they wrote" not grep -rqa "$password" "$D/work" "$D/state"
[ "$story_failed" = 0 ]
