#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The units of deploy/systemd as systemd reads them, with and without the drop-ins: no word it does not know or would ignore,
# and the agent's sandbox no weaker than docs/collectors.md says. Needs systemd-analyze; no running systemd, no root.
set -u
BUILD=$(realpath "${1:-build/dev}")
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not installed"; exit 77; }
DIR=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-units.XXXXXX")
trap 'rm -rf "$DIR"' EXIT
failed=0
check() { # WHAT COMMAND…: what it prints is what is wrong
	local what=$1 text
	shift
	text=$("$@" 2>&1) && [ -z "$text" ] && echo "ok      $what" && return
	failed=1
	printf 'FAILED  %s\n%s\n' "$what" "$text"
}
quietly() { "$@" >"$DIR/out" 2>&1 || { cat "$DIR/out"; return 1; }; }

cp -r deploy/systemd/. "$DIR"
sed -i "s,/usr/bin/plimsoll,$BUILD/plimsoll,g" "$DIR"/*.service # the programs need not be installed
check "the agent's unit with all drop-ins is understood" systemd-analyze verify --man=no "$DIR/plimsoll-agent.service"
mv "$DIR/plimsoll-agent.service.d" "$DIR/none"
check "and without any" systemd-analyze verify --man=no "$DIR/plimsoll-agent.service"
check "so is the service's" systemd-analyze verify --man=no "$DIR/plimsolld.service"
check "the agent's sandbox is rated 2.4 at most" quietly systemd-analyze security --offline=true --no-pager --threshold=24 "$DIR/plimsoll-agent.service"
[ $failed = 0 ]
