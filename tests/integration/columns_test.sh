#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a person reads on a terminal of 80, 100 and 200 columns are the words that stand in a file: none is broken, none is
# missing, whatever had to give way, and WHY is a table's last column. Every command that prints a table: of a file, and of a store that
# has one of each kind of entry. Needs tmux and python3; for what is in a store redis-server. Argument: the build folder.
set -u
B=$1
. tests/story.sh
command -v tmux >/dev/null || { echo "no tmux"; exit 77; }
D=$(mktemp -d) || exit 1
redis=
trap 'tmux -S "$D/tmux" kill-server 2>/dev/null; [ -z "$redis" ] || kill "$redis" 2>/dev/null; wait; rm -rf "$D"' EXIT
FORTY=deploy/examples/forty-hosts.json

cat >"$D/words.py" <<'P'
"""words.py COLUMNS PLAIN SHOWN [moving]: the words of both are the same (bars apart; a title below its row is in small letters, WHY (NOT) has
none). moving: numbers, units and instants are others each time, a chart has its points."""
import re, sys
moving = re.compile(r'[\d.:TZ%+-]+$|[kKo.|]+$|(us|ms|s|min|h|d|B|KiB|MiB|GiB)$') if len(sys.argv) > 4 else re.compile(r'$^')
columns, plain, shown = int(sys.argv[1]), open(sys.argv[2]).read(), open(sys.argv[3]).read()
bar = re.compile(r'[#.|!]+$')
def words(text):
    text = re.sub(r'planned\s+in\s+\S+\s+\S+', '', text)  # a time, another one each time
    return {w.lower().rstrip(';') for w in text.split() if not bar.match(w) and not moving.match(w.strip('(),;'))} - {'why', 'not'}
wide = [l for l in shown.split('\n') if len(l.rstrip()) > columns]
titles = [l.split() for l in shown.split('\n') if len(re.findall(r'(?:^|  )[A-Z][A-Z ]+(?=  |$)', l)) > 2]
early = [t for t in titles if 'WHY' in t[:-1] and t[-2:] != ['WHY', 'NOT']]
broken, lost = words(shown) - words(plain), words(plain) - words(shown)
if wide or broken or lost or early:
    print('wider than the terminal:', wide[:3], 'broken:', sorted(broken)[:8], 'missing:', sorted(lost)[:8], 'WHY is not last:', early)
sys.exit(bool(wide or broken or lost or early))
P

# on COLUMNS COMMAND…: what a terminal shows of it, in $D/shown
on() {
	local columns=$1; shift
	printf '#!/bin/sh\nexport LC_ALL=C NO_COLOR=1 TERM=screen\n%s\ntouch "%s/done"\nexec sleep 60\n' "$*" "$D" >"$D/run" # it stays until it has been read
	chmod 755 "$D/run"; rm -f "$D/done"
	tmux -S "$D/tmux" -f /dev/null start-server ';' set-option -g history-limit 20000 ';' new-session -d -x "$columns" -y 40 "$D/run" || return 1
	until_true 20 test -e "$D/done" && tmux -S "$D/tmux" capture-pane -p -S - >"$D/shown"
	tmux -S "$D/tmux" kill-server
	[ -s "$D/shown" ]
}

same_words() { on "$1" "$2" && python3 "$D/words.py" "$1" "$D/plain" "$D/shown" ${3:+"$3"}; }

# shown_alike [moving]: each command of stdin, at each width
shown_alike() {
	local command columns
	while read -r command; do
		sh -c "$B/plimsoll $command" >"$D/plain" 2>&1
		for columns in 80 100 200; do
			check "plimsoll $command, $columns columns" same_words $columns "$B/plimsoll $command" "${1:-}"
		done
	done
}

"$B/plimsoll" plan --from $FORTY -o "$D/plan" >/dev/null
"$B/plimsoll" plan --from tests/scenarios/hot-host-is-relieved/cluster.json --record "$D/record" >/dev/null
sed 's/"to": "h2"/"to": "h1"/' "$D/record" >"$D/other"
"$B/plimsoll" token add prometheus --set service.state_dir="$D" >/dev/null 2>&1
shown_alike <<E
status --from $FORTY
plan --from $FORTY
place --vcpus 8 --memory 32GiB --group web --from $FORTY
explain db01-1 kvm07 --from $FORTY
capacity --vcpus 4 --memory 16GiB --from $FORTY
failover --from $FORTY
settings check --settings deploy/examples/plimsoll.yaml
evacuate kvm30 --dry-run --from $FORTY
status --from tests/scenarios/a-failing-host-that-is-silent-is-no-calm/cluster.json
faults --from $FORTY
distance --from tests/scenarios/the-near-host-is-preferred/cluster.json
explain --plan $D/plan --from $FORTY 2>/dev/null
explain db01-1 --from $FORTY
check $D/plan --from $FORTY
move db01-1 --dry-run --from $FORTY
plan --lost kvm07 --from $FORTY
replay $D/other
token list --set service.state_dir=$D
settings show
plan --help
move --help
maintenance --help
help
E

# On a terminal a chart stands above the table, with numbers along it.
shown_alike moving <<<"frontier --from $FORTY 2>/dev/null"

if command -v redis-server >/dev/null && command -v redis-cli >/dev/null; then
	redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
	redis=$!
	until_true 5 redis-cli -s "$D/r.sock" ping >/dev/null 2>&1
	python3 tests/schemas/printed.py "$B" "$D/r.sock" "$D" || story_failed=1 # a store with one of each kind of entry
	S="--redis unix://$D/r.sock --set 'cluster.hosts=h[1-7]' --set brake.hosts=1 --set brake.percent=1%"
	shown_alike moving <<-E
		status $S
		plan $S
		journal $S
		audit $S
		confirm $S
		retry $S
		host list $S
		faults log $S
		maintenance status $S
		place --list $S
		replay --list $S
		store check --redis unix://$D/r.sock
	E
fi
[ "$story_failed" = 0 ]
