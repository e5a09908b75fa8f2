#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the API says is what the commands say with --json, what it does is what they do: reads, pages, the OpenAPI document, and every
# action with its role, its body and its traces in store, log and audit. Needs redis-server, redis-cli, curl, jq.
# Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq
. tests/api_story.sh
service=
trap 'kill $service $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
mkdir "$D/answers"
report h1 app db web | put h1
report h2 mail | put h2
port=$(free_ports 1)
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
token() { "$B/plimsoll" token "$@" --set service.state_dir="$D"; }

# ---- tokens ----
check "a token is added" bash -c "'$B/plimsoll' token add viewer --set service.state_dir='$D' >'$D/viewer' 2>/dev/null"
check "it looks like one" grep -Eqx 'plt_[0-9a-f]{64}' "$D/viewer"
token add operator --role operate --for 1h --json >"$D/operator.json"
jq -r .token "$D/operator.json" >"$D/operator"
token add boss --role admin 2>/dev/null >"$D/boss"
check "a name is there once" not token add viewer
check "a role that is none" not token add x --role root
check "a name that is none" not token add 'a b'
check "they are listed" bash -c "'$B/plimsoll' token list --json --set service.state_dir='$D' | jq -e '[.tokens[].name] == [\"viewer\", \"operator\", \"boss\"]'"
check "themselves stand nowhere" not grep -rq "$(cat "$D/viewer")" "$D/api-tokens"
check "nobody else reads the file" [ "$(stat -c %a "$D/api-tokens")" = 600 ]

"$B/plimsolld" --redis "$R" --cluster t --mode confirm --interval 1h --state-dir "$D" "${settings[@]}" --set service.hold=0s \
	--set service.lease=2s --set api.socket="$D/a.sock" --set api.listen="$port" --set api.origins=https://drs.example 2>"$D/log" &
service=$!
U=http://localhost/api/v1
T=http://127.0.0.1:$port/api/v1
as() { # TOKEN curl's words…
	local t=$1
	shift
	curl -s --max-time 30 -H "Authorization: Bearer $(cat "$D/$t")" "$@"
}
local_() { curl -s --max-time 30 --unix-socket "$D/a.sock" "$@"; }
is() { # CODE COMMAND…
	local want=$1 got
	shift
	got=$("$@" -o "$D/body" -D "$D/head" -w '%{http_code} %{method} %{url_effective}')
	{ echo "$got"; cat "$D/body"; } >"$D/answers/$(date +%s%N)"
	got=${got%% *}
	[ "$got" = "$want" ] || { echo "        $got"; cat "$D/head" "$D/body"; return 1; }
}
body() { jq -e "$1" "$D/body" >/dev/null || { cat "$D/body"; return 1; }; }
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}"; }
waits() { [ "$(local_ $U/plans | jq .total)" = 1 ]; }
check "a plan waits" until_true 30 waits

