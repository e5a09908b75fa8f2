#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsolld over HTTP, by curl: on a unix socket and on TCP; who may see what; metrics that say what `status --json` says; a
# look writes nothing; two instances, of which the leader alone shows the cluster. Needs redis-server, redis-cli, curl, jq.
# Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq
. tests/api_story.sh
pids=
end() {
	for p in $pids; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done
	kill $redis 2>/dev/null
	wait $redis 2>/dev/null
	rm -rf "$D"
}
trap end EXIT
report h1 app db web | put h1
report h2 mail | put h2
{ read -r port; read -r other; } < <(free_ports 2)
serve() { # NAME MORE…: plimsolld in the background; its log is NAME.log
	local name=$1
	shift
	"$B/plimsolld" --redis "$R" --cluster t --mode advise --interval 1h --state-dir "$D/$name" --set cluster.hosts='h*' \
		--set snapshot.stale_after=1h --set api.socket="$D/$name.sock" "$@" 2>"$D/$name.log" &
	last=$!
	pids="$pids $last"
}
mkdir "$D/one" "$D/two"
token=plt_$(printf 'a%.0s' $(seq 64))
old=plt_$(printf 'b%.0s' $(seq 64))
{
	echo "# tokens of the story"
	echo "prometheus view $(printf %s "$token" | sha256sum | cut -d' ' -f1) 0 99999999999"
	echo "expired admin $(printf %s "$old" | sha256sum | cut -d' ' -f1) 0 1"
} >"$D/one/api-tokens"
chmod 600 "$D/one/api-tokens"
serve one --set api.listen="$port" --set api.hosts=drs.example --set api.origins=https://drs.example
first=$last
local_() { curl -s --max-time 10 --unix-socket "$D/one.sock" "$@"; }
tcp() { curl -s --max-time 10 "$@"; }
code() { "$@" -o "$D/body" -D "$D/head" -w '%{http_code}' >"$D/code"; cat "$D/code"; }
is() { # CODE COMMAND…
	local want=$1 got
	shift
	got=$(code "$@")
	[ "$got" = "$want" ] || { echo "        $got"; cat "$D/head" "$D/body"; return 1; }
}
body() { grep -Eq -- "$1" "$D/body" || { cat "$D/body"; return 1; }; }
head_() { grep -Eiq -- "$1" "$D/head" || { cat "$D/head"; return 1; }; }
U=http://localhost
T=http://127.0.0.1:$port

# ---- it lives, and is ready once its store was reached ----
ready() { [ "$(code local_ $U/readyz)" = 200 ]; }
check "it is ready soon" until_true 20 ready
planned() { local_ $U/metrics | grep -q '^plimsoll_round_timestamp_seconds{cluster="t"} [1-9]'; }
check "and has made a round" until_true 20 planned
check "healthz over the unix socket" is 200 local_ $U/healthz
check "says ok" body '^ok$'
check "with the headers that a browser heeds" head_ "^content-security-policy: default-src 'none'"
check "none of which may be guessed at" head_ '^x-content-type-options: nosniff'
check "none of which is kept" head_ '^cache-control: no-store'
check "and the request's id" head_ '^x-request-id: [0-9a-f]{16}'
check "healthz over TCP" is 200 tcp "$T/healthz"
check "HEAD has no body" is 200 local_ -I $U/healthz

# ---- who may ----
check "metrics over the unix socket" is 200 local_ $U/metrics
check "not over TCP without a token" is 401 tcp "$T/metrics"
check "it says how" head_ '^www-authenticate: Bearer'
check "as a problem of RFC 9457" head_ '^content-type: application/problem\+json'
check "with its id" jq -e '.status == 401 and (.instance | test("^urn:plimsoll:request:[0-9a-f]{16}$"))' "$D/body"
check "with a token" is 200 tcp -H "Authorization: Bearer $token" "$T/metrics"
check "not with one that has expired" is 401 tcp -H "Authorization: Bearer $old" "$T/metrics"
wrong() { is "$1" tcp -H "Authorization: Bearer plt_$2" "$T/metrics"; }
for i in 1 2 3 4; do check "wrong token $i" wrong 401 $i; done
check "the sixth within a minute" wrong 429 6
check "says when to come back" head_ '^retry-after: 60'
check "the right one still is right" is 200 tcp -H "Authorization: Bearer $token" "$T/metrics"
check "no token stands in the log" not grep -qE 'plt_' "$D/one.log"

