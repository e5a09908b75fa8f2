#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command's --json, over every scenario and over a store that has one of each kind of entry, is as docs/schemas says, and has no
# key that is not documented there. Needs python3-jsonschema; redis-server for what is kept there. Argument: the build folder.
set -u
B=$1
. tests/story.sh
python3 -c 'import jsonschema' 2>/dev/null || { echo "no python3-jsonschema"; exit 77; }
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
until_true 5 redis-cli -s "$D/r.sock" ping >/dev/null 2>&1 || exit 1
python3 tests/schemas/validate.py "$B" "$D/r.sock"
