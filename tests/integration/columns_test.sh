#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a person reads on a terminal of 80, 100 and 200 columns are the words that stand in a file: none is broken, none is
# missing, whatever had to give way. Needs tmux and python3. Argument: the build folder.
set -u
B=$1
. tests/story.sh
command -v tmux >/dev/null || { echo "no tmux"; exit 77; }
D=$(mktemp -d) || exit 1
trap 'tmux -S "$D/tmux" kill-server 2>/dev/null; rm -rf "$D"' EXIT
FORTY=deploy/examples/forty-hosts.json

cat >"$D/words.py" <<'P'
"""words.py COLUMNS PLAIN SHOWN: the words of both are the same (bars apart; a title below its row is in small letters, WHY has none)."""
import re, sys
columns, plain, shown = int(sys.argv[1]), open(sys.argv[2]).read(), open(sys.argv[3]).read()
bar = re.compile(r'[#.|!]+$')
def words(text):
    text = re.sub(r'planned\s+in\s+\S+\s+\S+', '', text)  # a time, another one each time
    return {w.lower().rstrip(';') for w in text.split() if not bar.match(w)} - {'why'}
wide = [l for l in shown.split('\n') if len(l.rstrip()) > columns]
broken, lost = words(shown) - words(plain), words(plain) - words(shown)
if wide or broken or lost:
    print('wider than the terminal:', wide[:3], 'broken:', sorted(broken)[:8], 'missing:', sorted(lost)[:8])
sys.exit(bool(wide or broken or lost))
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

same_words() { on "$@" && python3 "$D/words.py" "$1" "$D/plain" "$D/shown"; }

while read -r command; do
	sh -c "$B/plimsoll $command" >"$D/plain" 2>&1
	for columns in 80 100 200; do
		check "plimsoll $command, $columns columns" same_words $columns "$B/plimsoll $command"
	done
done <<E
status --from $FORTY
plan --from $FORTY
place --vcpus 8 --memory 32GiB --group web --from $FORTY
explain db01-1 kvm07 --from $FORTY
capacity --vcpus 4 --memory 16GiB --from $FORTY
failover --from $FORTY
settings check --settings deploy/examples/plimsoll.yaml
evacuate kvm30 --dry-run --from $FORTY
status --from tests/scenarios/a-failing-host-that-is-silent-is-no-calm/cluster.json
plan --help
move --help
maintenance --help
help
E
[ "$story_failed" = 0 ]
