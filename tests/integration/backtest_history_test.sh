#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The same day of a cluster, once as a folder and once as the history of a real Prometheus: the backtest says the same of both,
# names what it cannot know, and leaves nothing half done. Needs prometheus, promtool, jq (skipped without). Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
D=$(mktemp -d) || exit 1
prometheus=
end() {
	[ -z "$prometheus" ] || { kill "$prometheus" && wait "$prometheus"; } 2>/dev/null
	rm -rf "$D"
}
trap end EXIT

# ---- what is wrong is told, and nothing is written ----
said() { # STATUS WORDS ARGUMENTS…
	local status=$1 words=$2 got
	shift 2
	"$B/plimsoll" backtest "$@" >"$D/out" 2>&1
	got=$?
	[ "$got" = "$status" ] && grep -qF -- "$words" "$D/out" || { echo "status $got:"; cat "$D/out"; false; }
}
check "no record" said 2 'No record given. Use --trace DIR, or --prometheus URL'
check "two records" said 2 '--trace has all of it' --trace x --prometheus http://127.0.0.1:1
check "no folder" said 2 "$D/none/cluster.json" --trace "$D/none"
mkdir "$D/bad"
cp deploy/examples/office/cluster.json "$D/bad"
printf 'time,vm,cpu\n0,vm0001,1\n0,vm0001,lots\n' >"$D/bad/use.csv"
check "a line that is wrong" said 2 "$D/bad/use.csv:3: cpu: found \"lots\"" --trace "$D/bad" -o "$D/bad.html"
check "and no page" not test -e "$D/bad.html"
printf 'time,vm,cpu\n0,vm0001,1\n0,ghost,1\n' >"$D/bad/use.csv"
check "a VM that is not there is ignored, and named" said 3 'such as ghost' --trace "$D/bad"
check "a settings file to compare with that is not there" said 2 "$D/none.yaml" --trace deploy/examples/office --against "$D/none.yaml"

# ---- two settings side by side, and a page ----
printf 'balance:\n  cpu: 0\n  memory: 0\n' >"$D/calm.yaml"
"$B/plimsoll" backtest --trace deploy/examples/office --step 30m --against "$D/calm.yaml" -o "$D/page.html" --json >"$D/both.json"
check "four runs" test "$(jq -r '[.runs[].way] | join(" ")' "$D/both.json" 2>&1)" = 'nothing greedy plimsoll plimsoll'
check "each with its settings" test "$(jq -r '.runs[3].settings' "$D/both.json")" = "$D/calm.yaml"
check "the page loads nothing" bash -c "! grep -qE 'src=|href=|<script' '$D/page.html' && grep -q 'What the figures rest on' '$D/page.html'"
check "as the days, so the whole" test "$(jq '[.runs[] | (.days | map(.move_count) | add) == .sums.move_count] | all' "$D/both.json")" = true
"$B/plimsoll" backtest --trace deploy/examples/office --step 30m --against "$D/calm.yaml" --json >"$D/again.json"
check "the same again" cmp "$D/both.json" "$D/again.json"

# ---- Prometheus ----
for tool in prometheus promtool; do
	command -v $tool >/dev/null || { echo "no $tool: its history is not tried"; [ "$story_failed" = 0 ]; exit; }
done
now=$(date +%s)
first=$(((now - 86400) / 600 * 600))
deploy/examples/make_trace.py "$D/made" --hosts 4 --vms 24 --days 1 --step 10
python3 tests/integration/backtest_history.py "$D/made" 600 60 "$first" "$now" >"$D/history.txt"
check "Prometheus takes the history" bash -c "promtool tsdb create-blocks-from openmetrics '$D/history.txt' '$D/tsdb' >'$D/promtool.log' 2>&1 || { cat '$D/promtool.log'; false; }"
port=$(free_ports 1)
printf 'global: {}\n' >"$D/prometheus.yml"
prometheus --config.file="$D/prometheus.yml" --storage.tsdb.path="$D/tsdb" --storage.tsdb.retention.time=30d --web.listen-address="127.0.0.1:$port" >"$D/prometheus.log" 2>&1 &
prometheus=$!
check "it serves" until_true 30 curl -sf -o "$D/ready" "http://127.0.0.1:$port/-/ready"
"$B/plimsoll" backtest --prometheus "http://127.0.0.1:$port" --days 2 --step 10m --json --save "$D/saved" --set prometheus.scrape=600s >"$D/history.json" 2>"$D/history.err" ||
	{ cat "$D/history.err"; false; }
check "it went through" test $? = 0
check "it says that there is less history than requested" grep -q 'requested 2 days; Prometheus has [01]\.' "$D/history.err"
"$B/plimsoll" backtest --trace "$D/made" --step 10m --json >"$D/made.json"
check "the folder that it saved says the same" bash -c "'$B/plimsoll' backtest --trace '$D/saved' --step 10m --json | jq -S .runs | cmp - <(jq -S .runs '$D/history.json')"
agree() { # WAY: hours of waiting of both, within 5 %
	jq -e -n --arg way "$1" --slurpfile a "$D/made.json" --slurpfile b "$D/history.json" \
		'[$a[0], $b[0]] | map(.runs[] | select(.way == $way) | .sums.waited_seconds) | (.[0] - .[1] | fabs) <= 0.05 * .[0] and .[0] > 3600' >"$D/agree" ||
		{ jq -c '.runs[] | [.way, .sums.waited_seconds]' "$D/made.json" "$D/history.json"; false; }
}
check "hours of waiting agree within 5 %" agree nothing
check "as it was is what nothing is: no VM was moved" test "$(jq '[.runs[] | select(.way == "as-it-was" or .way == "nothing") | .sums] | unique | length' "$D/history.json")" = 1
echo "$story_checks checks, $story_failed failed"
[ "$story_failed" = 0 ]
