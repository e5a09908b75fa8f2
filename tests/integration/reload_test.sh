#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The service reads its settings again on SIGHUP: a file with a mistake leaves the old ones in force and is said with line
# and column; what cannot be changed while it runs is said too. Needs redis-server.
set -u
BUILD=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null || { echo "redis-server is missing"; exit 77; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-reload.XXXXXX")
service=
trap 'kill "$service" 2>/dev/null; wait; rm -rf "$dir"' EXIT
failed=0
. tests/story.sh
says() { # says WHAT: within ten seconds the log has it
	until_true 10 grep -Eq -- "$1" "$dir/log" && { echo "ok      $1"; return; }
	echo "FAILED  $1"
	failed=1
}
settings() { cat >"$dir/plimsoll.yaml"; }

settings <<'END'
service: {interval: 1s}
rules:
  - apart: group:db
END
"$BUILD/plimsolld" --settings "$dir/plimsoll.yaml" --state-dir "$dir/state" --cluster here >"$dir/log" 2>&1 &
service=$!
says 'service.started'
says 'round.blind'

settings <<'END'
service: {interval: 1s}
rules:
  - apart: group:db
    lvel: rack
END
kill -HUP "$service"
says 'settings.refused .*line=4 column=5 key=rules\[0\].lvel .*did you mean .level'
says 'settings.kept'

settings <<'END'
service: {interval: 1s, lease: 20s, redis: "unix:///nowhere"}
rules:
  - apart: group:db
  - never-move: legacy
END
kill -HUP "$service"
says 'settings.needs_restart .*service.redis'
says 'settings.needs_restart .*service.lease'
says 'settings.loaded .*rules=2'
# ---- many rules, and few again: what the many needed is given back ----
anonymous() { awk '/^RssAnon/ { print $2 }' "/proc/$service/status"; } # KiB
few=$(anonymous)
python3 -c '
print("service: {interval: 1s}")
print("rules:")
for i in range(40000):
    print(f"  - {{apart: \"group:g{i}\", name: r{i}}}")' >"$dir/plimsoll.yaml"
kill -HUP "$service"
says 'settings.loaded .*rules=40000'
most=$(anonymous)
grows() { [ $((most - few)) -lt 65536 ]; }
grows && echo "ok      40,000 rules need $((most - few)) KiB" || { echo "FAILED  40,000 rules need $((most - few)) KiB"; failed=1; }
settings <<'END'
service: {interval: 1s}
END
kill -HUP "$service"
says 'settings.loaded .*rules=0'
given_back() { [ $(($(anonymous) - few)) -lt 2048 ]; }
until_true 20 given_back && echo "ok      and $(($(anonymous) - few)) KiB of it are kept" || { echo "FAILED  $(($(anonymous) - few)) KiB are kept"; failed=1; }

kill -0 "$service" || { echo "FAILED  it still runs"; failed=1; }
[ "$failed" = 0 ] || cat "$dir/log"
exit "$failed"
