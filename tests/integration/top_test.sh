#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsoll top as a person meets it in a terminal of 80 by 24: hosts, moves, faults and a waiting plan; keys to page, filter, explain,
# answer and abort; another size; and on every way out the terminal is as it was. Needs tmux, python3, redis-server, redis-cli, jq.
# Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs tmux python3 redis-server redis-cli
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'tmux -S "$D/tmux" kill-server 2>/dev/null; kill $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
until_true 10 redis-cli -s "$D/r.sock" ping >/dev/null 2>&1 || exit 1
python3 tests/schemas/printed.py "$B" "$D/r.sock" "$D" || exit 1 # a store with one of each kind of entry
SOURCE="--redis unix://$D/r.sock --set cluster.hosts=h[1-7]"
FORTY=$PWD/deploy/examples/forty-hosts.json

terminal() { tmux -S "$D/tmux" "$@"; }
keys() { terminal send-keys "$@"; }
# shows PATTERN…: the terminal shows all of them now
shows() {
	local pattern
	terminal capture-pane -p >"$D/shown"
	for pattern; do grep -qE -- "$pattern" "$D/shown" || return 1; done
}
sees() { until_true 20 shows "$@" || { cat "$D/shown"; return 1; }; }
# no line is wider than the terminal, and the last one has the keys
fits() { # COLUMNS LINES
	shows 'q quit' && [ "$(wc -l <"$D/shown")" = "$2" ] && ! grep -qE ".{$(($1 + 1))}" "$D/shown" && sed -n "$2p" "$D/shown" | grep -q 'q quit'
}
shell() { # COLUMNS LINES: one that knows jobs, in a terminal of that size
	terminal kill-server 2>/dev/null
	printf 'PS1="ready> "\nunset PROMPT_COMMAND\nexport LC_ALL=C.UTF-8 TERM=screen\nset +o history\n' >"$D/rc"
	terminal -f /dev/null new-session -d -x "$1" -y "$2" "bash --noprofile --rcfile '$D/rc' -i" && sees 'ready>'
}
start() { keys "stty -g >$D/before; clear; '$B/plimsoll' top $*" Enter; }
pid_of_top() { pgrep -f -- "$B/plimsoll top .*$D" | tail -n 1; }
# As before: the usual screen with a cursor, echo and lines as they were.
restored() {
	[ "$(terminal display-message -p '#{alternate_on} #{cursor_flag}')" = "0 1" ] && keys "stty -g >$D/after" Enter &&
		until_true 10 cmp -s "$D/before" "$D/after"
}

# ---- what it shows ----
check "a shell" shell 80 24
start "$SOURCE"
check "hosts, moves, what holds them back, a waiting plan" sees 'default: 7 hosts, 8 VMs' 'leader h1/1|LEADER; the last was h1/1' '3 failing' 'VM twice runs on several hosts' \
	'paused: predictions were wrong' 'plan w1 awaits an answer' 'MOVES +1 running, 1 waiting' 'a +h1 > h2 .*16% .*LATE' '^h2 .*fault: psu1'
check "80 by 24" until_true 10 fits 80 24
terminal resize-window -x 120 -y 40
check "another size" until_true 10 fits 120 40
terminal resize-window -x 80 -y 24
check "and back" until_true 10 fits 80 24
keys f
check "faults, with their evidence" sees '^faults ' 'psu1'
keys q
check "back to the cluster" sees 'MOVES'
keys e
check "a question" sees 'explain which VM: _'
keys c Enter
check "why a VM is where it is" sees '^explain c ' 'PgDn/PgUp page +q back'
keys q e
keys nobody Enter
check "a VM that is none" sees 'nobody.*not found'

# ---- an answer ----
answer_of() { "$B/plimsoll" confirm w1 --json --redis "unix://$D/r.sock" | python3 -c 'import json, sys; a = json.load(sys.stdin)["plans"][0]["answer"]; print(a and a["yes"])'; }
unanswered() { [ "$(answer_of)" = None ]; }
keys a
check "the plan is shown before it is answered" sees '^plan w1 ' 'web1 +h1 > h[23]' 'load line' 'y accept'
keys y
check "it asks once more" sees 'accept plan w1, [0-9]+ moves as shown'
keys y Enter
check "a key is no answer" sees 'nothing was answered'
check "and nothing was" unanswered
redis-cli -s "$D/r.sock" hget 'plimsoll:{default}:waiting' w1 >"$D/w1"
sed 's/web1/web7/' "$D/w1" | redis-cli -s "$D/r.sock" -x hset 'plimsoll:{default}:waiting' w1 >/dev/null
keys y
check "asked again" sees 'as shown'
keys yes Enter
check "another plan than the one shown is not answered" sees 'has changed since it was shown' 'web7'
check "nothing was" unanswered
"$B/plimsoll" stop --why 'the switch burns' --redis "unix://$D/r.sock" >/dev/null
keys y yes Enter
check "no plan is accepted while all moves are stopped" sees 'all moves are stopped'
check "nor was it" unanswered
"$B/plimsoll" resume --redis "unix://$D/r.sock" >/dev/null
keys y yes Enter
check "the plan that was shown is accepted" sees 'accepted: the service carries it out'
check "as by plimsoll confirm" [ "$(answer_of)" = True ]