# ---- of which server, from which page ----
check "another name is another server (DNS rebinding)" is 421 tcp -H 'Host: evil.example' "$T/healthz"
check "ours is ours" is 200 tcp -H "Host: drs.example:$port" "$T/healthz"
check "a page of another site may not" is 403 tcp -H 'Origin: https://evil.example' "$T/healthz"
check "nor one that says nothing of its origin" is 403 tcp -H 'Sec-Fetch-Site: cross-site' "$T/healthz"
check "nor one over the unix socket" is 403 local_ -H 'Origin: null' $U/healthz
check "ours may" is 200 tcp -H 'Origin: https://drs.example' "$T/healthz"

# ---- the dashboard, and the login of a browser ----
check "the dashboard needs no token" is 200 tcp "$T/"
check "is HTML" head_ '^content-type: text/html'
check "that loads its own scripts alone" head_ "^content-security-policy: default-src 'none'; script-src 'self'"
check "it may be kept, and is asked for again" head_ '^cache-control: no-cache'
check "once" [ "$(grep -ic '^cache-control' "$D/head")" = 1 ]
etag=$(sed -n 's/^ETag: //Ip' "$D/head" | tr -d '\r')
check "unchanged" is 304 tcp -H "If-None-Match: $etag" "$T/"
check "each of its addresses is it" is 200 tcp "$T/c/t/hosts/h1"
check "by the same bytes" head_ "^etag: $etag"
check "its modules" is 200 tcp "$T/page/main.js"
check "are scripts" head_ '^content-type: text/javascript'
check "no other files" is 404 tcp "$T/page/nosuch.js"
login() { tcp -X PUT -H 'Content-Type: application/json' -d "{\"token\": \"$1\"}" "${@:2}" "$T/api/v1/login"; }
check "a login from the page itself needs no entry in api.origins" is 200 login "$token" -H "Origin: $T"
cookie=$(sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/Ip' "$D/head")
stop_() { tcp -X PUT -b "$cookie" -H 'Content-Type: application/json' -d '{"why": "x"}' "$@" "$T/api/v1/stop"; }
check "what changes something says from which page" is 403 stop_
check "ours: then the role counts" is 403 stop_ -H "Origin: $T"
check "of role operate" body 'needs the role operate'
check "not a page of another port" is 403 stop_ -H 'Origin: http://127.0.0.1:1'
check "which is said so" body 'a page of http://127.0.0.1:1 may not'
check "a forwarded socket is called localhost" is 200 local_ -H 'Host: localhost:9180' -H 'Origin: http://localhost:9180' $U/api/v1/login
check "and by no other name (DNS rebinding)" is 421 local_ -H 'Host: evil.example:9180' -H 'Sec-Fetch-Site: same-origin' $U/api/v1/login

# ---- what is none ----
check "no such path" is 404 local_ $U/metrics/all
check "no such method" is 405 local_ -X DELETE $U/metrics
check "says which there are" head_ '^allow: GET'
check "a way up" is 400 local_ --path-as-is "$U/api/../metrics"
check "an encoded way up" is 400 local_ --path-as-is "$U/%2e%2e/metrics"
check "a NUL" is 400 local_ "$U/healthz%00"

# ---- metrics say what status says ----
local_ $U/metrics >"$D/metrics"
metric() { sed -n "s/^$1 //p" "$D/metrics"; }
"$B/plimsoll" status --json --redis "$R" --cluster t --set cluster.hosts='h*' --set snapshot.stale_after=1h >"$D/status.json"
same() { # SERIES JQ
	local want got
	got=$(metric "$1")
	want=$(jq -r "$2" "$D/status.json")
	[ -n "$got" ] && [ "$got" = "$want" ] || { echo "        $1 is $got, status has $want"; return 1; }
}
check "hosts" same 'plimsoll_hosts{cluster="t",state="all"}' '.hosts | length'
check "VMs" same 'plimsoll_vms{cluster="t",state="all"}' '.vm_count'
check "failing" same 'plimsoll_hosts{cluster="t",state="failing"}' '.failing'
check "the plan's status is one" [ "$(grep -c '^plimsoll_cluster_status{.*} 1$' "$D/metrics")" = 1 ]
check "h1 is above its line" [ "$(metric 'plimsoll_host_used_ratio{cluster="t",host="h1",resource="cpu"}')" = 0.825 ]
check "and its line is there" [ "$(metric 'plimsoll_host_load_line_ratio{cluster="t",host="h1",resource="cpu"}')" = 0.8 ]
check "a move is planned" [ "$(metric 'plimsoll_plan_moves{cluster="t",kind="load"}')" = 1 ]
check "the mode" [ "$(metric 'plimsoll_mode{cluster="t",kind="balance",mode="advise"}')" = 1 ]
check "no series is of one VM" not grep -E '(mail|app|web)"' "$D/metrics"
if command -v promtool >/dev/null; then
	check "promtool has nothing against it" bash -c "promtool check metrics <'$D/metrics'"
fi

# ---- a look writes nothing ----
writes() { redis-cli -s "$D/r.sock" info persistence | sed -n 's/^rdb_changes_since_last_save://p' | tr -d '\r'; }
quiet() { # has nobody written within the last second?
	local was
	was=$(writes)
	sleep 1 # to see that nothing happens
	[ "$(writes)" = "$was" ]
}
check "the service rests between rounds" until_true 30 quiet
before=$(writes)
for path in healthz readyz metrics nothing api/v1/{clusters,status,hosts,vms,faults,moves,plans,audit,maintenance,settings,openapi.json,explain?vm=db}; do local_ "$U/$path" >"$D/body"; done
check "the last of them was answered" jq -e '.schema == "plimsoll.explain-vm/1"' "$D/body"
check "looks have written nothing" [ "$(writes)" = "$before" ]

# ---- two instances; the leader alone shows the cluster ----
check "no two services on one socket" bash -c "! timeout 20 '$B/plimsolld' --redis '$R' --cluster t --state-dir '$D/three' --set api.socket='$D/one.sock' 2>'$D/three.log'"
check "it says why" grep -q 'api.refused.*in use' "$D/three.log"
check "nor two on one port" bash -c "! timeout 20 '$B/plimsolld' --redis '$R' --cluster t --state-dir '$D/three' --set api.listen=$port 2>'$D/three.log'"
check "it says that, too" grep -q 'api.refused.*Address already in use' "$D/three.log"
check "beyond loopback without a certificate it does not start" bash -c "! timeout 20 '$B/plimsolld' --redis '$R' --cluster t --state-dir '$D/three' --set api.listen=0.0.0.0:$other 2>'$D/three.log'"
check "it says what to give" grep -q 'api.refused.*key=api.listen.*api.certificate' "$D/three.log"
ends() {
	kill "$first"
	wait "$first"
}
check "it ends well" ends
pids=
check "a socket goes with its service" not test -e "$D/one.sock"
serve one --mode auto --set service.lease=2s
two_() { curl -s --max-time 10 --unix-socket "$D/two.sock" "$@"; }
check "it leads" until_true 20 planned
serve two --mode auto --set service.lease=2s
follows() { two_ $U/metrics | grep -q '^plimsoll_leader{cluster="t"} 0'; }
ready_two() { [ "$(code two_ $U/readyz)" = 200 ]; }
check "the second is ready" until_true 20 ready_two
check "and follows" until_true 20 follows
check "it shows itself" bash -c "curl -s --unix-socket '$D/two.sock' $U/metrics | grep -q '^plimsoll_build_info'"
check "and nothing of the cluster" bash -c "! curl -s --unix-socket '$D/two.sock' $U/metrics | grep -q '^plimsoll_hosts{'"
first=${pids%% "$last"}
# shellcheck disable=SC2086
kill $first
leads() { two_ $U/metrics | grep -q '^plimsoll_hosts{cluster="t",state="all"} 2'; }
check "it takes over, and shows it" until_true 30 leads
# the store goes
kill $redis
wait $redis 2>/dev/null
away() { [ "$(code two_ $U/readyz)" = 503 ]; }
check "without a store it is not ready" until_true 30 away
check "it says why" body 'store cannot be re'
check "and lives" is 200 two_ $U/healthz
gone() { ! two_ $U/metrics | grep -q '^plimsoll_hosts{'; }
check "and shows no cluster that it does not lead" until_true 30 gone
check "and has counted that" bash -c "curl -s --unix-socket '$D/two.sock' $U/metrics | grep -Eq '^plimsoll_errors_total.part=\"store\". [1-9]'"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