# ---- reads ----
check "clusters" is 200 local_ $U/clusters
check "names it and who leads" body '.items == [{"name": "t", "leading": true, "ready": true, "not_ready_why": null, "plan_status": .items[0].plan_status}]'
same() { # PATH JQ COMMAND…: a part of both is the same
	local path=$1 part=$2
	shift 2
	plimsoll "$@" >"$D/want" 2>/dev/null
	is 200 local_ "$U/$path" && diff <(jq -S "$part" "$D/want") <(jq -S "$part" "$D/body")
}
check "status is what status --json says" same status '{schema, cluster, hosts, failing, stop, held, doubled}' status --json --all
check "settings are what settings show --json says" same settings '[.. | objects | select(.key? == "cluster.hosts")]' settings show --json
check "maintenance is what maintenance status --json says" same maintenance . maintenance status --json
check "explain is what explain --json says" same 'explain?vm=db&host=h2' '{schema, vm}' explain db h2 --json
check "capacity is what capacity --json says" same 'capacity?vcpus=1&memory=1GiB' . capacity --vcpus 1 --memory 1GiB --json
items() { # PATH JQ COMMAND…: the items of a list are a list of the command's
	local path=$1 part=$2
	shift 2
	plimsoll "$@" >"$D/want" 2>/dev/null
	is 200 local_ "$U/$path" && diff <(jq -S "$part" "$D/want") <(jq -S '.items | map(if .etag then .etag = "ETAG" else . end)' "$D/body")
}
check "hosts" items hosts .hosts status --json --all
check "VMs" items vms .vms snapshot
check "faults" items faults .hosts faults --json
check "moves" items moves .open journal --json
check "plans, without their moves" items plans '[.plans[] | del(.plan) + {move_count: (.plan.moves | length), etag: "ETAG"}]' confirm --json
check "audit" items audit .decisions audit --json
check "one host" is 200 local_ $U/hosts/h2
check "is that host, with what is on it" body '.schema == "plimsoll.host/1" and .name == "h2" and [.vms[].name] == ["mail"] and [.moves[].to] == ["h2"] and .maintenance == null'
check "none" is 404 local_ $U/hosts/h9
check "one VM" is 200 local_ $U/vms/db
check "with what it does" body '.schema == "plimsoll.vm/1" and .name == "db" and .host == "h1" and .move.vm == (if .name == "app" then "app" else null end) and .recent == []'
check "why it is there" same vms/db/explain '{schema, vm, hosts: [.hosts[].verdict]}' explain db --json
check "why not elsewhere" same 'vms/db/explain?to=h2' '{schema, vm, hosts: [.hosts[].verdict]}' explain db h2 --json
check "not on a host that is none" is 404 local_ "$U/vms/db/explain?to=h9"
check "the frontier is what frontier --json says" same 'frontier?by=gib' . frontier --by gib --json
check "by what there is" is 400 local_ "$U/frontier?by=euro"
check "an unknown VM is not explained" is 400 local_ "$U/explain?vm=nobody"
check "nor one that would be an option" is 400 local_ "$U/explain?vm=--from=/etc/passwd"
check "what is needed is said" is 400 local_ $U/explain
check "no other cluster" is 404 local_ "$U/status?cluster=u"
check "pages" is 200 local_ "$U/vms?limit=3"
check "say what there is" body '.total == 4 and .limit == 3 and (.items | length) == 3 and (.as_of | test("^20.*Z$"))'
check "and what comes next" is 200 local_ "$U/vms?limit=3&next=$(jq -r .next "$D/body")"
check "which is the last" body '.next == null and (.items | length) == 1'
check "a limit is one" is 400 local_ "$U/vms?limit=501"
check "a next is one" is 400 local_ "$U/vms?next=7"
names() { jq -c '[.items[].name]' "$D/body"; }
check "VMs of one host" is 200 local_ "$U/vms?host=h1&sort=-name"
check "are those, sorted from the largest" [ "$(names)" = '["web","db","app"]' ]
check "VMs by a part of a name" is 200 local_ "$U/vms?q=A&sort=name"
check "are those that have it" [ "$(names)" = '["app","mail"]' ]
check "hosts by their load" is 200 local_ "$U/hosts?sort=-cpu_used"
check "the fullest first" [ "$(names)" = '["h1","h2"]' ]
check "hosts above their line" is 200 local_ "$U/hosts?above_load_line=true"
check "is one" [ "$(names)" = '["h1"]' ]
check "no order by what is not there" is 400 local_ "$U/hosts?sort=color"
check "it says by what" body '.detail | test("cpu_used")'
check "a filter that is none is not passed over" is 400 local_ "$U/vms?hots=h1"
check "it is named" body '.detail | test("hots: unknown here; accepted: .*host")'
check "by a member of its own, too" body '.errors == [{"parameter": "hots", "detail": "unknown here", "accepted": .errors[0].accepted, "nearest": "host"}] and (.errors[0].accepted | test("host"))'