# ---- a move is aborted ----
wishes() { redis-cli -s "$D/r.sock" hget 'plimsoll:{default}:moves:aborts' a | grep -o '"id": *"[^"]*"'; }
unasked() { [ -z "$(wishes)" ]; }
redis-cli -s "$D/r.sock" del 'plimsoll:{default}:moves:aborts' 'plimsoll:{default}:lease' >/dev/null
keys x
check "the running move is shown before it is aborted" sees '^move of a ' '^from +h1' '^id +x/1/started' 'LATE' 'goes on running on h1' 'x abort it'
keys x
check "it asks once more" sees 'abort the migration of a\? Type yes: _'
keys y Enter
check "a key is no answer" sees 'nothing was aborted'
check "and nothing was asked for" unasked
keys x
check "asked again" sees 'Type yes: _'
keys yes Enter
check "none that nobody leads is aborted, and it is said why" sees 'nothing was aborted: .*no longer leads'
check "nor asked for" unasked
redis-cli -s "$D/r.sock" set 'plimsoll:{default}:lease' '9 x/1' >/dev/null
keys x
check "asked again" sees 'Type yes: _'
keys yes Enter
check "the move that was shown is to be aborted" sees 'the migration of a from h1 to h2 is to be aborted'
asked_for() { wishes | grep -q '"x/1/started"'; }
check "that one" until_true 5 asked_for
redis-cli -s "$D/r.sock" del 'plimsoll:{default}:lease' >/dev/null

# ---- every way out ----
keys q
check "q ends it" sees 'ready> *$'
check "the terminal is as it was" restored
start "$SOURCE" && check "again" sees 'MOVES' && keys C-c
check "Ctrl-C ends it" sees 'ready> *$'
check "the terminal is as it was" restored
for signal in TERM HUP SEGV; do
	start "$SOURCE" && check "again" sees 'MOVES' && kill -$signal "$(pid_of_top)"
	check "SIG$signal ends it" sees 'ready> *$'
	check "the terminal is as it was" restored
done
start "$SOURCE" && check "again" sees 'MOVES' && keys C-z
check "Ctrl-Z stops it" sees 'Stopped'
check "the terminal is as it was" restored
keys fg Enter
check "and it goes on" sees 'MOVES' 'q quit'
keys q
check "to its end" sees 'ready> *$'
start "$SOURCE --interval 200ms" && check "once more" sees 'MOVES'
kill "$redis" && wait "$redis" 2>/dev/null
check "a store that goes away is said, with since when" sees 'NOT LIVE since 20..-' 'q quit'
keys q
check "and it ends" sees 'ready> *$'
start "$SOURCE"
check "a store that is away is said, and no load is drawn" sees 'r.sock' 'q quit'
check "none" not shows 'MEMORY'
keys q
check "and it ends" sees 'ready> *$'

# ---- blind ----
jq '.hosts[] += {fence: "stale", fence_why: "its last report is 95 s old"}' "$FORTY" >"$D/blind.json"
start "--from '$D/blind.json' --interval 1h"
check "where no host's data can be used, that is said" sees '^BLIND: no host has usable data' '^0 above the load line, .* 40 not known' '^kvm02 +18 +[?] +[?] +its last report is 95'
check "and no load is drawn" not shows '%'
keys q
check "and it ends" sees 'ready> *$'

# ---- many hosts ----
start "--from $FORTY --interval 1h"
check "the worst hosts first" sees '1-[0-9]+ of 40 worst first' '^kvm30 .*fault'
keys PageDown
check "a page on" sees '^HOST.* ([2-9]|1[0-9])+-[0-9]+ of 40'
keys End
check "the last ones" sees '-40 of 40'
keys g s
check "by name" sees '1-[0-9]+ of 40 by name' '^kvm01 '
keys /
keys kvm3 Enter
check "those with a part of a name" sees "of [0-9]+ 'kvm3'" '^kvm30 '
check "and no others" not shows '^kvm01 '
keys q
check "to its end" sees 'ready> *$'
check "without a terminal it says what to use instead" bash -c "! '$B/plimsoll' top --from '$FORTY' </dev/null 2>&1 | grep -q . && exit 1; '$B/plimsoll' top --from '$FORTY' 2>&1 </dev/null | grep -q 'status --watch'"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
