#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A hostile client (api_hostile.py) beside plimsolld, on a unix socket and TCP: it is answered with nothing that it may not see, others
# are answered meanwhile, and the service ends well. Needs redis-server. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v curl >/dev/null || { echo "no redis-server, no curl"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
service=
trap 'kill $service $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
port=$(free_ports 1)
"$B/plimsolld" --redis "unix://$D/r.sock" --cluster t --mode advise --interval 1h --state-dir "$D" --set api.socket="$D/a.sock" \
	--set api.listen="$port" --set api.time=2s --set api.connections=64 --set api.rate=1000 \
	--set api.origins=https://drs.example 2>"$D/log" &
service=$!
# ---- the file of tokens: many change it at once; none is lost, and none that was removed comes back ----
token() { "$B/plimsoll" token "$@" --set service.state_dir="$D"; }
together() {
	local i p pids=()
	for i in $(seq 12); do token add "old$i" >"$D/t" 2>&1 || return 1; done
	for i in $(seq 12); do
		token add "new$i" >"$D/t.$i" 2>&1 &
		pids+=($!)
		token remove "old$i" >"$D/r.$i" 2>&1 &
		pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p" || return 1; done
	[ "$(grep -o '^new[0-9]* ' "$D/api-tokens" | wc -l)" = 12 ] && ! grep -q '^old' "$D/api-tokens" || { cat "$D/api-tokens"; return 1; }
}
check "tokens are added and removed by many at once" together
check "nobody else reads them" [ "$(stat -c %a "$D/api-tokens")" = 600 ]
up() { curl -sf --unix-socket "$D/a.sock" http://localhost/healthz >/dev/null; }
check "it answers" until_true 30 up
check "a hostile client harms nothing" tests/integration/api_hostile.py 127.0.0.1 "$port" "$D/a.sock" $service "${SEED:-1}"
ends() {
	kill $service
	wait $service
}
check "it ends well" ends
check "nothing of it made a line of the log" not grep -avE '^20[0-9T:-]*Z [a-z]+ ' "$D/log"
check "or a word: a name stays in its quotes" grep -qaF 'about="h\" who=evil" cluster=' "$D/log"
check "no sanitizer has anything to say" not grep -E 'AddressSanitizer|runtime error|LeakSanitizer' "$D/log"
[ "$story_failed" = 0 ] || tail -n 20 "$D/log"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