# ---- the OpenAPI document is the routes, and answers are as it says ----
local_ $U/openapi.json >"$D/openapi.json"
check "OpenAPI 3.1" [ "$(jq -r .openapi "$D/openapi.json")" = 3.1.0 ]
routes() { sed -n 's/^API_ROUTE("\([A-Z]*\)", "\([^"]*\)", \([A-Z]*\).*/\1 \2 \3/p' scheduler/app/api/api_routes.def | tr 'A-Z' 'a-z' | sort; }
documented() { jq -r '.paths | to_entries[] | .key as $p | .value | to_entries[] | "\(.key) \($p) \(.value["x-role"])"' "$D/openapi.json" | sort; }
check "has each route with its role, and no other" diff <(routes) <(documented)
table() { sed -n 's/^API_ROUTE("\([A-Z]*\)", "\([^"]*\)", \([A-Z]*\), .*, "\([^"]*\)")$/| \1 | `\2` | \L\3\E | \4 |/p' scheduler/app/api/api_routes.def; }
check "docs/api.md has each with its role and its words, in order" diff <(table) <(grep -E '^. (GET|PUT|DELETE|POST) . `/' docs/api.md)
check "each operation has another name" [ "$(jq '[.paths[][].operationId] | length == (unique | length)' "$D/openapi.json")" = true ]

# ---- roles ----
check "without a token nothing" is 401 curl -s "$T/status"
check "view reads" is 200 as viewer "$T/status"
check "view stops nothing" is 403 as viewer -X PUT -H 'Content-Type: application/json' -d '{"why": "x"}' "$T/stop"
check "operate lets no host in" is 403 as operator -X PUT "$T/hosts/h1/admitted"
check "and lifts no stop" is 403 as operator -X DELETE "$T/stop"

# ---- a browser: a token is exchanged for a cookie ----
login() { curl -s --max-time 30 -c "$D/jar" -X PUT -H 'Content-Type: application/json' -H 'Origin: https://drs.example' -d "{\"token\": \"$1\"}" "${@:2}" "$T/login"; }
check "a login with a wrong token" is 401 login plt_wrong
check "leaves no cookie" not grep -qi '^set-cookie' "$D/head"
check "no login from a page of another site" is 403 curl -s -X PUT -H 'Content-Type: application/json' -H 'Origin: https://evil.example' -d "{\"token\": \"$(cat "$D/operator")\"}" "$T/login"
check "a login" is 200 login "$(cat "$D/operator")"
check "says who that is" body '.who == "token operator" and .role == "operate" and .until != null'
check "by a cookie that no script reads, of no other site, for 12 hours" grep -Eqi '^set-cookie: plimsoll=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200.?$' "$D/head"
cookie() { curl -s --max-time 30 -b "$D/jar" "$@"; }
check "with it one reads" is 200 cookie "$T/login"
check "as who that is" body '.who == "token operator" and .role == "operate"'
check "and changes something from our page" is 200 cookie -X PUT -H 'Content-Type: application/json' -H 'Origin: https://drs.example' -d '{"why": "by hand"}' "$T/stop"
check "not without an origin" is 403 cookie -X PUT -H 'Content-Type: application/json' -d '{"why": "x"}' "$T/stop"
check "it says what is wanted" body '.detail | test("Origin of api.origins; this has application/json and none")'
check "nor from another page" is 403 cookie -X PUT -H 'Content-Type: application/json' -H 'Origin: https://evil.example' -d '{"why": "x"}' "$T/stop"
check "nor by what a form can send" is 403 cookie -X PUT -H 'Content-Type: text/plain' -H 'Origin: https://drs.example' -d '{"why": "x"}' "$T/stop"
check "nor more than its role" is 403 cookie -X DELETE -H 'Content-Type: application/json' -H 'Origin: https://drs.example' "$T/stop"
check "an admin lifts the stop" is 200 as boss -X DELETE "$T/stop"
cp "$D/jar" "$D/old"
check "a logout" is 200 curl -s -b "$D/jar" -c "$D/jar" -X DELETE -H 'Content-Type: application/json' -H 'Origin: https://drs.example' "$T/login"
check "takes the cookie back" grep -qi '^set-cookie: plimsoll=; .*Max-Age=0' "$D/head"
check "who kept it is nobody" is 401 curl -s -b "$D/old" "$T/login"
check "over the unix socket one is who one is" is 200 local_ $U/login
check "without a cookie" body '.role == "admin" or .role == "operate"'
check "no secret of it in the log" not grep -qE "plt_|$(sed -n 's/.*plimsoll\t//p' "$D/old")" "$D/log"
check "but that it was" grep -q 'api.login id=.* who="token operator" role=operate' "$D/log"

