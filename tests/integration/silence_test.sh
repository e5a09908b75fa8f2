#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host that must be left falls silent: plan, evacuate, status, maintenance status and explain all say so, name its VMs,
# and exit with 3. Needs redis-server. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
ping() { redis-cli -s "$D/r.sock" ping >/dev/null 2>&1; }
until_true 10 ping
exits() { # STATUS COMMAND…
	local want=$1 got
	shift
	"$@" >"$D/out" 2>&1
	got=$?
	[ $got = "$want" ] || { echo "        exit $got"; cat "$D/out"; return 1; }
}
has() { grep -Eq -- "$1" "$D/out" || { cat "$D/out"; return 1; }; }
S=tests/scenarios
file() { "$B/plimsoll" "$@" --from "$S/$story/cluster.json"; }
for story in a-failing-host-that-is-silent-is-no-calm a-host-in-maintenance-that-is-silent-is-no-calm an-offline-host-with-vms-is-no-calm; do
	for command in plan "plan --json" status "status --json" "explain db" "explain db --json" "evacuate h1 --dry-run" "evacuate h1 --dry-run --json"; do
		# shellcheck disable=SC2086
		check "$story: $command is blocked" exits 3 file $command
		check "and names the VM" has '\bdb\b'
		check "and why" has 'stale or missing|must be left but is not reporting'
	done
