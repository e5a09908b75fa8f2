#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# same_bytes_test.sh BUILD: the plan of every scenario's cluster, of the example and of a made-up cluster is the same, byte
# for byte, twice from this build and from every other build that is there (gcc and clang, with and without optimisation).
# A build that is older than a source file is none. Skipped (77) where there is no second build: cmake --preset release (clang, dev) && cmake --build build/release.
set -eu
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
deploy/examples/make_cluster.py --plain het --hosts 60 --vms 1200 --seed 3 > "$work/made.json"
plan() { # PROGRAM CLUSTER: 3 is "some of it is blocked"
        "$1" plan --from "$2" --json 2> /dev/null || [ $? = 3 ]
}
is_old() { [ -n "$(find scheduler policies collectors CMakeLists.txt -type f -newer "$1" -print -quit)" ]; }
others=$(for preset in dev release clang; do
        [ "$build" -ef "build/$preset" ] || [ ! -x "build/$preset/plimsoll" ] || is_old "build/$preset/plimsoll" || echo "build/$preset/plimsoll"
done)
n=0
for cluster in tests/scenarios/*/cluster.json deploy/examples/forty-hosts.json "$work/made.json"; do
        plan "$build/plimsoll" "$cluster" > "$work/first"
        [ -s "$work/first" ] || { echo "$cluster: no plan"; exit 1; }
        for program in "$build/plimsoll" $others; do
                plan "$program" "$cluster" > "$work/other"
                cmp "$work/first" "$work/other" || { echo "$cluster: $program plans otherwise"; exit 1; }
        done
        n=$((n + 1))
done
[ -n "$others" ] || { echo "one build only; $n plans were the same twice"; exit 77; }
echo "$n plans, the same from $build and" $others
