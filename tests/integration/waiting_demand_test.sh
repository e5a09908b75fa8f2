#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host all of whose CPUs are in use, and VMs on it that wait for a core: what they wait for is demand, so that the plan, the
# judge and the status see that the host is asked for more than it has, and the plan says how much each VM got. The same VMs
# that wait for nothing: no more than what is used is wanted. Argument: the build folder.
set -u
B=$1
. tests/story.sh
D=$(mktemp -d) || exit 1
trap 'rm -rf "$D"' EXIT

# cluster WAITED: six VMs of four vCPUs use 1.3 of h1's eight cores each, and waited for so much more; h2 is idle
cluster() {
	python3 - "$1" <<'P'
import json, sys
waited = float(sys.argv[1])
vms = [{"name": f"v{i}", "host": "h1", "vcpus": 4, "memory_mib": 2048, "cpu": 1.3 + waited, "cpu_delay": waited / 4,
        "measured": {"cpu": 1.3, "cpu_waited": waited}} for i in range(6)]
hosts = [{"name": n, "cpus": 8, "memory_mib": 65536, "cpu_busy": b} for n, b in (("h1", 8), ("h2", 0.2))]
print(json.dumps({"schema": "plimsoll.snapshot/1", "cluster": "c", "hosts": hosts, "vms": vms}))
P
}
# json FILE EXPRESSION: of what FILE holds, as o
json() { python3 -c 'import json, sys; o = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }

cluster 0.7 >"$D/waits.json"
cluster 0 >"$D/used.json"
for kind in waits used; do
	"$B/plimsoll" status --from "$D/$kind.json" --json >"$D/$kind.status" || exit 1
	"$B/plimsoll" plan --from "$D/$kind.json" --json -o "$D/$kind.plan" >"$D/$kind.out" || exit 1
	check "the judge agrees: $kind" "$B/plimsoll" check "$D/$kind.plan" --from "$D/$kind.json"
done
# 0.2 of its own and six times two cores are wanted, of eight
check "the load is what is wanted" [ "$(json "$D/waits.status" '[h["cpu_used"] for h in o["hosts"]]')" = "[1.525, 0.025]" ]
check "without waiting it is what is used" [ "$(json "$D/used.status" '[h["cpu_used"] for h in o["hosts"]]')" = "[1, 0.025]" ]
check "of what they asked for, VMs got 1.3 in 2" [ "$(json "$D/waits.status" 'o["cpu_score"], o["hosts"][0]["cpu_score"], o["hosts"][1]["cpu_score"], o["vms_that_wait"][0]["cpu_score"]')" = "(0.65, 0.65, None, 0.65)" ]
check "those that do not wait got all" [ "$(json "$D/used.status" 'o["cpu_score"]')" = 1 ]
check "a move says what its VM wanted, used and got" [ "$(json "$D/waits.plan" 'o["moves"][0]["demand"]')" = "{'cpu': 2, 'cpu_measured': 1.3, 'cpu_score': 0.65}" ]
# three of two cores and 0.2 are 6.2 of eight: below the load line of 80 %
check "half of them leave" [ "$(json "$D/waits.plan" 'len(o["moves"])')" = 3 ]
check "and then no host is asked for more than it should be" [ "$(json "$D/waits.plan" 'o["after"]["load"]["cpu"]["max"]')" = 0.775 ]
check "snapshot, file and back: the same" sh -c "'$B/plimsoll' snapshot --from '$D/waits.json' -o '$D/again.json' && grep -q '\"measured\": { \"cpu\": 1.3, \"cpu_waited\": 0.7 }' '$D/again.json'"
check "more waiting than a host can have is refused with its field" sh -c "sed 's/\"cpu_waited\": 0.7/\"cpu_waited\": -1/' '$D/waits.json' >'$D/bad.json'; ! '$B/plimsoll' plan --from '$D/bad.json' 2>'$D/bad.out' && grep -q cpu_waited '$D/bad.out'"
[ "$story_failed" = 0 ]
