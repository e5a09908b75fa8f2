#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How hosts were loaded in the last 24 hours: the leader writes a point each ten minutes, a host that is silent has none, another service
# goes on where the first one ended; the API and plimsoll show it. Needs redis-server, redis-cli, curl, jq. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
for tool in redis-server redis-cli curl jq; do
	command -v $tool >/dev/null || { echo "no $tool"; exit 77; }
done
. tests/api_story.sh
service=
trap 'kill $service $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
serve() {
	"$B/plimsolld" --redis "$R" --cluster t --mode advise --interval 1s --state-dir "$D" "${settings[@]}" --set api.socket="$D/a.sock" \
		2>>"$D/log" &
	service=$!
}
ends() {
	kill $service
	wait $service
	service=
}
U=http://localhost/api/v1
get() { curl -s --max-time 30 --unix-socket "$D/a.sock" "$U/$1" >"$D/body"; }
body() { jq -e "$1" "$D/body" >/dev/null || { cat "$D/body"; return 1; }; }
shows() { get "$1" && body "$2"; }
kept() { redis-cli -s "$D/r.sock" hget 'plimsoll:{t}:loads' "$1"; }
report h1 web | put h1
report h2 | put h2
redis-cli -s "$D/r.sock" sadd 'plimsoll:{t}:hosts' h1 h2 h3 >/dev/null # h3 has reported before
serve
written() { [ -n "$(kept h1)" ] && [ -n "$(kept h2)" ]; }
check "the leader writes a point of each host" until_true 30 written
check "of h3, which is silent, there is none" test -z "$(kept h3)"
last='.point_seconds == 600 and (.last_at | length) > 0'
check "h1 has 144 points" shows hosts/h1/history "$last and (.hosts[0] | .host == \"h1\" and (.cpu_used_points | length) == 144 and (.memory_used_points | length) == 144)"
# The story may begin in one ten minutes and go on in the next ones.
check "the last of them is of now" body '.hosts[0] | [.cpu_used_points[-2:][] | select(. != null)] | length >= 1 and .[0] > 0'
check "what was before is not known" body '.hosts[0] | [.cpu_used_points[:-3][] | select(. != null)] | length == 0'
check "nor what nobody measured" body '.hosts[0] | [.net_rx_used_points[] | select(. != null)] | length == 0'
check "of h3 nothing is known: it is not 0" shows hosts/h3/history '.hosts[0] | .host == "h3" and ([.cpu_used_points[] | select(. != null)] | length == 0) and (.cpu_used_points | length) == 144'
check "the cluster has two hosts" shows load-history '.hosts == [] and (.all.host_count_points | max) == 2 and (.all.host_count_points | length) == 144'
check "mean and max" body '.all | (.cpu_used_max_points | max) >= (.cpu_used_mean_points | max) and (.cpu_used_mean_points | max) > 0'
check "a host that is none is not found" [ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$D/a.sock" $U/hosts/h9/history)" = 404 ]
check "nor is a pattern one" [ "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$D/a.sock" "$U/hosts/h*/history")" = 404 ]
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}" >"$D/said" 2>&1; }
check "plimsoll host history shows it" plimsoll host history h1
check "of h1 alone" bash -c "grep -q '^h1  *\.*[0-9][0-9]*  *[0-9]*%\? ' '$D/said' && ! grep -q ^h2 '$D/said'"
check "and of the cluster" plimsoll host history
check "mean and max of all" bash -c "grep -q '^mean of all ' '$D/said' && grep -q '^max of all ' '$D/said'"
check "within 80 columns" [ "$(awk '{ if (length > m) m = length } END { print m }' "$D/said")" -le 80 ]
check "from afar, too" bash -c "'$B/plimsoll' --api 'unix:$D/a.sock' host history h1 --json | jq -e '.hosts[0].host == \"h1\"'"

# ---- under another leader ----
before=$(kept h1)
calls=$(redis-cli -s "$D/r.sock" get 'plimsoll:{t}:call')
check "it ends well" ends
redis-cli -s "$D/r.sock" hset 'plimsoll:{t}:loads' h1 "$((${before%% *} - 2)) ${before#* }" >/dev/null # as if that were 20 minutes ago
serve
appended() { local is; is=$(kept h1) && [ "${is%% *}" -ge "${before%% *}" ]; }
check "the next one appends" until_true 30 appended
check "after a gap" bash -c "[[ '$(kept h1)' =~ ^[0-9]+' '[0-9A-Za-z-]{14}-{14} ]]"
check "nobody was called" [ "$(redis-cli -s "$D/r.sock" get 'plimsoll:{t}:call')" = "$calls" ]
check "it ends, too" ends
check "no sanitizer has anything to say" not grep -E 'AddressSanitizer|runtime error|LeakSanitizer' "$D/log"
[ "$story_failed" = 0 ] || tail -n 20 "$D/log"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
