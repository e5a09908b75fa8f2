#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A round that fails says why, in one line: whatever stands in the store instead of what should. And one that can do without
# goes on. Needs redis-server. Argument: the build folder.
set -u
B=$1
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
. tests/story.sh
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
cli() { redis-cli -s "$D/r.sock" "$@"; }
answers() { [ "$(cli ping 2>/dev/null)" = PONG ]; }
check "a store" until_true 10 answers
key() { echo "plimsoll:{default}:$1"; }
report() { # HOST FAULT VM…
	local now host=$1 fault=$2
	now=$(date +%s%6N)
	shift 2
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$host" "$now" "$now" "$now" "$now"
	for v; do
		printf 'vm.uuid\t%s\t11111111-1111-4111-8111-00000000000%s\nvm.state\t%s\trunning\nvm.vcpus\t%s\t1\nvm.memory\t%s\t1024\nvm.cpu\t%s\t200\n' \
			"$v" "${v#vm}" "$v" "$v" "$v" "$v"
	done
	[ -z "$fault" ] || printf '@faults_d %s\nfault.grade\tpsu\t4\nfault.why\tpsu\tbroken\n' "$now"
}
fresh() {
	cli flushall >/dev/null
	report h1 fault vm1 | cli -x set "$(key report:h1)" >/dev/null
	report h2 '' | cli -x set "$(key report:h2)" >/dev/null
	cli sadd "$(key hosts)" h1 h2 >/dev/null
}
once() { # $ended, $D/log
	rm -rf "$D/state"
	mkdir -m 700 "$D/state"
	timeout 60 "$B/plimsolld" --redis "unix://$D/r.sock" --state-dir "$D/state" --mode advise --once --set 'cluster.hosts=*' >"$D/log" 2>&1
	ended=$?
}
# It ended well and says what it planned; or it says in one line what failed, with the error.
says() {
	local failed
	failed=$(grep -cE ' (round.failed|store.away) .*error="[^"]' "$D/log")
	if [ $ended = 0 ]; then
		[ "$failed" = 0 ] && grep -q round.planned "$D/log"
	else
		[ "$failed" = 1 ]
	fi
}
fresh
once
check "as it should be: a plan" grep -q round.planned "$D/log"
for what in journal state:cool-downs state:history state:brake audit waiting records faults faults:log marks admissions stop hosts; do
	for kind in text list; do
		fresh
		cli del "$(key $what)" >/dev/null
		if [ $kind = text ]; then cli set "$(key $what)" '{"nonsense' >/dev/null; else cli rpush "$(key $what)" x >/dev/null; fi
		once
		echo "        $what is a $kind: exit $ended; $(grep -E ' (round.failed|store.away) ' "$D/log" | head -n 1 | cut -c 22-160)"
		check "$what is a $kind: one line why, or a plan" says
	done
done
[ "$story_failed" = 0 ] || { echo "---- log"; tail -20 "$D/log"; }
[ "$story_failed" = 0 ]
