#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# deploy/try --page as somebody meets it in a terminal: the lab comes up, the address is printed, the page and its API answer, a VM is
# seen to move; Ctrl-C ends it, and nothing is left. Needs what the lab needs, tmux and curl. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
for tool in tmux curl jq redis-server; do
	command -v $tool >/dev/null || { echo "no $tool"; exit 77; }
done
tests/lab/lab needs || exit
D=$(mktemp -d) || exit 1
ended() {
	trap '' INT TERM
	tmux -S "$D/tmux" send-keys C-c 2>/dev/null # it takes its own lab down
	[ -e "$D/status" ] || until_true 60 test -e "$D/status"
	tmux -S "$D/tmux" kill-server 2>/dev/null
	rm -rf "$D"
}
trap 'exit 130' INT TERM
trap ended EXIT
read -r port < <(free_ports 1)
mkdir "$D/tmp"
cat >"$D/run" <<-S
	export TMPDIR=$D/tmp TRY_BIN=$B TRY_PORT=$port LAB_WAIT=240 TERM=screen NO_COLOR=1
	deploy/try --page 2>&1 | tee "$D/said"
	echo "\${PIPESTATUS[0]}" >"$D/status"
S
# the pipe's tee is not to end by the terminal's Ctrl-C before what it prints
sed -i 's/| tee /| (trap "" INT; exec tee /; s/said"$/said")/' "$D/run"
tmux -S "$D/tmux" -f /dev/null new-session -d -x 120 -y 40 "bash '$D/run'" || exit 1

said() { [ -e "$D/said" ] && grep -qE -- "$1" "$D/said"; }
goes_on() { said "$1" || { [ -e "$D/status" ] && return 2; return 1; }; }
says() { until_true "$1" goes_on "$2" || { tail -n 30 "$D/said"; return 1; }; }
ask() { curl -s -m 5 -H "Authorization: Bearer $token" "http://127.0.0.1:$port$1"; }
api() { ask "/api/v1/$1" | jq -e "$2" >/dev/null 2>&1; }

check "the address is printed" says 280 "Open +http://127.0.0.1:$port/"
check "and how to reach it over ssh" says 5 "ssh -L $port:127.0.0.1:$port "
token=$(grep -o 'plt_[0-9a-f]*' "$D/said" | head -n 1)
page_answers() { curl -s -m 5 "http://127.0.0.1:$port/" | grep -q '<title>Plimsoll'; }
check "the page answers" until_true 10 page_answers
refused() { [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/api/v1/clusters")" = 401 ]; }
check "without the token nothing is told" refused
check "with it there are three hosts" until_true 20 api hosts '[.. | .name? // empty] | contains(["h1", "h2", "h3"])'
check "a VM is seen to leave the full host" says 60 'h1 > h[23] +done in '
tmux -S "$D/tmux" send-keys C-c
check "Ctrl-C ends it" until_true 60 test -e "$D/status"
check "and says that nothing is left" said 'nothing is left'
check "nor is it" tests/lab/lab check-clean
check "nor a folder" not ls "$D/tmp"/*
check "nor a listener" not curl -s -m 2 "http://127.0.0.1:$port/"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
