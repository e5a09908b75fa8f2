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
cp "$BUILD"/systemd/*.service "$DIR"
sed -i "s,^ExecStart=.*/plimsoll,ExecStart=$BUILD/plimsoll,g" "$DIR"/*.service # the programs need not be installed
check "the agent's unit with all drop-ins is understood" systemd-analyze verify --man=no "$DIR/plimsoll-agent.service"
mv "$DIR/plimsoll-agent.service.d" "$DIR/none"
check "and without any" systemd-analyze verify --man=no "$DIR/plimsoll-agent.service"
check "so is the service's" systemd-analyze verify --man=no "$DIR/plimsolld.service"
check "the agent's sandbox is rated 2.4 at most" quietly systemd-analyze security --offline=true --no-pager --threshold=24 "$DIR/plimsoll-agent.service"
# with DROP-IN: no weaker than that, in tenths; raid.conf says its own figure, and why
rated() { # DROP-IN MOST
	mkdir -p "$DIR/plimsoll-agent.service.d" && cp "$DIR/none/$1" "$DIR/plimsoll-agent.service.d"
	quietly systemd-analyze security --offline=true --no-pager --threshold="$2" "$DIR/plimsoll-agent.service"
	local failed=$?
	rm -r "$DIR/plimsoll-agent.service.d"
	return $failed
}
check "with disks.conf 3.2 at most" rated disks.conf 32
check "with lldp.conf 2.5 at most" rated lldp.conf 25
said=$(sed -n 's/^# systemd-analyze security rates the agent with it \([0-9]\)\.\([0-9]\).*/\1\2/p' "$DIR/none/raid.conf")
check "with raid.conf what it says itself" rated raid.conf "${said:-0}"
not_less() { ! rated raid.conf $((said - 1)) >/dev/null; }
check "and not less" not_less
for unit in plimsolld plimsoll-agent; do
	check "$unit is not started again for what a person must put right" grep -qx 'RestartPreventExitStatus=2' "$DIR/$unit.service"
	check "$unit comes after libvirt's daemons" grep -qE '^After=.*libvirtd.service virtqemud.service' "$DIR/$unit.service"
done
check "the service's 1.5 at most" quietly systemd-analyze security --offline=true --no-pager --threshold=15 "$DIR/plimsolld.service"
[ $failed = 0 ]