done
story=a-failing-host-that-is-silent-is-no-calm
check "a summary counts" bash -c "'$B/plimsoll' status --from $S/$story/cluster.json | grep -q '1 failing, 1 not known'"
check "fault and silence stand together, the worse first" bash -c "'$B/plimsoll' plan --from $S/$story/cluster.json | grep -Eq 'h1 .*fault grade 4: .*; its last report is 95.0 s old'"
# The same from Redis: reports that are old.
plimsoll() { "$B/plimsoll" "$@" --redis "unix://$D/r.sock" --set cluster.hosts='h*'; }
put() { redis-cli -s "$D/r.sock" -x set "plimsoll:{default}:$1" >/dev/null; }
report() { # HOST SECONDS_OLD MORE VM…
	local at host=$1 more=$3 v
	at=$((($(date +%s) - $2) * 1000000))
	shift 3
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=5000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$host" "$at" "$at" "$at" "$at"
	for v; do
		printf 'vm.uuid\t%s\t11111111-1111-4111-8111-%012d\nvm.state\t%s\trunning\nvm.vcpus\t%s\t1\nvm.memory\t%s\t1024\nvm.cpu\t%s\t200\nvm.dirty\t%s\t0\n' \
			"$v" "$(printf '%s' "$v" | cksum | cut -c1-6)" "$v" "$v" "$v" "$v" "$v"
	done
	printf '%b' "$more"
}
report h1 95 '' db app | put report:h1
report h2 0 '' web | put report:h2
check "a host that is silent and need not be left blocks nothing" exits 0 plimsoll plan
check "in maintenance" exits 0 plimsoll maintenance enter h1
check "maintenance status is blocked" exits 3 plimsoll maintenance status h1
check "says so" has 'blocked, VMs unknown: its last report is'
check "and names each VM, as it was last known" has 'app cannot leave: the facts of the host'
check "with their number" has '^h1 .* 2 '
check "never that it is empty" not has 'empty'
check "in JSON, too" exits 3 plimsoll maintenance status h1 --json
check "with each VM" has '"vm": "db"'
check "blocked" has '"blocked": true'
check "plan" exits 3 plimsoll plan
check "names it" has 'db .*in maintenance; its last report is'
check "status" exits 3 plimsoll status
check "says it first" has 'blocked: h1 must be left but is not reporting .*: app, db'
check "status --json" exits 3 plimsoll status --json
check "has it as data" has '"stranded": \['
check "explain" exits 3 plimsoll explain db
check "says why" has 'it must leave h1 and cannot'
check "who waits is told at once" exits 3 plimsoll maintenance status h1 --wait
check "and not that its VMs have left" not has '2 of 2 VMs have left'
# Its report expires: a leader that saw it has written down which VMs it had.
serve() { "$B/plimsolld" --once --redis "unix://$D/r.sock" --state-dir "$D/state" --mode advise --set 'cluster.hosts=h*' "$@" >"$D/log" 2>&1; }
check "a service sees it" serve
redis-cli -s "$D/r.sock" del 'plimsoll:{default}:report:h1' >/dev/null
report h2 0 '' web | put report:h2
check "maintenance status, the report gone, is blocked" exits 3 plimsoll maintenance status h1
check "it has its VMs" has '^h1 .* 2 '
check "as they were last known, with the age" has 'no report received; its 2 VMs were last seen [0-9.]+ s ago'
check "it is not empty" exits 3 plimsoll maintenance status h1 --json
check "in JSON" has '"empty": false'
check "status counts them" bash -c "'$B/plimsoll' status --redis 'unix://$D/r.sock' --set 'cluster.hosts=h*' | grep -q ' 1 not known, 1 excluded'"
# A move whose end nobody can see: what is known, and a person's word.
entry() { redis-cli -s "$D/r.sock" xadd 'plimsoll:{default}:journal' '*' text "{\"event\": \"unclear\", \"id\": \"x/1/9\", \"vm\": \"db\", \"uuid\": \"11111111-1111-4111-8111-000000000001\", \"from\": \"h1\", \"to\": \"h2\", \"at\": $(date +%s%6N), \"message\": \"h1: cannot be queried\"}" >/dev/null; }
check "no move is open" exits 0 plimsoll journal
entry
check "one is" exits 3 plimsoll journal
check "it is listed" has '^db +h1 +h2 +unclear .*h1: cannot be queried'
check "also as JSON" exits 3 plimsoll journal --json
check "with what each host says" has '"from_says": "has it.*last known: no report'
check "status names the command" bash -c "'$B/plimsoll' status --redis 'unix://$D/r.sock' --set 'cluster.hosts=h*' | grep -q 'plimsoll journal settle db'"
check "settle shows what is known" exits 3 plimsoll journal settle db
check "of each host" has 'h2: does not have it'
check "and how to say it" has 'journal settle db --at HOST --why TEXT'
check "of a VM that has no open move nothing" exits 2 plimsoll journal settle web
check "a host that is none of the two is refused" exits 2 plimsoll journal settle db --at h3 --why x
check "with those that are accepted" has '--at accepts h1 or h2'
check "a word needs its reason" exits 2 plimsoll journal settle db --at h1
check "another verb is refused" exits 2 plimsoll journal forget db
check "a word is noted" exits 0 plimsoll journal settle db --at h1 --why 'looked at the console'
check "and shown until it is taken in" exits 3 plimsoll journal settle db
check "with who said it" has 'recorded that it runs on h1 \(looked at the console\); the service has not read that yet'
check "the service takes it in" serve
check "and says by whom" grep -q 'move.settled vm=db .* end=failed by=.*@' "$D/log"
check "then nothing is open" exits 0 plimsoll journal
check "the audit has it" exits 0 plimsoll audit
check "with the word" has 'db'
report h1 0 '' db app | put report:h1
check "when it reports again nothing is left of it" exits 0 plimsoll plan
# Nobody knows of any VM: that is no empty host, and nobody waits for it for ever.
redis-cli -s "$D/r.sock" del 'plimsoll:{default}:report:h1' 'plimsoll:{default}:known' >/dev/null
report h2 0 '' web | put report:h2
check "a host in maintenance that was not seen since is no empty one" exits 3 plimsoll maintenance status h1
check "nobody knows" has 'blocked, VMs unknown: no report'
check "who waits is told so" exits 3 timeout 30 "$B/plimsoll" maintenance status h1 --wait --redis "unix://$D/r.sock" --set cluster.hosts='h*'
check "in words" has 'VMs on h1 unknown: no report received. It stays in maintenance'
report h1 0 '' | put report:h1
falls_silent() { serve --set snapshot.stale_after=1s && [ "$(redis-cli -s "$D/r.sock" hexists 'plimsoll:{default}:known' h1)" = 1 ]; }
check "it says that it is empty, is switched off to be mended, and seen no more" until_true 20 falls_silent
redis-cli -s "$D/r.sock" del 'plimsoll:{default}:report:h1' >/dev/null
report h2 0 '' web | put report:h2
check "it was empty when it was last seen, after it was asked for" exits 0 plimsoll maintenance status h1
check "which is said" has 'empty at its last report: no report received; its 0 VMs were last seen'
check "so who waits need not wait" exits 0 timeout 30 "$B/plimsoll" maintenance status h1 --wait --redis "unix://$D/r.sock" --set cluster.hosts='h*'
[ "$story_failed" = 0 ]