# ---- bodies ----
put_() { as operator -X PUT -H 'Content-Type: application/json' "$@"; }
check "no JSON" is 400 put_ -d '{' "$T/stop"
check "no object" is 400 put_ -d '[]' "$T/stop"
check "a field that is none" is 422 put_ -d '{"why": "x", "wyh": 1}' "$T/stop"
check "is named" body '.detail | test("^/wyh: unknown field")'
check "with what is accepted" body '.errors == [{"pointer": "/wyh", "detail": "unknown field", "accepted": "why, for_seconds"}]'
check "one that is nearly one" is 422 put_ -d '{"why": "x", "for_second": 1}' "$T/stop"
check "is told which" body '.errors[0].nearest == "for_seconds"'
check "two of them" is 422 put_ -d '{"for_seconds": -1}' "$T/stop"
check "are said at once" body '[.errors[] | .pointer + " " + .detail] == ["/for_seconds is not a valid value", "/why is missing"]'
check "a long name that is none" is 422 put_ -d "{\"why\": \"x\", \"$(printf 'a%.0s' {1..79})é\": 1}" "$T/stop"
check "is cut between characters" body '.errors[0].pointer | test("^/a{79}$")'
check "a field that is needed" is 422 put_ -d '{}' "$T/stop"
check "a field of another kind" is 422 put_ -d '{"why": 7}' "$T/stop"
check "no text of JSON's kind" is 415 as operator -X PUT -H 'Content-Type: text/plain' -d '{"why": "x"}' "$T/stop"
check "a field twice" is 400 put_ -d '{"why": "x", "why": "y"}' "$T/stop"

# each field with what no command takes: of a number far too many and too few, of a text far too long and none
wrong_() { # PATH FIELD VALUE OTHERS METHOD
	[ "$5" = POST ] && local path=$1 || local path=${1//\{host\}/h2}
	is 422 as boss -X "$5" -H 'Content-Type: application/json' -d "$(jq -nc --arg f "$2" --argjson v "$3" --argjson o "$4" '$o + {($f): $v}')" "$T/$path" &&
		body ".errors | length == 1 and .[0].pointer == \"/$2\" and (.[0] | .accepted // .detail | length > 10)"
}
fields() { # "METHOD PATH FIELD TYPE OTHERS" of the actions and questions that are carried out by a command, by the OpenAPI document
	jq -r '.paths | to_entries[] | .key as $p | .value | to_entries[] | .key as $m | .value.requestBody.content["application/json"].schema.properties // {} | to_entries[] |
		select($p | test("^/api/v1/(hosts/[{]host[}]/maintenance|stop|capacity|place|plans|faults.*|store/.*|moves/.*/abort)$")) |
		"\($m | ascii_upcase) \($p | ltrimstr("/api/v1/")) \(.key) \(.value.type)"' "$D/openapi.json"
}
wrong_fields() {
	local method path field type others value
	while read -r method path field type; do
		path=${path/\{device\}/sda} path=${path/\{move\}/m}
		case $path in
		stop) others='{"why": "x"}' ;;
		capacity | place) others='{"vcpus": 1, "memory_mib": 1024}' ;;
		*) others='{}' ;;
		esac
		case $type in
		integer | number) values='-1 900000000.5 900000001' ;;
		string) values="$(printf '"%02000d"' 0) \"\\u0020\"" ;; # jq reads the escape
		*) values='7' ;;
		esac
		case $path/$field in
		*/memory_mib) values='-1 900000000.5' ;; # more than any host has: it fits nowhere, which is no mistake
		esac
		for value in $values; do
			check "$method $path $field = ${value:0:20} is refused" wrong_ "$path" "$field" "$value" "$others" "$method" </dev/null
		done
	done < <(fields)
}
wrong_fields
check "a time that is too long" is 422 put_ -d '{"deadline_seconds": 99999999}' "$T/hosts/h2/maintenance"
check "is said with its range" body '.errors == [{"pointer": "/deadline_seconds", "detail": "is not a valid value", "accepted": "a number of seconds, from 1000 ms to 2592000 s"}]'
check "nothing was done" bash -c "'$B/plimsoll' status --json --redis '$R' --cluster t ${settings[*]} | jq -e '.stop == null and ([.hosts[].state] | index(\"maintenance\")) == null'"
check "a parameter that is none" is 400 local_ "$U/audit?since=yesterday"
check "is named, too" body '.errors[0].parameter == "since" and (.errors[0].accepted | test("from 0 ms to"))'

