#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who did what, and by which request: for each route that acts, as the OpenAPI document has them, the id that the answer's header says
# stands in the log, in what the request wrote into the store, and where that is kept for people. A route without a deed here fails.
# On plimsolld with a simulated executor, whose moves take two minutes. Needs redis-server, redis-cli, curl, jq. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq
. tests/api_story.sh
service=
monitor=
trap 'kill $service $monitor $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
report_uri=qemu+tcp://h1.invalid/system
report h1 app db web | put h1
report_uri=qemu+tcp://h2.invalid/system
report h2 mail | put h2
port=$(free_ports 1)
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
"$B/plimsoll" token add boss --role admin --set service.state_dir="$D" >"$D/boss" 2>/dev/null
PAGE_MOVE_MS=120000 "$B/page_service" --redis "$R" --cluster t --mode confirm --interval 1h --state-dir "$D" "${settings[@]}" \
	--set service.hold=0s --set service.settle=0s --set api.listen="$port" >/dev/null 2>"$D/log" &
service=$!
T=http://127.0.0.1:$port/api/v1
curl_() { curl -s --max-time 30 -H "Authorization: Bearer $(cat "$D/boss")" -H 'Content-Type: application/json' "$@"; }
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}"; }
redis_() { redis-cli -s "$D/r.sock" "$@"; }
waits() { [ "$(curl_ "$T/plans" | jq .total)" = 1 ]; }
check "the service leads" until_true 30 waits
redis_ monitor >"$D/written" 2>/dev/null &
monitor=$!
check "what is written is seen" until_true 10 grep -q OK "$D/written"
says() { # JQ COMMAND…
	plimsoll "${@:2}" --json >"$D/says" 2>/dev/null
	[ -s "$D/says" ] && jq -e --arg id "$id" --arg by "token boss (admin, API request $id)" "$1" "$D/says" >/dev/null
}

# ---- a deed of each route: it acts, and says where its record is ----
act() { # METHOD PATH curl's words…: $id: of the request
	code=$(curl_ -X "$1" "${@:3}" -o "$D/body" -D "$D/head" -w '%{http_code}' "$T/$2")
	id=$(sed -n 's/^X-Request-Id: //Ip' "$D/head" | tr -d '\r')
	[[ $code == 20[02] && $id =~ ^[0-9a-f]{16}$ ]] || { cat "$D/head" "$D/body"; return 1; }
}
runs() {
	move=$(curl_ "$T/moves?vm=web" | jq -r '.items[] | select(.event == "started") | .id')
	[ -n "$move" ]
}
failing() {
	local at h
	at=$(date +%s)000000
	for h in h3 h4 h5 h6 h7; do
		{ report $h; printf '@faults_d %s\nfault.grade\tpsu1\t4\nfault.why\tpsu1\tdead\n' "$at"; } | put $h
		redis_ sadd 'plimsoll:{t}:hosts' $h >/dev/null
	done
}
deed_put_move() {
	act PUT moves/m1 -d '{"vm": "web", "host": "h2"}' && asked=$id && until_true 30 runs
}
kept_put_move() { redis_ xrange 'plimsoll:{t}:journal' - + | grep -qF "API request $id)"; }
deed_put_abort() { act PUT "moves/$(jq -rn --arg x "$move" '$x | @uri')/abort" -d '{"why": "backup"}'; }
kept_put_abort() { says '[.decisions[].moves[] | select(.why == "aborted by \($by): backup")] | length > 0' audit; }
deed_put_plan() {
	local draft
	draft=$(curl_ -X POST -d '{}' "$T/plans" | jq -r .id)
	act PUT plans/p1 -d "{\"draft\": \"$draft\"}"
}
kept_put_plan() { says '[.plans[] | select(.id == "p1" and (.summary | contains($by)))] | length > 0' confirm; }
deed_put_answer() {
	local etag
	etag=$(curl_ -D - -o /dev/null "$T/plans/p1" | sed -n 's/^ETag: //Ip' | tr -d '\r')
	act PUT plans/p1/answer -d '{"answer": "reject"}' -H "If-Match: $etag"
}
kept_put_answer() { says '[.decisions[] | select(.request == $id and .by == $by and .waiting_plan == "p1" and .answer_state == "no")] | length == 1' audit; }
deed_put_maintenance() { act PUT hosts/h2/maintenance -d '{"why": "fans"}'; }
kept_put_maintenance() { says '[.hosts[] | select(.name == "h2" and .by == $by)] | length == 1' maintenance status; }
deed_delete_maintenance() { act DELETE hosts/h2/maintenance; }
kept_delete_maintenance() { redis_ hget 'plimsoll:{t}:marks' h2 | grep -qF "$id"; }
emptied() { # of a host without VMs: once it has reported since
	report h8 | put h8
	plimsoll maintenance roll --show --json | jq -e '.hosts[0].state == "empty"' >/dev/null
}
deed_put_roll() {
	report h8 | put h8
	redis_ sadd 'plimsoll:{t}:hosts' h8 >/dev/null
	act PUT rolls/june -d '{"hosts": ["h8"]}'
}
kept_put_roll() { says '.by == $by' maintenance roll --show; }
deed_put_roll_held() { act PUT rolls/june/held -d '{"why": "lunch"}'; }
kept_put_roll_held() { says '.held == "held by \($by): lunch" and .changed_by == $by' maintenance roll --show; }
deed_delete_roll_held() { act DELETE rolls/june/held; }
kept_delete_roll_held() { says '.held == null and .changed_by == $by' maintenance roll --show; }
deed_put_roll_finished() { until_true 20 emptied && act PUT rolls/june/finished/h8; }
kept_put_roll_finished() { says '.changed_by == $by and .hosts[0].finished_at != null' maintenance roll --show; }
deed_delete_roll() { act DELETE rolls/june; }
kept_delete_roll() { redis_ get 'plimsoll:{t}:note:roll' | grep -q "abandoned by .*$id" && curl_ -X DELETE "$T/hosts/h8/maintenance" >/dev/null; }
deed_put_accepted() { failing && act PUT faults/h3/psu1/accepted -d '{"why": "seen"}'; }
kept_put_accepted() { says '[.. | objects | select(.by? == $by and .why? == "seen")] | length > 0' faults log; }
deed_put_released() {
	held() { host=$(plimsoll status --json | jq -re '.held[0].host'); }
	until_true 10 held && act PUT "hosts/$host/released"
}
kept_put_released() { grep -q "brake.released .*by=.*$id" "$D/log"; }
deed_put_admitted() { # of one that cluster.hosts has not let in
	report k1 | put k1
	redis_ sadd 'plimsoll:{t}:hosts' k1 >/dev/null
	act PUT hosts/k1/admitted
}
kept_put_admitted() { says '[.hosts[] | select(.host == "k1" and .by == $by)] | length == 1' host list; }
deed_put_stop() { act PUT stop -d '{"why": "switch"}'; }
kept_put_stop() { says '.stop.by == $by' status; }
deed_delete_stop() { act DELETE stop; }
kept_delete_stop() { redis_ get 'plimsoll:{t}:stop' | grep -qF "$id"; }
deed_put_balance() { act PUT balance/acknowledged; }
kept_put_balance() { says '.acknowledged_by == $by and .acknowledged_request == $id and .acknowledged_at != null' audit; }
deed_put_store() { # of a store that has lost something
	redis_ hset 'plimsoll:{t}:epoch' lost '{"schema": "plimsoll.loss/1", "id": "l1", "at": 1770000000000000, "by": "h1/1/1", "why": "a test", "before": "", "emptied": [], "closed": []}' >/dev/null
	act PUT store/acknowledged -d '{"why": "restored"}'
}
kept_put_store() { says '[.decisions[] | select(.request == $id and .answer_state == "acknowledged")] | length > 0' audit; }

