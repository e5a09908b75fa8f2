#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A migration that runs is aborted, over the API and from the command line: the VM stays, journal, audit and log say by whom, and no
# plan begins it anew at once. What is over, unknown or nobody's is refused as what it is. On plimsolld with a simulated executor, whose
# moves take two minutes. Needs redis-server, redis-cli, curl, jq. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq
. tests/api_story.sh
service=
trap 'kill $service $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
report_uri=qemu+tcp://h1.invalid/system
report h1 app db web | put h1
report_uri=qemu+tcp://h2.invalid/system
report h2 mail | put h2
port=$(free_ports 1)
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
for role in view operate; do
	"$B/plimsoll" token add $role --role $role --set service.state_dir="$D" >"$D/$role" 2>/dev/null
done
PAGE_MOVE_MS=120000 "$B/page_service" --redis "$R" --cluster t --mode confirm --interval 1h --state-dir "$D" "${settings[@]}" \
	--set service.hold=0s --set service.settle=0s --set api.listen="$port" >/dev/null 2>"$D/log" &
service=$!
T=http://127.0.0.1:$port/api/v1
as() { # ROLE curl's words…
	local t=$1
	shift
	curl -s --max-time 30 -H "Authorization: Bearer $(cat "$D/$t")" -H 'Content-Type: application/json' "$@"
}
is() { # CODE COMMAND…
	local want=$1 got
	shift
	got=$("$@" -o "$D/body" -D "$D/head" -w '%{http_code}')
	[ "$got" = "$want" ] || { echo "        $got"; cat "$D/head" "$D/body"; return 1; }
}
body() { jq -e "$1" "$D/body" >/dev/null || { cat "$D/body"; return 1; }; }
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}"; }
waits() { [ "$(as view $T/plans | jq .total)" = 1 ]; }
check "the service leads" until_true 30 waits

plimsoll plan --json >"$D/plan.json"
move_() { # NAME VM curl's words…
	 as operate -X PUT -d "{\"vm\": \"$2\", \"host\": \"h2\"}" "${@:3}" "$T/moves/$1"
}
runs() { # VM: it does; $id
	id=$(as view "$T/moves?vm=$1" | jq -r '.items[] | select(.event == "started") | .id')
	[ -n "$id" ]
}
abort_() { # ROLE MOVE BODY curl's words…: an id of the service has slashes, which a path has as %2F
	as "$1" -X PUT -d "$3" "${@:4}" "$T/moves/$(jq -rn --arg x "$2" '$x | @uri')/abort"
}

