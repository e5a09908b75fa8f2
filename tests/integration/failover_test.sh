#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# If a host were lost: who would start where, in what order, who would not and why; in a file and in status. Argument: the
# build folder.
set -u
B=$1
D=$(mktemp -d) || exit 1
trap 'rm -rf "$D"' EXIT
. tests/story.sh
ends() { # STATUS WORDS…
	local want=$1
	shift
	timeout 60 "$B/plimsoll" "$@" >"$D/out" 2>&1 </dev/null
	local got=$?
	[ $got = "$want" ] || { echo "exit $got"; cat "$D/out"; return 1; }
}
says() { grep -Eq -- "$1" "$D/out" || { cat "$D/out"; return 1; }; }
narrow() { [ "$(awk '{ n = length($0) > n ? length($0) : n } END { print n }' "$D/out")" -le 80 ]; }

# h1 has an important VM that must be apart from h2's; h2 has little room, h3 some
cat >"$D/three.json" <<'END'
{
  "schema": "plimsoll.snapshot/1",
  "cluster": "three",
  "hosts": [
    {"name": "h1", "cpus": 8, "memory_mib": 16384},
    {"name": "h2", "cpus": 8, "memory_mib": 16384},
    {"name": "h3", "cpus": 8, "memory_mib": 16384}
  ],
  "vms": [
    {"name": "small", "host": "h1", "vcpus": 1, "memory_mib": 1024, "cpu": 0.5},
    {"name": "big", "host": "h1", "vcpus": 2, "memory_mib": 6144, "cpu": 1},
    {"name": "first", "host": "h1", "vcpus": 1, "memory_mib": 2048, "cpu": 0.5, "priority": 900, "groups": ["db"]},
    {"name": "other", "host": "h2", "vcpus": 4, "memory_mib": 10240, "cpu": 2, "groups": ["db"]},
    {"name": "third", "host": "h3", "vcpus": 2, "memory_mib": 6144, "cpu": 1}
  ],
  "rules": [{"name": "db-apart", "kind": "apart", "group": "db"}]
}
END
zero=(--set memory.keep_for_host=0MiB --set memory.per_vm=0MiB)
timeout 60 "$B/plimsoll" settings show "${zero[@]}" >/dev/null 2>&1 || zero=()
check "all of h1's would start" ends 0 failover h1 --from "$D/three.json" "${zero[@]}"
check "(the most important first, beside no VM of its group)" says '^ +1 +first +900 +2 GiB +h3 *$'
check "(then the largest)" says '^ +2 +big +100 +6 GiB +h3 *$'
check "(then the rest)" says '^ +3 +small +100 +1 GiB +h[23] *$'
check "(it is only supposed)" says 'h1 is protected: were it lost, its 3 VMs would start elsewhere'
check "each host in turn" ends 0 failover --from "$D/three.json" "${zero[@]}"
check "(how many)" says '^protected: 3 of 3 hosts'
check "in 80 columns" narrow

sed 's/"memory_mib": 6144, "cpu": 1},/"memory_mib": 12288, "cpu": 1},/; s/"vcpus": 1, "memory_mib": 1024/"local_disk_mib": 10, &/' "$D/three.json" >"$D/tight.json"
check "not all would start" ends 3 failover h1 --from "$D/tight.json" "${zero[@]}"
check "(what the nearest host lacks)" says 'big +100 +12 GiB +none +h3 lacks 4(\.0)? GiB of memory'
check "(a disk of its own)" says 'small +100 +1 GiB +none +its disks are on its host only'
check "(what is important starts all the same)" says '1 +first +900 +2 GiB +h3'
check "each in turn" ends 3 failover --from "$D/tight.json" "${zero[@]}"
check "(one line)" says 'h1 +3 +1 +2 +big: h3 lacks 4(\.0)? GiB of memory \(and 1 more\)'
check "as JSON" ends 3 failover --from "$D/tight.json" --json "${zero[@]}"
check "(schema)" says '"schema": "plimsoll.failover/1"'
check "(reason)" says '"reason": "LOCAL_DISK"'
check "status has a line" ends 0 status --from "$D/tight.json" "${zero[@]}"
check "(how many are protected)" says '^protected: [0-2] of 3 hosts \(plimsoll failover\)$'
check "and as JSON" ends 0 status --from "$D/tight.json" --json "${zero[@]}"
check "(how many)" says '"failover": \{'

sed 's/"rules":/"bookings": [{"name": "soon", "host": "h3", "by": "ann", "vcpus": 1, "memory_mib": 9216}], &/' "$D/three.json" >"$D/booked.json"
check "room that is booked is not free" ends 3 failover h1 --from "$D/booked.json" "${zero[@]}"
check "(who lacks it)" says 'first .* none +h[23] (lacks|rule)'
check "and nothing starts for it" ends 0 failover h3 --from "$D/booked.json" "${zero[@]}"
check "(it is no VM)" says 'its 1 VM would'
sed 's/{"name": "h2",/& "fence": "stale",/' "$D/three.json" >"$D/silent.json"
check "of a host that is not seen nobody knows" ends 3 failover h2 --from "$D/silent.json"
check "(it says so)" says 'h2 is not reporting'
check "it is not counted" ends 0 failover --from "$D/silent.json" "${zero[@]}"
check "(of two)" says 'of 2 hosts'
check "a host that is not there" ends 2 failover h11 --from "$D/three.json"
check "(the nearest name)" says 'did you mean "h1"'
check "the bundled cluster" ends 0 failover --from deploy/examples/forty-hosts.json
check "(protected)" says '^protected: 40 of 40 hosts'
check "in 80 columns" narrow
echo "$story_checks checks, $story_failed failed"
[ "$story_failed" = 0 ]
