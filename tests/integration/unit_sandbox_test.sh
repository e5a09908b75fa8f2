#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The sandboxes of the units: each of their lines is tried from inside, as far as that needs no running systemd
# (tests/support/unit_sandbox.py; which are not tried is printed, with the reason). In it the service with a Redis of its own
# starts, keeps what it is told over a restart, and leaves nothing outside of its state directory; the agent reports what it
# may read. Needs redis-server, systemd-analyze, to be root, and a mount namespace.
# Argument: the build folder.
set -u
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
command -v systemd-analyze >/dev/null || { echo "no systemd-analyze"; exit 77; }
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || { echo "not root, or no mount namespaces"; exit 77; }
. tests/story.sh
D=$(mktemp -d -p /var/lib) || exit 1 # /tmp is another one in the sandbox
service=
trap 'kill $service 2>/dev/null; wait 2>/dev/null; [ -f "$D/state/redis.pid" ] && kill "$(cat "$D/state/redis.pid")" 2>/dev/null; forget_groups; rm -rf "$D"' EXIT
forget_groups() { sed -n 's,^control group ,,p' "$D"/log "$D"/agent 2>/dev/null | while read -r group; do rmdir "$group" 2>/dev/null; done; }
chmod 711 "$D"
for unit in plimsolld plimsoll-agent; do
	lines() { tests/support/unit_sandbox.py --list "$B/systemd/$unit.service" >"$D/lines"; }
	check "each line of $unit.service is known" lines
	sed "s/^/        /" "$D/lines"
	check "and at most three are not tried" [ "$(grep -c 'not exercised' "$D/lines")" -le 3 ]
done
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
# libvirt's client runs ssh there; it is ssh that says why it goes no further: this user has no account, and nobody listens
runs_ssh() {
	unshare -m tests/support/unit_sandbox.py "$B/systemd/plimsolld.service" "$D/other" "$(command -v virsh)" -c qemu+ssh://root@127.0.0.1:9/system list >"$D/ssh" 2>&1
	grep -qE 'No user exists for uid|Connection refused' "$D/ssh" || { cat "$D/ssh"; false; }
}
mkdir -m 750 "$D/other"
if command -v virsh >/dev/null && command -v ssh >/dev/null; then check "libvirt's client may run ssh in it" runs_ssh; fi
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

# ---- the agent's ----
mkdir -m 750 "$D/home"
cp "$B/plimsoll-agent" "$D" && chmod 755 "$D/plimsoll-agent"
look() { unshare -m tests/support/unit_sandbox.py "$B/systemd/plimsoll-agent.service" "$D/home" "$D/plimsoll-agent" --once --print --host h1 >"$D/agent" 2>&1; }
check "the agent looks at its host in the sandbox of its unit" look
check "at its CPUs, its memory and its NICs" bash -c "grep -q '^  cpu  *[0-9]' '$D/agent' && grep -q '^  memory  *[0-9]' '$D/agent' && grep -q 'NIC  *CARRIER' '$D/agent'"
check "and at the kernel's log" not grep -q 'kmsg' "$D/agent"
grep -h '^not exercised' "$D/log" "$D/agent" | sort -u
[ "$story_failed" = 0 ] || cat "$D/agent"
[ "$story_failed" = 0 ] || { tail -n 20 "$D/log"; tail -n 5 "$D/state/redis.log"; }
[ "$story_failed" = 0 ]
