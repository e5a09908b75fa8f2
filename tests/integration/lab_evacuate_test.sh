#!/bin/bash
# A host with 12 guests is emptied without agents, over a link of 100 Mbit/s: nobody is lost, nothing is left, and it takes
# little longer than the bytes need on the link. What will not leave in time is named beforehand. Needs what
# `tests/lab/lab needs` says.
. tests/lab/story.sh

export LAB_CPUS="2 1 1" LAB_MEMS="2048 1024 1024"
GUESTS=$(seq -f 'g%02g' 1 12)
NET=(--set cluster.migration_bandwidth=100Mbit/s)

evacuate() { lab ctl "$BUILD/plimsoll" evacuate h1 --hosts "$uris" "${NET[@]}" "$@"; }
tx_bytes() { lab in h1 cat /proc/net/dev | awk -F'[: ]+' '$2 != "lo" && NR > 2 { sum += $11 } END { print sum + 0 }'; }

story_lab 3
uris=$(URIS h1 h2 h3)
check "twelve guests are on h1" boot_on h1 mem=48 dirty=24 rate=1 burn=2
check "h1 sends at most 100 Mbit/s" lab link h1 100mbit
check "a dry run moves nothing" ends 0 dry.json evacuate --dry-run --json
check "all are still there" [ "$(guests_on h1)" = 12 ]
check "with two seconds not all will make it" ends 3 late.json evacuate --dry-run --json --deadline 2s
check "they are named beforehand" [ "$(jq '.late | length' "$LAB/late.json")" -gt 5 ]
check "without a yes nothing is moved" ends 2 ask.out evacuate
bytes=$(tx_bytes)
from=$(date +%s%3N)
check "h1 is evacuated" ends 0 run.json evacuate --yes --json
took=$(($(date +%s%3N) - from))
bytes=$(($(tx_bytes) - bytes))
check "h1 is empty" [ "$(guests_on h1)" = 0 ]
check "they are spread over both" [ "$(guests_on h2)" -gt 2 ]
check "every guest's counter goes on" each_runs_once
jq -r '.moves[] | "\(.vm) \(.ms) ms, predicted \(.predicted_ms), \(.bytes / 1048576 | floor) MiB"' "$LAB/run.json"
first=$(jq '[.moves[].ms] | length' "$LAB/run.json")
echo "evacuated $first guests, $((bytes / 1048576)) MiB on the wire, in $took ms with reading, planning and asking both hosts;" \
	"the link's lower bound is $((bytes * 8 / 100000)) ms: $((took * 100 / (bytes * 8 / 100000))) %"
[ "$story_failed" = 0 ] || tail -n 40 "$LAB"/*.err "$LAB"/run.json
story_end
