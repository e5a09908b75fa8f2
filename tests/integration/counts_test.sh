#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A count and its noun agree, whatever is printed: "1 VM", never "1 VMs". Every question that can be asked of a file is asked of
# clusters in which each thing is there once, and the plan and status of every scenario are read. Needs: nothing.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=$(realpath "${1:-build/dev}")
plimsoll=$BUILD/plimsoll
dir=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-counts.XXXXXX")
trap 'rm -rf "$dir"' EXIT
failed=0
nouns='(VMs|hosts|moves|migrations|minutes|hours|days|seconds|rules|groups|windows|waves|cores|losses|times|warnings|vCPUs|CPUs|objections|devices|sectors|errors|members|pairs|readings|others|tokens|plans|requests|values|entries)'
odd() { grep -nE "(^|[^0-9.,:a-z-])1 (more |other |new |failed )?$nouns\\b" "$@" | grep -vE "1 of 1 hosts'"; }

# The pattern finds what it is for, and nothing else.
printf '%s\n' '1 VMs' 'in 1 waves' '(1 hosts)' '1 more moves' >"$dir/wrong"
printf '%s\n' '1 VM' '11 VMs' '0.1 cores' '2026-11-01 hosts' '1 of 2 hosts' '3-1 moves' >"$dir/right"
[ "$(odd "$dir/wrong" | wc -l)" = 4 ] || { echo "FAILED  the pattern misses what it is for"; exit 1; }
! odd "$dir/right" || { echo "FAILED  the pattern finds what is right"; exit 1; }

asked=0
asks() { # asks NAME COMMAND…: what it prints goes by its counts
	local out=$dir/out.$1
	shift
	timeout 60 "$plimsoll" "$@" </dev/null >"$out" 2>&1
	[ -s "$out" ] || { echo "FAILED  nothing printed: plimsoll $*"; failed=1; }
	asked=$((asked + 1))
	if odd "$out"; then
		echo "FAILED  plimsoll $*"
		failed=1
	fi
}

cat >"$dir/one.json" <<'END'
{"schema": "plimsoll.snapshot/1", "cluster": "one",
 "hosts": [{"name": "h1", "cpus": 8, "memory_mib": 16384, "faults": [{"device": "sda", "grade": 1, "why": "1 reallocated sector"}]}],
 "vms": [{"name": "a", "host": "h1", "vcpus": 1, "memory_mib": 1024, "cpu": 0.5}],
 "rules": [{"name": "pair", "kind": "apart", "vms": ["a"]}]}
END
cat >"$dir/two.json" <<'END'
{"schema": "plimsoll.snapshot/1", "cluster": "two",
 "hosts": [{"name": "h1", "cpus": 8, "memory_mib": 16384, "state": "maintenance"}, {"name": "h2", "cpus": 8, "memory_mib": 16384}],
 "vms": [{"name": "a", "host": "h1", "vcpus": 1, "memory_mib": 1024, "cpu": 0.5}],
 "rules": [{"name": "on1", "kind": "on", "vms": ["a"], "hosts": ["h2"]}]}
END
printf 'rules:\n  - anti-affinity: nosuch\n' >"$dir/warn.yaml"
n=0
for f in "$dir/one.json" "$dir/two.json"; do
	for c in plan status "explain a" "explain --plan" "evacuate h1 --dry-run" "evacuate h1 --dry-run --all" faults failover frontier \
		"capacity --vcpus 1 --memory 1GiB" "place --vcpus 1 --memory 1GiB" "plan --all" "explain nosuch" "explain a nosuch"; do
		n=$((n + 1))
		read -ra words <<<"$c"
		asks "$n" "${words[@]}" --from "$f"
	done
	"$plimsoll" plan --json --from "$f" >"$dir/plan.json" 2>/dev/null
	asks "c$n" check "$dir/plan.json" --from "$f"
	asks "w$n" settings check --from "$f" --settings "$dir/warn.yaml"
done
for f in tests/scenarios/*/cluster.json; do
	settings=()
	[ -f "${f%/*}/settings.yaml" ] && settings=(--settings "${f%/*}/settings.yaml")
	n=$((n + 1))
	asks "$n" plan --from "$f" "${settings[@]}"
	asks "s$n" status --from "$f" "${settings[@]}"
done
[ "$asked" -gt 300 ] || { echo "FAILED  only $asked commands were run"; failed=1; }
[ $failed = 0 ] && echo "ok      counts and nouns of $asked outputs agree"
exit $failed