# ---- over the API ----
check "a move is asked for" is 202 move_ fans-1 web
check "and runs" until_true 30 runs web
check "view aborts nothing" is 403 abort_ view "$id" '{}'
check "one that is none" is 404 abort_ operate nosuch '{}'
check "a word that is none" is 422 abort_ operate "$id" '{"wyh": "x"}'
check "it still runs" runs web
check "operate aborts it" is 202 abort_ operate "$id" '{"why": "backup is running"}'
check "which is asked of who carries it out" body '.schema == "plimsoll.abort/1" and .status == "asked" and .vm == "web" and .to == "h2" and (.leader | length > 0)'
aborted() { is 200 abort_ operate "$id" '{}' >/dev/null; }
check "the same again says that it ended" until_true 20 aborted
check "by whom, and why" body '.status == "aborted" and .from == "h1" and (.why | test("^aborted by token operate \\(operate, API request [0-9a-f]{16}\\): backup is running$"))'
check "by the name of one's own it is the same" is 410 abort_ operate fans-1 '{}'
check "as what it was asked for ended" body '.detail | test("fans-1 is failed: .*aborted by token operate")'
check "who asked for the move reads it" is 409 move_ fans-1 web
check "in these words" body '.detail | test("aborted by token operate \\(operate, API request [0-9a-f]{16}\\): backup is running")'
check "nothing is open in the journal" [ "$(plimsoll journal --json | jq -c .open)" = '[]' ]
audited() { plimsoll audit --json | jq -e '[.. | strings | select(test("aborted by token operate \\(operate, API request [0-9a-f]{16}\\): backup"))] | length > 0' >/dev/null; }
check "the audit has it" until_true 20 audited
check "the log, too, with the request" grep -Eq 'api.action id=[0-9a-f]{16} who="token operate" role=operate method=PUT route=/api/v1/moves/\{move\}/abort about=.* status=202' "$D/log"
check "and the executor's word" grep -q 'move.missed vm=web from=h1 to=h2 end=aborted why="aborted by token operate' "$D/log"
check "no plan begins it anew at once" bash -c "'$B/plimsoll' retry --json --redis '$R' --cluster t ${settings[*]} | jq -e '[.missed[] | select(.vm == \"web\" and .to == null)] | length == 1'"
check "nobody wants it aborted any more" [ "$(redis-cli -s "$D/r.sock" hlen 'plimsoll:{t}:moves:aborts')" = 0 ]
redis-cli -s "$D/r.sock" xrevrange 'plimsoll:{t}:journal' + - count 1 | sed -n 3p | jq -jc '.id = "h9/1/2/3" | .event = "done" | .message = ""' >"$D/entry"
redis-cli -s "$D/r.sock" -x xadd 'plimsoll:{t}:journal' '*' text <"$D/entry" >/dev/null
check "one that is done" is 410 abort_ operate h9/1/2/3 '{}'
check "is said to be" body '.detail | test("h9/1/2/3 is done")'
# As of one that ended in the same instant: whoever carried it out has looked for the last time.
redis-cli -s "$D/r.sock" hset 'plimsoll:{t}:moves:aborts' mail '{"schema": "plimsoll.abort-wish/1", "id": "h9/1/2/3", "by": "ann@desk", "why": "", "at": 1, "until": 9000000000000000}' >/dev/null
redis-cli -s "$D/r.sock" incr 'plimsoll:{t}:call' >/dev/null
none_left() { [ "$(redis-cli -s "$D/r.sock" hlen 'plimsoll:{t}:moves:aborts')" = 0 ]; }
check "a request that came too late does not stay" until_true 20 none_left

# ---- from the command line ----
check "another move" is 202 move_ fans-2 db
check "runs" until_true 30 runs db
check "is aborted" bash -c "'$B/plimsoll' abort db --redis '$R' --cluster t ${settings[*]} >'$D/out'"
check "which is said when it has ended" grep -q '^db stays on h1: its migration to h2 was aborted by ' "$D/out"
check "again is the same" bash -c "'$B/plimsoll' abort db --redis '$R' --cluster t ${settings[*]} >/dev/null"
check "a VM without one" not plimsoll abort mail
check "a reason of two lines" not plimsoll abort db --why $'a\nb'
jq '.moves = [.moves[] | select(.vm == "app")]' "$D/plan.json" >"$D/one.json"
check "a plan file is handed over through the service" env PLIMSOLL_TOKEN_FILE="$D/operate" "$B/plimsoll" --api "http://127.0.0.1:$port" apply --plan="$D/one.json" --yes --id file-1
check "its move runs" until_true 30 runs app
check "and is aborted" env PLIMSOLL_TOKEN_FILE="$D/operate" "$B/plimsoll" --api "http://127.0.0.1:$port" abort app --no-wait
check "view does not" not env PLIMSOLL_TOKEN_FILE="$D/view" "$B/plimsoll" --api "http://127.0.0.1:$port" abort app --no-wait
over() { plimsoll abort app --no-wait --json | jq -e '.status == "aborted"' >/dev/null; }
check "it ends" until_true 20 over

# ---- nobody's ----
jq -jc '.id = "h9/1/2/4" | .event = "started"' "$D/entry" | redis-cli -s "$D/r.sock" -x xadd 'plimsoll:{t}:journal' '*' text >/dev/null
check "one whose leader is gone" is 409 abort_ operate h9/1/2/4 '{}'
check "is nobody's, and what helps is said" body '.detail | test("unwatched: .*virsh domjobabort web")'
echo "$story_checks checks"
[ "$story_failed" = 0 ]