# ---- questions that change nothing: a body, and no more than view ----
ask() { as viewer -X POST -H 'Content-Type: application/json' "$@"; }
check "where a VM would go" is 200 ask -d '{"vcpus": 1, "memory_mib": 1024, "name": "new"}' "$T/place"
check "as the command says" bash -c "diff <(jq -S '[.placements[] | {vm, host}]' '$D/body') <('$B/plimsoll' place --vcpus 1 --memory 1GiB --name new --json --redis '$R' --cluster t ${settings[*]} | jq -S '[.placements[] | {vm, host}]')"
check "how many would" is 200 ask -d '{"vcpus": 1, "memory_mib": 1024, "lost": ["h2"]}' "$T/capacity"
check "without that host" body '.schema == "plimsoll.capacity/1" and .what_if != null and .more < .more_before'
check "a size that is none" is 422 ask -d '{"vcpus": -1}' "$T/place"
check "a command for --api (api_remote_test.sh)" is 200 ask -d '{"words": ["--json"]}' "$T/commands/status"
check "ends as it does" body '.schema == "plimsoll.command/1" and (.exit == 0 or .exit == 3) and (.out | length > 100)'
check "no file of the service's machine" is 422 ask -d '{"xml": "/etc/passwd"}' "$T/place"
check "a draft without a host" is 201 ask -d '{"without": ["h1"]}' "$T/plans"
check "is what plan --json says" body '.schema == "plimsoll.draft/1" and .state == "draft" and .what_if.before != null and (.until > .as_of)'
draft=$(jq -r .id "$D/body")
want=$("$B/plimsoll" plan --without h1 --json --redis "$R" --cluster t "${settings[@]}" | jq -c '[.plan.moves[].vm] | sort')
check "with the moves of it" [ "$(jq -c '[.plan.moves[].vm] | sort' "$D/body")" = "$want" ]
check "it is where it says" grep -qi "^location: /api/v1/plans/$draft" "$D/head"
check "and kept" is 200 local_ "$U/plans/$draft"
check "with an ETag" grep -qi '^etag: "' "$D/head"
check "its moves are pages" is 200 local_ "$U/plans/$draft/moves?limit=1&sort=vm"
check "of which this is one" [ "$(jq -c '[.total, .items[0].vm, (.items[0].kind != null)]' "$D/body")" = "$(jq -c '[length, .[0], true]' <<<"$want")" ]
check "a draft of the cluster as it is" is 201 ask -d '{}' "$T/plans"
check "has a move" body '.plan.moves | length > 0'
good=$(jq -r .id "$D/body")
check "a draft within a budget" is 201 ask -d '{"max_moves": 0}' "$T/plans"
check "keeps to it" body '.plan.moves == [] and .what_if == null'
check "a budget that is none" is 422 ask -d '{"max_moves": "many"}' "$T/plans"
check "a host that is none" is 422 ask -d '{"without": ["h9"]}' "$T/plans"
check "a draft waits for nobody" [ "$(local_ $U/plans | jq .total)" = 1 ]

