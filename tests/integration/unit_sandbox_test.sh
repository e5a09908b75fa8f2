#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The service with a Redis of its own, in the sandbox of its unit: it starts, keeps what it is told over a restart, and leaves
# nothing outside of its state directory. Needs redis-server, systemd-analyze, to be root, and a mount namespace.
# Argument: the build folder.
set -u
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
command -v systemd-analyze >/dev/null || { echo "no systemd-analyze"; exit 77; }
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || { echo "not root, or no mount namespaces"; exit 77; }
. tests/story.sh
D=$(mktemp -d -p /var/lib) || exit 1 # /tmp is another one in the sandbox
service=
trap 'kill $service 2>/dev/null; wait 2>/dev/null; [ -f "$D/state/redis.pid" ] && kill "$(cat "$D/state/redis.pid")" 2>/dev/null; rm -rf "$D"' EXIT
chmod 711 "$D"
mkdir -m 750 "$D/state"
cp "$B/plimsolld" "$B/plimsoll" "$D" && chmod 755 "$D"/plimsoll* # whoever runs it must be able to read it
begin() {
	unshare -m tests/support/unit_sandbox.py "$B/systemd/plimsolld.service" "$D/state" "$D/plimsolld" --state-dir "$D/state" \
		--mode advise --interval 1s --set 'cluster.hosts=*' >>"$D/log" 2>&1 &
	service=$!
}
cli() { timeout 5 redis-cli -s "$D/state/redis.sock" "$@" 2>/dev/null; }
answers() { [ "$(cli ping)" = PONG ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }
begin
answers_or_ended() { answers || ended $service; }
until_true 30 answers_or_ended
check "its own Redis answers in the sandbox" answers
if ! answers; then
	kill $service 2>/dev/null
	wait $service
	r=$?
	cat "$D/log"
	[ $r = 77 ] && exit 77
	exit 1
fi
redis=$(cat "$D/state/redis.pid")
check "under the service's user" [ "$(stat -c %u "/proc/$redis")" = 64077 ]
check "with no privileges to gain, and filtered" bash -c "grep -q 'NoNewPrivs:.1' /proc/$redis/status && grep -q 'Seccomp:.2' /proc/$redis/status"
check "without capabilities" grep -q 'CapBnd:.0000000000000000' "/proc/$redis/status"
report() { # HOST
	local now
	now=$(date +%s%6N)
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$1" "$now" "$now" "$now" "$now"
}
for h in h1 h2; do report $h | cli -x set "plimsoll:{default}:report:$h" >/dev/null; done
rounds() { grep -q 'round.planned\|round.balanced\|mode=advise' "$D/log"; }
check "it plans" until_true 20 rounds
recorded() { [ "$(cli xlen 'plimsoll:{default}:records')" != 0 ]; }
check "and keeps its records" until_true 20 recorded
check "a mark is taken" bash -c "'$B/plimsoll' maintenance enter h1 --several --why sandbox --redis 'unix://$D/state/redis.sock' --set 'cluster.hosts=*' >/dev/null 2>&1; [ -n \"\$(redis-cli -s '$D/state/redis.sock' hget 'plimsoll:{default}:marks' h1)\" ]"
kill $service
wait $service
check "the service has ended, and its Redis with it" until_true 10 ended "$redis"
begin
check "again" until_true 30 answers
check "the mark is still there" [ -n "$(cli hget 'plimsoll:{default}:marks' h1)" ]
check "all that was written is in the state directory, its user's alone" bash -c "[ -z \"\$(find '$D/state' ! -uid 64077)\" ] && [ -z \"\$(find '$D/state' -mindepth 1 -perm /o=rw)\" ]"
check "and Redis complains of nothing it may not do" bash -c "! grep -iE \"permission|read-only|can.t (open|write)\" '$D/state/redis.log'"
[ "$story_failed" = 0 ] || { tail -n 20 "$D/log"; tail -n 5 "$D/state/redis.log"; }
[ "$story_failed" = 0 ]
