#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How a cluster was at some time, from the records of rounds: before a round's moves, while they went on, and after them; by the
# command and by the API. Needs redis-server, redis-cli, curl, jq. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq
. tests/api_story.sh
service=
end() {
	for p in $service $redis; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done
	rm -rf "$D"
}
trap end EXIT

# ---- two rounds: web1 … was moved from h1 in the first, which lasted a minute; the second moved nothing ----
T1=$(($(date +%s) - 7200)) T2=$(($(date +%s) - 3600))
"$B/plimsoll" plan --from tests/scenarios/hot-host-is-relieved/cluster.json --record "$D/planned" >/dev/null
jq --argjson t $T1 '.at = $t * 1000000 | .mode = "auto" | .leader = "drs1/7" | .plan.moves[0] as $m | .outcomes = [{vm: $m.vm, from: $m.from, to: $m.to,
	wave: 0, kind: "load", end: "done", why: "", strategy: "plain", predicted: {ms_low: 1, ms: 2, ms_high: 3, bytes: 4, downtime_ms: 5},
	ms: 58000, bytes: 4096, downtime_ms: 40}]' "$D/planned" >"$D/first"
jq --argjson t $T2 '.at = $t * 1000000 | .mode = "advise" | .leader = "drs1/7" | .plan.moves = []' "$D/planned" >"$D/second"
vm=$(jq -r '.outcomes[0].vm' "$D/first") to=$(jq -r '.outcomes[0].to' "$D/first")
at() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }
record() { redis-cli -s "$D/r.sock" -x xadd 'plimsoll:{t}:records' "$1" text <"$2" >/dev/null; }
was() { "$B/plimsoll" status --redis "$R" --cluster t --at "$@"; }
refuses() { # STATUS WORDS COMMAND…
	local want=$1 words=$2 got
	shift 2
	"$@" >"$D/out" 2>"$D/err"
	got=$?
	[ $got = "$want" ] && grep -q -- "$words" "$D/err" || { echo "exit $got"; cat "$D/err"; return 1; }
}
is() { # JQ COMMAND…
	local what=$1
	shift
	"$@" --json >"$D/out" && jq -e --arg vm "$vm" --arg to "$to" "$what" "$D/out" >/dev/null || { cat "$D/out"; return 1; }
}

check "without a record nothing is shown" refuses 2 'no records yet' was 1h
record $((T1 + 60))000-0 "$D/first"
record $((T2 + 1))000-0 "$D/second"
check "before the first record it says from when on there is one" refuses 2 "the oldest is of $(at $T1)" was "$(at $((T1 - 1)))"
check "nor is anything known of what will be" refuses 2 'in the future' was 2999-01-01T00:00:00Z
check "a time is one" refuses 2 'accepted: an instant' was yesterday
check "it is kept in Redis alone" refuses 2 'Give --redis' "$B/plimsoll" status --from tests/scenarios/hot-host-is-relieved/cluster.json --at 1h
check "--host needs a time" refuses 2 'need --at' "$B/plimsoll" status --host h1
check "--watch shows what is now" refuses 2 'exclude each other' was 1h --watch
check "a host that there was not" refuses 2 'host h9 not found' was "$(at $((T2 + 9)))" --host h9
check "a VM that there was not" refuses 2 'VM x not found' was "$(at $((T2 + 9)))" --vm x

