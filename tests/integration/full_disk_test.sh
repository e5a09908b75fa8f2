#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The state directory, with the Redis that the service brings along and what it remembers, is full for a while: the service
# goes on, says so once and says when it is over, and what an operator was told is kept is kept. Needs redis-server, and to be
# allowed a mount of its own. Argument: the build folder.
set -u
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
if [ -z "${FULL_DISK:-}" ]; then
	unshare -rm true 2>/dev/null || { echo "no mount namespaces"; exit 77; }
	FULL_DISK=1 exec unshare -rm "$0" "$B"
fi
. tests/story.sh
D=$(mktemp -d) || exit 1
mkdir -m 700 "$D/state"
mount -t tmpfs -o size=8m,mode=700 none "$D/state" || { echo "no tmpfs"; exit 77; }
service=
trap 'kill $service 2>/dev/null; wait 2>/dev/null; [ -f "$D/state/redis.pid" ] && kill "$(cat "$D/state/redis.pid")" 2>/dev/null; umount -l "$D/state"; rm -rf "$D"' EXIT
"$B/plimsolld" --state-dir "$D/state" --mode advise --interval 1s --set 'cluster.hosts=*' >"$D/log" 2>&1 &
service=$!
sock() { find "$D/state" -name '*.sock' | head -n 1; }
cli() { redis-cli -s "$(sock)" "$@" 2>/dev/null; }
answers() { [ "$(cli ping)" = PONG ]; }
check "a service with a Redis of its own" until_true 20 answers
report() { # HOST
	local now
	now=$(date +%s%6N)
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$1" "$now" "$now" "$now" "$now"
}
for h in h1 h2 h3; do report $h | cli -x set "plimsoll:{default}:report:$h" >/dev/null; done
plimsoll() { timeout 20 "$B/plimsoll" "$@" --redis "unix://$(sock)" --set 'cluster.hosts=*' >"$D/out" 2>&1; }
marked() { plimsoll maintenance status && grep -q "$1" "$D/out"; }
enter() { plimsoll maintenance enter "$1" --several --why "before" && grep -qv cannot "$D/out"; }
check "a host is put into maintenance" until_true 30 enter h1
check "and it is marked" until_true 20 marked h1
fill() { head -c 20000000 /dev/zero >"$D/state/fill" 2>/dev/null; }
fill
check "the disk is full" bash -c "! head -c 100000 /dev/zero >'$D/state/more' 2>/dev/null"
takes() { report h3 | cli -x set "plimsoll:{default}:report:h3" | grep -q OK; }
check "the store takes no more" until_true 20 not takes
said() { [ "$(grep -cE " $1 " "$D/log")" = 1 ]; }
check "the service says so" until_true 30 said store.away
check "and goes on" kill -0 $service
enters() { ! plimsoll maintenance enter h2 --several --why "while it is full"; }
check "an operator is told that a mark was not taken" enters
rm -f "$D/state/fill" "$D/state/more"
check "there is room again: the store takes reports" until_true 30 takes
again() { plimsoll maintenance enter h2 --several --why "after"; }
check "and marks" until_true 30 again
check "the mark of before is there" marked h1
check "the service says that it is over" until_true 30 said store.back
check "each was said once" said store.away
check "the service goes on" kill -0 $service
kill $service
wait $service
check "and ends well when it is told to" [ $? = 0 ]
[ "$story_failed" = 0 ] || { echo "---- log"; tail -20 "$D/log"; cat "$D/out"; }
[ "$story_failed" = 0 ]
