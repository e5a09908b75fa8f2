#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A decision is kept as a record and made again: from a file, from Redis (after plimsolld has written it), and as a
# scenario folder. Every scenario's plan is replayed, too. Needs redis-server. Argument: the build folder.
set -u
command -v redis-server >/dev/null || { echo "redis-server is missing"; exit 77; }
plimsoll=$1/plimsoll
dir=$(mktemp -d) || exit 1
redis=
trap '[ -z "$redis" ] || kill "$redis" 2>/dev/null; rm -rf "$dir"' EXIT
bad=0
. tests/story.sh
run() { # STATUS WORDS…
	local want=$1 got
	shift
	timeout 60 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	[ $got -eq "$want" ] && return 0
	echo "FAIL: exit $got, not $want: $*"
	head -5 "$dir/out" "$dir/err"
	bad=$((bad + 1))
}
says() { # FILE PATTERN
	grep -q -e "$2" "$dir/$1" && return 0
	echo "FAIL: $1 does not say '$2':"
	head -20 "$dir/$1"
	bad=$((bad + 1))
}

for story in tests/scenarios/*/cluster.json; do
	story=${story%/cluster.json}
	settings=()
	[ -f "$story/settings.yaml" ] && settings=(--settings "$story/settings.yaml")
	"$plimsoll" plan --from "$story/cluster.json" "${settings[@]}" --record "$dir/record" >/dev/null 2>&1
	run 0 "$plimsoll" replay "$dir/record"
	says out "the same decision, byte for byte"
done

hot=tests/scenarios/hot-host-is-relieved
run 0 "$plimsoll" plan --from $hot/cluster.json --record "$dir/record"
# what was decided is changed: the first differing move and its field are named
sed 's/"to": "h2"/"to": "h1"/' "$dir/record" >"$dir/other"
run 1 "$plimsoll" replay "$dir/other"
says out 'another decision'
says out 'moves\[1\].to'
run 1 "$plimsoll" replay --json "$dir/other"
says out '"same": false'
run 2 "$plimsoll" replay "$dir/nowhere"
echo '{ "schema": "plimsoll.record/1" }' >"$dir/other"
run 2 "$plimsoll" replay "$dir/other"
says err 'is missing'
run 2 "$plimsoll" replay
run 2 "$plimsoll" plan --from $hot/cluster.json --without h1 --record "$dir/other"

run 0 "$plimsoll" replay "$dir/record" --to-scenario "$dir/story"
run 0 "$plimsoll" plan --from $hot/cluster.json -o "$dir/first"
run 0 "$plimsoll" plan --from "$dir/story/cluster.json" -o "$dir/second"
cmp "$dir/first" "$dir/second" || bad=$((bad + 1))
run 1 "$plimsoll" replay "$dir/record" --to-scenario "$dir/story"
says err 'cannot make the folder'

redis-server --port 0 --unixsocket "$dir/redis.sock" --save '' --appendonly no --dir "$dir" >"$dir/redis.log" 2>&1 &
redis=$!
until_true 10 test -S "$dir/redis.sock"
store=(--redis "unix://$dir/redis.sock" --cluster t)
run 0 "$plimsoll" replay --list "${store[@]}"
says out 'no records yet'
run 2 "$plimsoll" replay last "${store[@]}"
redis-cli -s "$dir/redis.sock" -x xadd 'plimsoll:{t}:records' '*' text <"$dir/record" >/dev/null
run 0 "$plimsoll" replay --list "${store[@]}"
name=$(awk 'NR == 2 { print $1 }' "$dir/out")
run 0 "$plimsoll" replay last "${store[@]}"
says out 'byte for byte'
run 0 "$plimsoll" replay "$name" "${store[@]}" --save "$dir/saved"
cmp <(head -c -1 "$dir/record") <(head -c "$(($(stat -c %s "$dir/record") - 1))" "$dir/saved") || bad=$((bad + 1))
run 2 "$plimsoll" replay 1-1 "${store[@]}"
says err 'record 1-1 not found'
[ $bad -eq 0 ] && echo "replay: fine"
exit $((bad > 0))