# ---- the answer to a plan: what is approved is what was seen ----
id=$(local_ $U/plans | jq -r '.items[0].id')
check "the plan" is 200 local_ "$U/plans/$id"
etag=$(sed -n 's/^ETag: //Ip' "$D/head" | tr -d '\r')
answer() { put_ -d "{\"answer\": \"$1\"}" "${@:2}" "$T/plans/$id/answer"; }
check "without its digest" is 428 answer reject
check "with another digest" is 412 answer reject -H 'If-Match: "0000"'
check "an answer that is none" is 422 answer maybe -H "If-Match: $etag"
check "it was not answered by any of that" [ "$(plimsoll confirm --json | jq '.plans[0].answer')" = null ]
check "rejected" is 202 answer reject -H "If-Match: $etag"
answered() { plimsoll confirm --json | jq -e '.plans[0] | .state == "rejected" or .answer.yes == false' >/dev/null; }
check "as the command says" until_true 10 answered
check "once more is no other" is 200 answer reject -H "If-Match: $etag"
check "the other way round it is" is 409 answer accept -H "If-Match: $etag"
id=nosuch
check "one that is gone" is 410 answer accept -H 'If-Match: "0"'
audited() { plimsoll audit --json | jq -e '[.. | strings | select(test("token operator \\(operate, API request [0-9a-f]{16}\\)"))] | length > 0' >/dev/null; }
check "who rejected it stands in the audit" until_true 20 audited

# ---- a plan is handed over, and waits beside others ----
draft=$good
plan_() { put_ -d "$2" "${@:3}" "$T/plans/$1"; }
check "view hands nothing over" is 403 as viewer -X PUT -H 'Content-Type: application/json' -d "{\"draft\": \"$draft\"}" "$T/plans/night-1"
check "neither is none" is 422 plan_ night-1 '{}'
check "no draft is none" is 422 plan_ night-1 '{"draft": "draft-0"}'
check "no plan is none" is 404 plan_ night-1 '{"plan": {"schema": "plimsoll.plan/1"}}'
check "a draft is handed over" is 202 plan_ night-1 "{\"draft\": \"$draft\"}"
check "to be answered" body '.schema == "plimsoll.handed/1" and .id == "night-1" and .status == "proposed"'
waits_too() { local_ "$U/plans/night-1" | jq -e '.state == "asked"' >/dev/null; }
check "it waits" until_true 20 waits_too
check "once more is the same" is 200 plan_ night-1 "{\"draft\": \"$draft\"}"
check "another one is not" is 409 plan_ night-1 '{"plan": {"schema": "plimsoll.plan/1", "moves": []}}'
check "which is said" body '.detail | test("another plan waits")'
check "it is read" is 200 local_ "$U/plans/night-1"
etag=$(sed -n 's/^ETag: //Ip' "$D/head" | tr -d '\r')
check "and rejected as it was read" is 202 put_ -d '{"answer": "reject"}' -H "If-Match: $etag" "$T/plans/night-1/answer"
rejected() { is 409 plan_ night-1 "{\"draft\": \"$draft\"}" >/dev/null; }
check "which the same request says" until_true 20 rejected
check "in words" bash -c "jq -e '.detail | test(\"rejected by token operator\")' '$D/body'"
check "and the audit" is 200 local_ "$U/audit?waiting_plan=night-1"
check "with who it was" body '.items[0].answer_state == "no" and .items[0].by == "token operator (operate, API request \(.items[0].request))"'

# ---- a move, under a name of one's own ----
move_() { put_ -d "$2" "${@:3}" "$T/moves/$1"; }
check "a move needs a VM" is 422 move_ m1 '{"host": "h1"}'
check "view moves nothing" is 403 as viewer -X PUT -H 'Content-Type: application/json' -d '{"vm": "mail", "host": "h1"}' "$T/moves/m1"
check "to where it cannot be" is 409 move_ m1 '{"vm": "mail", "host": "h1"}'
check "it says why" body '.detail | length > 10'
check "what keeps it has its name" body '.blocked_by[0].name == "h1" and (.blocked_by[0].kind | test("^[A-Z_]+$")) and (.blocked_by[0].why | length > 10)'
check "a VM that is none" is 404 move_ m2 '{"vm": "nobody", "host": "h1"}'
check "several hosts are none" is 404 move_ m2 '{"vm": "web", "host": "h*"}'
check "one that can" is 202 move_ m2 '{"vm": "web", "host": "h2"}'
check "is asked of the service" body '.status == "asked" and .leader != null'
told() { is 409 move_ m2 '{"vm": "web", "host": "h2"}'; }
check "whose answer the same request shows" until_true 60 told
check "in its words" body '.detail | length > 10'
check "by whom it was asked stands in the log" grep -q 'move.told vm="*web"* to=h2 by="token operator (operate, API request [0-9a-f]*)"' "$D/log"

