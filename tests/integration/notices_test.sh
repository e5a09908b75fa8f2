#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Notices: a receiver over HTTP is told when a plan waits, a host is evacuated, the leader is another; signed; each once and in order, also
# when it was away, hung, or the service was killed meanwhile; rounds never wait for it. Needs redis-server, redis-cli, curl, jq, python3.
# Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq python3
. tests/api_story.sh
pids=
receiver=
trap 'kill $pids $receiver $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
report_uri=qemu+tcp://127.0.0.1:1/system # nobody listens there
report h1 app db web | put h1
report h2 mail | put h2
report h3 | put h3
port=$(free_ports 1)
(umask 077; printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64)" >"$D/secret")
receive() {
	tests/integration/notices_receiver.py "$port" "$(cat "$D/secret")" "$D" >"$D/receiver.log" 2>&1 &
	receiver=$!
}
listens() { curl -s -o "$D/body" --max-time 5 "http://127.0.0.1:$port/"; }
receive
check "the receiver is there" until_true 10 listens
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
told=(--set notify.webhook="http://127.0.0.1:$port/hook" --set notify.secret_file="$D/secret" --set notify.link=https://drs.example
	--set notify.alertmanager="http://127.0.0.1:$port" --set notify.timeout=2s)
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}"; }
serve() { # NAME MORE…
	local name=$1
	shift
	mkdir -p "$D/$name"
	"$B/plimsolld" --redis "$R" --cluster t --mode confirm --interval 1s --state-dir "$D/$name" "${settings[@]}" --set service.hold=0s \
		--set service.lease=2s --set api.socket="$D/$name.sock" "$@" 2>>"$D/$name.log" &
	last=$!
	pids="$pids $last"
}
notices() { [ -e "$D/webhook" ] && cat "$D/webhook"; }
got() { notices | jq -es "any(.[]; $1)" >/dev/null; }
alerted() { [ -e "$D/alerts" ] && jq -es "any(.[][]; $1)" "$D/alerts" >/dev/null; }
round() { curl -s --unix-socket "$D/$1.sock" http://localhost/metrics | sed -n 's/^plimsoll_round_timestamp_seconds{cluster="t"} \([0-9]*\).*/\1/p'; }

# ---- notify test ----
tells() { "$B/plimsoll" notify test --cluster t "$@"; }
check "notify test is taken" tells "${told[@]}"
check "by the webhook" got '.event == "test" and .cluster == "t" and .severity == "info"'
check "and the Alertmanager" alerted '.labels.alertname == "test" and .labels.cluster == "t"'
tells "${told[@]}" --json >"$D/test.json"
check "says so as JSON" jq -e '.schema == "plimsoll.notify-test/1" and ([.channels[].taken] == [true, true])' "$D/test.json"
echo 500 >"$D/mode"
check "one that is not taken is exit status 1" not tells "${told[@]}"
tells "${told[@]}" >"$D/out" 2>&1
check "and says why" grep -q 'webhook: not taken by .*HTTP status 500' "$D/out"
rm "$D/mode"
rm "$D/webhook" "$D/alerts"
check "without a receiver there is nothing to test" not tells
check "a webhook needs a secret" not tells --set notify.webhook="http://127.0.0.1:$port/hook"
cp "$D/secret" "$D/open"
chmod 644 "$D/open"
tells "${told[@]}" --set notify.secret_file="$D/open" >"$D/out" 2>&1
check "that others cannot read" grep -q 'notify.secret_file: .*other users can read it' "$D/out"
echo whsec_short >"$D/short"
chmod 600 "$D/short"
tells "${told[@]}" --set notify.secret_file="$D/short" >"$D/out" 2>&1
check "and that is one" grep -q 'notify.secret_file: is no secret' "$D/out"
check "the service does not start with one that is none" bash -c "! timeout 20 '$B/plimsolld' --redis '$R' --cluster t --state-dir '$D/none' --set notify.webhook=http://127.0.0.1:$port/hook 2>'$D/none.log'"
check "and says so" grep -q 'notify.refused.*key=notify.secret_file' "$D/none.log"

# ---- a plan waits ----
serve one "${told[@]}"
one=$last
check "a plan that waits is told" until_true 30 got '.event == "plan.waits" and .state == "open" and .severity == "warning"'
plan=$(notices | jq -rs '[.[] | select(.event == "plan.waits")][0].subject')
check "with a link to it" got ".subject == \"$plan\" and .link == \"https://drs.example/c/t/plans/$plan\" and (.title | test(\"awaits confirmation\")) and (.since | test(\"Z\$\"))"
check "and to the Alertmanager" until_true 10 alerted ".labels.alertname == \"plan.waits\" and .labels.subject == \"$plan\" and .endsAt > .startsAt and .generatorURL == \"https://drs.example/c/t/plans/$plan\""
plimsoll confirm "$plan" --reject >"$D/out" 2>&1
check "its answer closes it" until_true 20 got ".subject == \"$plan\" and .state == \"closed\" and .title == \"Plan $plan awaits confirmation no more\""
check "for the Alertmanager, too" until_true 10 alerted ".labels.subject == \"$plan\" and .endsAt <= (now | todate)"

# ---- the receiver hangs, then is away: rounds go on, and what was to be told is told afterwards, once, in order ----
echo hang >"$D/mode"
plimsoll maintenance enter h2 --why "new fans" >"$D/out" 2>&1
fails() { grep -q "notify.fails channel=webhook" "$D/one.log"; }
check "who hangs is in the log" until_true 20 fails
before=$(round one)
later() { [ "$(round one)" -ge $((before + 5)) ]; }
check "rounds go on meanwhile, one a second" until_true 9 later
kill "$receiver"
wait "$receiver" 2>/dev/null
plimsoll maintenance exit h2 >"$D/out" 2>&1
plimsoll maintenance enter h2 --why "again" >"$D/out" 2>&1
before=$(round one)
check "also while it is not there at all" until_true 9 later
kill -9 "$one"
wait "$one" 2>/dev/null
# ---- another instance takes over, with what the one before left ----
serve two "${told[@]}"
takes() { curl -s --unix-socket "$D/two.sock" http://localhost/metrics | grep -q '^plimsoll_leader{cluster="t"} 1'; }
check "another leads" until_true 30 takes
rm -f "$D/mode"
receive
check "the receiver is back" until_true 10 listens
check "what was begun meanwhile is told" until_true 60 got '.event == "evacuation" and .subject == "h2" and .state == "open"'
check "and that another leads" until_true 60 got '.event == "leader" and .state == "open" and (.title | test("leads cluster t now"))'
check "which ends with its first round" until_true 60 got '.event == "leader" and .state == "closed"'
plimsoll maintenance exit h2 >"$D/out" 2>&1
check "the end of the evacuation is told" until_true 60 got '.event == "evacuation" and .subject == "h2" and .state == "closed"'
numbers() { notices | jq -r '.id | split("-")[1]'; }
check "each came once, in order, and none is missing" diff <(numbers) <(seq "$(numbers | wc -l)")
notices_alternate() { notices | jq -es 'group_by(.key) | all(.[]; [.[] | select(.state != "worse") | .state] | . as $s | all(range(length); $s[.] == (if . % 2 == 0 then "open" else "closed" end)))' >/dev/null; }
check "what closed had opened before, one at a time" notices_alternate
check "every signature was right" not test -e "$D/faults"
sent() { curl -s --unix-socket "$D/two.sock" http://localhost/metrics | grep -Eq '^plimsoll_notifications_total\{cluster="t",channel="webhook",result="sent"\} [1-9]'; }
check "they are counted" until_true 10 sent
if python3 -c 'import jsonschema' 2>/dev/null; then
	check "all of them are as their schema says" python3 - "$D/webhook" "$D/test.json" <<-'END'
		import json, sys
		import jsonschema
		def check(name, o):
		    schema = json.load(open(f'docs/schemas/{name}.json'))
		    common = json.load(open('docs/schemas/common.json'))
		    text = json.dumps(dict(schema, additionalProperties=False)).replace('common.json#', '#')
		    jsonschema.Draft202012Validator({**json.loads(text), '$defs': common['$defs']}).validate(o)
		for line in open(sys.argv[1]):
		    check('notice-1', json.loads(line))
		check('notify-test-1', json.load(open(sys.argv[2])))
	END
fi
check "no secret is in a log" not grep -q whsec_ "$D/one.log" "$D/two.log"
quick() { # it is waited for a second at most
	kill "$last"
	wait "$last"
}
echo hang >"$D/mode"
plimsoll stop --why x >"$D/out" 2>&1
check "the service ends well beside a receiver that hangs" quick
echo "$story_checks checks"
[ "$story_failed" = 0 ]
