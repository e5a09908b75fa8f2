#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Events of the API (SSE): a client sees a plan proposed, answered, and its moves end; who is cut off misses nothing; a hundred
# listen at once; one that takes nothing harms nobody; a follower tells the same. Needs redis-server, redis-cli, curl, jq, python3.
# Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq python3
. tests/api_story.sh
pids=
trap 'kill $pids $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
report_uri=qemu+tcp://127.0.0.1:1/system # nobody listens there
report h1 app db web | put h1
report h2 mail | put h2
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}"; }
serve() { # NAME MORE…
	local name=$1
	shift
	mkdir -p "$D/$name"
	"$B/plimsolld" --redis "$R" --cluster t --mode confirm --interval 1h --state-dir "$D/$name" "${settings[@]}" --set service.hold=0s \
		--set service.lease=2s --set api.socket="$D/$name.sock" --set api.time=2s --set api.rate=1000 "$@" 2>"$D/$name.log" &
	last=$!
	pids="$pids $last"
}
U=http://localhost
events() { # FILE SOCKET WORDS…: in the background
	local file=$1 socket=$2
	shift 2
	curl -sN --unix-socket "$D/$socket.sock" $U/api/v1/events -D "$file.head" "$@" >"$file" 2>/dev/null &
	listener=$!
	pids="$pids $listener"
}
has() { grep -qs -- "$2" "$1"; }
changes() { sed -n 's/^data: //p' "$1" | jq -c '.changes[]?'; } # of a stream: an event a line
told() { changes "$1" 2>/dev/null | jq -es "any(.[]; $2)" >/dev/null; }
ready() { [ "$(curl -s -o "$D/body" -w '%{http_code}' --unix-socket "$D/$1.sock" $U/readyz)" = 200 ]; }

serve one --set api.streams=300 --set api.connections=400
one=$last
check "it is ready soon" until_true 20 ready one
events "$D/first" one
check "a stream begins with a greeting" until_true 10 has "$D/first" '^event: hello'
check "of the right type" grep -qi '^content-type: text/event-stream' "$D/first.head"
check "which no proxy holds back" grep -qi '^x-accel-buffering: no' "$D/first.head"
check "a look at its head is no stream" [ "$(curl -sI --max-time 10 -o "$D/body" -w '%{http_code}' --unix-socket "$D/one.sock" $U/api/v1/events)" = 200 ]

# ---- a plan is proposed, answered, and its moves end ----
waits() { [ "$(curl -s --unix-socket "$D/one.sock" $U/api/v1/plans | jq .total)" = 1 ]; }
check "a plan waits" until_true 20 waits
id=$(curl -s --unix-socket "$D/one.sock" $U/api/v1/plans | jq -r '.items[0].id')
# it may have been there before anybody listened: then a second one is told of, after this was rejected
if ! told "$D/first" '.event == "plan.proposed"'; then
	plimsoll confirm "$id" --reject >"$D/out" 2>&1
	check "its answer is told" until_true 20 told "$D/first" ".event == \"plan.answered\" and .plan == \"$id\" and .answer == \"no\""
	redis-cli -s "$D/r.sock" hdel 'plimsoll:{t}:waiting' "$id" >/dev/null
	report h1 app db web shop | put h1
	plimsoll stop --why again >/dev/null && plimsoll resume >/dev/null
	check "another is proposed" until_true 20 told "$D/first" '.event == "plan.proposed"'
	id=$(curl -s --unix-socket "$D/one.sock" $U/api/v1/plans | jq -r '.items[0].id')