# ---- one that was aborted; how one is that runs: api_abort_test.sh ----
redis-cli -s "$D/r.sock" xadd 'plimsoll:{t}:journal' '*' text '{"event":"aborted","id":"h1/1/2/0","vm":"gone","from":"h1","to":"h2","at":1700000000000000,"message":"aborted by ann"}' >/dev/null
abort_() { put_ -d '{"why": "backup"}' "${@:2}" "$T/moves/$1/abort"; }
check "a move that was aborted" is 200 abort_ h1%2F1%2F2%2F0
check "is what is wanted" body '.status == "aborted" and .why == "aborted by ann"'
check "one that is none" is 404 abort_ h1%2F1%2F2%2F7
check "nor is an option" is 404 abort_ --yes

# ---- maintenance ----
check "into maintenance" is 200 put_ -d '{"why": "new fans", "deadline_seconds": 1800}' "$T/hosts/h2/maintenance"
check "as the command says" bash -c "'$B/plimsoll' status --json --redis '$R' --cluster t --set 'cluster.hosts=h*' --set snapshot.stale_after=1h | jq -e '.hosts[] | select(.name == \"h2\") | .state == \"maintenance\"'"
check "by whom" bash -c "redis-cli -s '$D/r.sock' get 'plimsoll:{t}:mark:h2' | grep -q 'token operator (operate, API request [0-9a-f]*)' || '$B/plimsoll' maintenance status --json --redis '$R' --cluster t --set 'cluster.hosts=h*' | grep -q 'token operator (operate, API request [0-9a-f]*)'"
check "again is the same" is 200 put_ -d '{"why": "new fans"}' "$T/hosts/h2/maintenance"
check "no roll is there" [ "$(as viewer "$T/maintenance" | jq -c .roll)" = null ]
roll_() { # TEXT: as the command that rolls keeps it
	printf '%s' "$1" | redis-cli -s "$D/r.sock" -x set 'plimsoll:{t}:note:roll' >/dev/null
}
rolls() { # JQ: GET maintenance of it, once what is kept of it is over
	as viewer "$T/maintenance" | jq -e "$1" >/dev/null
}
maintenance_text() { "$B/plimsoll" maintenance status --redis "$R" --cluster t --set 'cluster.hosts=h*' --set snapshot.stale_after=1h; }
roll_ '{"schema": "plimsoll.roll/1", "by": "root@ops", "at": 1770000000000000, "process": "1/1", "run_sha256": "0", "at_once": 2, "left": ["h2", "h9"], "done": ["h1"]}'
check "how far a roll is" until_true 20 rolls '.roll | .host_count == 3 and .done_count == 1 and .in_maintenance == ["h2"] and .left == ["h2", "h9"] and .done == ["h1"] and .at_once == 2 and .by == "root@ops" and (.since | test("^2026-02-02T"))'
check "in words" grep -qx 'roll of root@ops: 1 of 3 hosts done; in maintenance: h2' <(maintenance_text)
roll_ '{"schema": "plimsoll.roll/1", "left": "h2"}'
check "one that is damaged is none" until_true 20 rolls '.roll == null and (.hosts | length) > 0'
check "and said to be" grep -q '^roll: its stored state is damaged' <(maintenance_text)
redis-cli -s "$D/r.sock" del 'plimsoll:{t}:note:roll' >/dev/null
check "back" is 200 as operator -X DELETE "$T/hosts/h2/maintenance"

