#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# plimsoll roadef on the hand-made example: its known optimum; a file that is wrong is told, exit 2, nothing written.
# Needs: nothing but the build.
set -eu
plimsoll=$1/plimsoll
fixtures=tests/fixtures/roadef
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

"$plimsoll" roadef -p $fixtures/model -i $fixtures/assignment -o "$work/a" -t 5 --evaluations 100000 --threads 2 >"$work/said"
grep -qx "initial 4200" "$work/said"
grep -qx "cost 2411" "$work/said"
[ "$(cat "$work/a")" = "0 2 1" ]

"$plimsoll" roadef -p $fixtures/model -i $fixtures/assignment -o "$work/b" -t 5 --evaluations 100000 --threads 2 >/dev/null
cmp "$work/a" "$work/b"

head -c 40 $fixtures/model >"$work/short"
status=0
"$plimsoll" roadef -p "$work/short" -i $fixtures/assignment -o "$work/c" -t 1 2>"$work/error" || status=$?
[ $status = 2 ]
grep -q "token" "$work/error"
[ ! -e "$work/c" ]

echo "0 0 0" >"$work/conflict" # processes 0 and 1 are of one service
status=0
"$plimsoll" roadef -p $fixtures/model -i "$work/conflict" -o "$work/c" -t 1 2>"$work/error" || status=$?
[ $status = 2 ]
grep -q "breaks a constraint" "$work/error"
[ ! -e "$work/c" ]