fi
check "it is told which, and until when" told "$D/first" ".event == \"plan.proposed\" and .plan == \"$id\" and (.summary | test(\"move\")) and .until != null"
plimsoll confirm "$id" --yes >"$D/out" 2>&1
check "its answer is told, with who gave it" until_true 30 told "$D/first" ".event == \"plan.answered\" and .plan == \"$id\" and .answer == \"yes\" and (.by | length) > 0"
check "that it waits no more" until_true 10 told "$D/first" ".event == \"plan.gone\" and .plan == \"$id\""
check "and how each of its moves ended" until_true 60 told "$D/first" '.event == "move.ended" and (.vm | length) > 0 and .from == "h1" and .to == "h2" and .end == "failed" and (.message | length) > 0'
check "answers are told once" [ "$(changes "$D/first" | jq -s "[.[] | select(.event == \"plan.answered\" and .plan == \"$id\")] | length")" = 1 ]

# ---- who is cut off misses nothing ----
seen=$(sed -n 's/^id: //p' "$D/first" | tail -n 1)
kill "$listener"
wait "$listener" 2>/dev/null
closed() { [ "$(curl -s --unix-socket "$D/one.sock" $U/metrics | sed -n 's/^plimsoll_event_streams //p')" = 0 ]; }
check "one that has gone is seen to have gone" until_true 10 closed
plimsoll maintenance enter h2 --why "new fans" >"$D/out" 2>&1
plimsoll stop --why "switch" >"$D/out" 2>&1
events "$D/again" one -H "Last-Event-ID: $seen"
check "what happened meanwhile is told: maintenance" until_true 10 told "$D/again" '.event == "maintenance" and .host == "h2" and .state == "maintenance" and .why == "new fans"'
check "and the stop" until_true 10 told "$D/again" '.event == "stop" and .stopped and .why == "switch"'
check "and the host's state, as its round saw it" until_true 20 told "$D/again" '.event == "host" and .host == "h2" and .state == "maintenance"'
check "without a reset" not grep -q '^event: reset' "$D/again"
numbers() { sed -n 's/^id: .*-//p' "$D/first" "$D/again"; }
check "each message once, in order" diff <(numbers) <(numbers | sort -nu)
events "$D/other" one -H 'Last-Event-ID: 0123456789abcdef-7'
check "an id of another epoch: reset" until_true 10 has "$D/other" '^event: reset'
events "$D/future" one -H "Last-Event-ID: ${seen%-*}-99999999"
check "an id that is none yet: reset" until_true 10 has "$D/future" '^event: reset'

# ---- whoever reads after an event reads what is so now ----
plimsoll resume >"$D/out" 2>&1
check "the stop's end is told" until_true 10 told "$D/again" '.event == "stop" and .stopped == false'
check "and read at once" [ "$(curl -s --unix-socket "$D/one.sock" $U/api/v1/status | jq .stop)" = null ]

# ---- another instance, which follows ----
serve two --set api.streams=4 --set api.connections=16
check "a second instance is ready" until_true 20 ready two
events "$D/follower" two
check "it greets, too" until_true 10 has "$D/follower" '^event: hello'

# ---- a hundred at once, and one that takes nothing ----
tests/integration/api_events.py many "$D/one.sock" 100 "$D/many.open" >"$D/many" 2>&1 &
many=$!
tests/integration/api_events.py stuck "$D/one.sock" "$D/stuck.open" >"$D/stuck" 2>&1 &
stuck=$!
pids="$pids $many $stuck"
check "a hundred streams are open" until_true 30 has "$D/many.open" open
check "and one more" until_true 10 has "$D/stuck.open" open
streams=$(curl -s --unix-socket "$D/one.sock" $U/metrics | sed -n 's/^plimsoll_event_streams //p')
check "the metric counts them" [ "${streams:-0}" -ge 101 ]
why=$(printf 'x%.0s' $(seq 380))
flood() { # marks of 300 hosts come and go: more than a socket holds
	local i
	for i in $(seq 300); do printf 'hset plimsoll:{t}:marks x%s {"schema":"plimsoll.mark/1","state":"cordoned","by":"%s","why":"%s"}\n' "$i" "$1" "$why"; done |
		sed 's/{"/'"'"'{"/; s/}$/}'"'"'/' | redis-cli -s "$D/r.sock" >"$D/flood.out"
}
sees() { told "$D/again" ".event == \"maintenance\" and .host == \"x300\" and .by == \"$1\""; }
for turn in a b c d; do
	flood $turn
	check "the flood is told to who listens ($turn)" until_true 20 sees $turn
done
check "who takes nothing is closed" until_true 30 has "$D/stuck" closed
check "others are answered meanwhile" [ "$(curl -s --max-time 2 -o "$D/body" -w '%{http_code}' --unix-socket "$D/one.sock" $U/healthz)" = 200 ]
plimsoll stop --why "the end" >"$D/out" 2>&1
ended() { wait "$many"; }
check "the hundred are told of a stop" ended
check "all of them" has "$D/many" '100 streams were told'
check "and who listens to the follower" until_true 20 told "$D/follower" '.event == "stop" and .why == "the end"'

# ---- limits ----
events "$D/f2" two
check "a second stream of one client" until_true 10 has "$D/f2" '^event: hello'
check "a third is one too many" [ "$(curl -s --max-time 10 -o "$D/body" -w '%{http_code}' --unix-socket "$D/two.sock" $U/api/v1/events)" = 429 ]
check "it says which setting" grep -q 'api.streams' "$D/body"
check "no other cluster" [ "$(curl -s --max-time 10 -o "$D/body" -w '%{http_code}' --unix-socket "$D/two.sock" "$U/api/v1/events?cluster=u")" = 404 ]

# ---- the leader ends; a stream ends with its service, and another tells who leads ----
kill "$one"
check "it ends well, streams or not" wait "$one"
check "the follower tells who leads now" until_true 30 told "$D/follower" '.event == "leader" and (.leader | length) > 0'
check "a silent stream gets a comment" until_true 40 has "$D/f2" '^:$'
check "nothing was told that is no JSON" bash -c "cat '$D'/{first,again,other,future,follower,f2} | sed -n 's/^data: //p' | jq -es 'all(.[]; .schema == \"plimsoll.events/1\" and .cluster == \"t\")'"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