# ---- while its moves go on, and after them ----
one='.vms[] | select(.name == $vm)'
check "under way: it is where it was, on its way" is "$one | .host == \"h1\" and .moving_to == \$to and .moved_from == null" was "$(at $((T1 + 30)))"
check "which is said" is '.moves_under_way and .next_at == null and .age_seconds == 30' was "$(at $((T1 + 30)))"
check "h1 has all its VMs" is '.hosts[] | select(.name == "h1") | .vm_count == 8' was "$(at $((T1 + 30)))"
check "ended: it is on its target" is "$one | .host == \$to and .moving_to == null and .moved_from == \"h1\"" was "$(at $((T1 + 90)))"
check "h1 has one less" is '.hosts[] | select(.name == "h1") | .vm_count == 7' was "$(at $((T1 + 90)))"
check "and less to do" is '[.hosts[] | select(.name == "h1") | .cpu_used] | .[0] > 0.7 and .[0] < 0.9' was "$(at $((T1 + 90)))"
check "when the next round was" is ".next_at == \"$(at $T2)\" and .at == \"$(at $T1)\" and (.moves_under_way | not)" was "$(at $((T1 + 90)))"
check "how the move ended" is '.plan.moves | length == 1 and .[0].end == "done" and .[0].seconds == 58' was "$(at $((T1 + 90)))"
check "an hour later nothing was moved" is '.mode == "advise" and .plan.move_count == 0 and all(.vms[]; .moved_from == null)' was "$(at $((T2 + 90)))"
check "one host: its VMs alone" is '(.hosts | length) == 1 and ([.vms[].host] | unique) == ["h2"] and .vm_count == 10' was "$(at $((T2 + 90)))" --host h2
check "one VM" is '[.vms[].name] == ["db1"]' was "$(at $((T2 + 90)))" --vm db1
check "in words: when, and where" bash -c "'$B/plimsoll' status --redis '$R' --cluster t --at '$(at $((T1 + 90)))' --vm '$vm' | tee '$D/out' | grep -q 'moved from h1'"
check "of which round" grep -q "the round of $(at $T1) (1 min 30 s before), mode auto, by drs1/7" "$D/out"
check "by how long ago" is ".at == \"$(at $T2)\"" was 30m
check "a record that is damaged is named" bash -c "redis-cli -s '$D/r.sock' xadd 'plimsoll:{t}:records' '$((T2 + 60))000-0' text '{}' >/dev/null;
	'$B/plimsoll' status --redis '$R' --cluster t --at '$(at $((T2 + 90)))' 2>&1 | grep -q 'is missing'"
redis-cli -s "$D/r.sock" xdel 'plimsoll:{t}:records' $((T2 + 60))000-0 >/dev/null

# ---- the API says the same ----
report h1 app | put h1
"$B/plimsolld" --redis "$R" --cluster t --mode advise --interval 1h --state-dir "$D" --set cluster.hosts='h*' --set snapshot.stale_after=1h \
	--set api.socket="$D/a.sock" 2>"$D/log" &
service=$!
U=http://localhost/api/v1/history
local_() { curl -s --max-time 10 --unix-socket "$D/a.sock" "$@"; }
code() { local_ -o "$D/body" -w '%{http_code}' "$@"; }
ready() { [ "$(code http://localhost/readyz)" = 200 ]; }
check "the service is ready" until_true 20 ready
same() { # QUERY OPTIONS…
	local query=$1
	shift
	[ "$(code "$U?$query")" = 200 ] && was "$@" --json >"$D/want" && diff <(jq -S . "$D/want") <(jq -S . "$D/body")
}
check "what the command says" same "at=$(at $((T1 + 90)))" "$(at $((T1 + 90)))"
check "of one host" same "at=$(at $((T1 + 90)))&host=h1" "$(at $((T1 + 90)))" --host h1
check "before the first record: why not" [ "$(code "$U?at=$(at $((T1 - 1)))")" = 400 ]
check "and from when on" grep -q "the oldest is of $(at $T1)" "$D/body"
check "of a VM that there was not" [ "$(code "$U?at=$(at $((T1 + 90)))&vm=--all")" = 400 ]
recorded() { [ "$(code "$U")" = 200 ] && jq -e '.hosts | map(.name) == ["h1"]' "$D/body" >/dev/null; }
check "without a time: the newest" until_true 20 recorded
check "through --api" bash -c "'$B/plimsoll' --api 'unix:$D/a.sock' status --at '$(at $((T1 + 90)))' --vm '$vm' | grep -q 'moved from h1'"
[ "$story_failed" = 0 ] || tail -n 20 "$D/log"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