acting() { jq -r '.paths[][] | select(.["x-role"] == "operate" or .["x-role"] == "admin") | .operationId' "$D/openapi.json"; }
# in an order in which each finds what it needs
order='put_move put_abort put_plan put_answer put_maintenance delete_maintenance put_roll put_roll_held delete_roll_held put_roll_finished delete_roll put_accepted put_released put_admitted put_stop delete_stop put_balance put_store'
curl_ "$T/openapi.json" >"$D/openapi.json"
check "each route that acts has a deed here, and no other" diff <(tr ' ' '\n' <<<"$order" | sort) <(acting | sed 's/^api_//' | sort)

logged() { grep -q "api.action id=$id who=\"token boss\" role=admin" "$D/log"; }
written() { grep -qF "token boss (admin, API request $id)" "$D/written"; }
for deed in $order; do
	check "$deed" "deed_$deed"
	check "$deed: its request stands in the log" logged
	check "$deed: in what it wrote" until_true 10 written
	check "$deed: and where it is kept for people" until_true 30 "kept_$deed"
done

# ---- what the brake would hold ----
hold_() { curl_ -X PUT -d "$1" -o "$D/body" -w '%{http_code}' "$T/hosts/h1/maintenance"; }
check "one host more than the brake permits is refused" [ "$(hold_ '{}')" = 409 ]
check "which is said by its name" jq -e '.blocked_by == [{"kind": "brake", "name": "h1", "why": .blocked_by[0].why}] and (.blocked_by[0].why | length > 10) and (.detail | test("Add --several"))' "$D/body"
check "several is meant" [ "$(hold_ '{"several": true}')" = 200 ]

# ---- what it led to, and how it is found ----
id=$asked
check "the move that was asked for stands in the audit with its request" until_true 20 says '[.decisions[] | select(.request == $id and .by == $by) | .moves[].vm] == ["web"]' audit
found() { curl_ "$T/audit?request=$id" | jq -e --arg id "$id" '[.items[].request] == [$id]' >/dev/null; }
check "by which the API finds it" until_true 10 found
check "what the service did by itself has none" says '[.decisions[] | select(.by == null and .request != null)] == []' audit
check "a client's own id is not taken over" act PUT stop -d '{"why": "x"}' -H 'X-Request-Id: ffffffffffffffff'
check "its request has the service's" [ "$id" != ffffffffffffffff ]
check "nor does the command line claim one" says '.stop.by | endswith("API request " + $id + ")")' status
act POST commands/resume -d '{"words": []}' >/dev/null
check "a command through the API has its request, too" until_true 10 written
echo "$story_checks checks"
[ "$story_failed" = 0 ]