# ---- a roll; how one goes on: api_roll_test.sh ----
report h8 | put h8
redis-cli -s "$D/r.sock" sadd 'plimsoll:{t}:hosts' h8 >/dev/null
roll_put() { put_ -d "$2" "$T/rolls/$1" "${@:3}"; }
seen_h8() { roll_put june '{"hosts": ["h8"]}' -o "$D/body" -w '%{http_code}' | grep -q 200; }
check "a roll of a host" until_true 20 seen_h8
check "the same again" is 200 roll_put june '{"hosts": ["h8"]}'
check "is the same" body '.id == "june" and .at_once == 1 and .by == "token operator (operate, API request " + (.by[-17:-1]) + ")"'
check "is held" is 200 roll_put june/held '{"why": "lunch"}'
check "goes on" is 200 as operator -X DELETE "$T/rolls/june/held"
emptied() { # once it has reported since
	report h8 | put h8
	as viewer "$T/rolls/june" | jq -e '.hosts[0].state == "empty"' >/dev/null
}
check "its host is empty" until_true 20 emptied
check "is finished" is 200 roll_put june/finished/h8 '{}'
check "is abandoned" is 200 as operator -X DELETE "$T/rolls/june"
check "and is none" is 404 as viewer "$T/rolls/june"
check "its host stays in maintenance until" is 200 as operator -X DELETE "$T/hosts/h8/maintenance"
redis-cli -s "$D/r.sock" srem 'plimsoll:{t}:hosts' h8 >/dev/null
check "all of them by a pattern is none" is 404 put_ -d '{}' "$T/hosts/h*/maintenance"
check "nor by an option" is 404 put_ -d '{}' "$T/hosts/--all/maintenance"
check "nor of a host that is not there" is 404 put_ -d '{}' "$T/hosts/h9/maintenance"

# ---- the stop ----
check "stop" is 200 put_ -d '{"why": "switch", "for_seconds": 3600}' "$T/stop"
check "as the command says" bash -c "'$B/plimsoll' status --json --redis '$R' --cluster t --set 'cluster.hosts=h*' | jq -e '.stop != null'"
check "and the API" is 200 local_ $U/status
check "says the same" body '.stop != null'
check "no host is released meanwhile" is 409 put_ "$T/hosts/h1/released"
check "the stop is what keeps it" body '(.blocked_by | length) == 1 and (.blocked_by[0] | .kind == "stop" and .why == "switch" and (.name | test("^token operator \\(operate, API request [0-9a-f]{16}\\)$")))'
check "an admin lifts it" is 200 as boss -X DELETE "$T/stop"
check "it is lifted" bash -c "'$B/plimsoll' status --json --redis '$R' --cluster t --set 'cluster.hosts=h*' | jq -e '.stop == null'"

# ---- hosts, faults ----
check "admit" is 200 as boss -X PUT "$T/hosts/h1/admitted"
check "a device without a fault" is 404 put_ -d '{"why": "seen"}' "$T/faults/h1/sda/accepted"
check "a host that is not held" is 404 put_ "$T/hosts/h1/released"
failing() { # HOST GRADE
	local at
	at=$(date +%s)000000
	{ report "$1"; printf '@faults_d %s\nfault.grade\tpsu1\t%s\nfault.why\tpsu1\tdead\n' "$at" "$2"; } | put "$1"
	redis-cli -s "$D/r.sock" sadd 'plimsoll:{t}:hosts' "$1" >/dev/null
}
for h in 3 4 5 6 7; do failing h$h 4; done
check "a device with one" is 200 put_ -d '{"why": "seen"}' "$T/faults/h3/psu1/accepted"
held=$(plimsoll status --json | jq -r '.held[0].host')
check "a host that is held" is 200 put_ "$T/hosts/$held/released"
check "is named" body ".released == [\"$held\"]"
check "predictions that were wrong" is 200 put_ "$T/balance/acknowledged"
check "a loss of the store, where there is none" is 200 as boss -X PUT -H 'Content-Type: application/json' -d '{"why": "restored"}' "$T/store/acknowledged"

# ---- each answer of this story is as its schema says, and as the OpenAPI document says ----
if python3 -c 'import jsonschema' 2>/dev/null; then
	check "answers are as their schemas say" tests/integration/api_schemas.py "$D/openapi.json" "$D/a.sock" "$D/answers"
fi

# ---- traces ----
check "each action is a line in the log, with who and role" grep -Eq 'api.action id=[0-9a-f]{16} who="token operator" role=operate method=PUT route=/api/v1/stop' "$D/log"
check "none of them has a token" not grep -q plt_ "$D/log"
check "a token that is removed" token remove operator
check "is none from the next request on" is 401 as operator "$T/status"
ends() {
	kill $service
	wait $service
}
check "it ends well" ends
echo "$story_checks checks"
[ "$story_failed" = 0 ]
