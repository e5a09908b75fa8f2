#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A host with 12 guests is emptied without agents, over a link of 100 Mbit/s: nobody is lost, nothing is left, and it takes
# little longer than the bytes need on the link. What will not leave in time is named beforehand. Then it is broken twice
# while two of its waves overlap: it is told to stop, and a target's libvirtd dies. Last, one guest's CD-ROM is where its host
# alone has it, in the middle of the plan: all others leave. Needs what `tests/lab/lab needs` says.
. tests/lab/story.sh

export LAB_CPUS="2 1 1" LAB_MEMS="2048 1024 1024"
GUESTS=$(seq -f 'g%02g' 1 12)
NET=(--set cluster.migration_bandwidth=100Mbit/s)

evacuate() { lab ctl "$BUILD/plimsoll" evacuate h1 --hosts "$uris" "${NET[@]}" "$@"; }
tx_bytes() { lab in h1 cat /proc/net/dev | awk -F'[: ]+' '$2 != "lo" && NR > 2 { sum += $11 } END { print sum + 0 }'; }

# begin_evacuation FILE: in the background; its words are in FILE, $program is its pid
begin_evacuation() {
	tests/lab/lab ctl "$BUILD/plimsoll" evacuate h1 --hosts "$uris" "${NET[@]}" --yes >"$LAB/$1" 2>"$LAB/$1.err" </dev/null &
	program=$!
	story_pids+=("$program")
}
# waves_overlap FILE: moves of two waves run (which wave is whose says the plan's table, which stands before)
waves_overlap() {
	awk '$1 ~ /^[0-9]+$/ && $3 == "h1" { wave[$2] = $1 }
		$1 == "start" { runs[$2] = 1 }
		$1 == "done" || $1 == "failed" { delete runs[$2] }
		END { for (vm in runs) if (!seen[wave[vm]]++) waves++; exit waves < 2 }' "$LAB/$1"
}
# what_began_ended FILE: each start has its end, and none comes after the word that it is stopping
what_began_ended() {
	awk '$1 == "start" { open++; if (stopping) late++ } /^stopping/ { stopping = 1 }
		$1 == "done" || $1 == "failed" { open-- } END { exit open != 0 || late }' "$LAB/$1"
}
# only_those_to HOST FILE: failed, and there are such; those to others are done
only_those_to() {
	awk -v host="$1" '$1 == "failed" { failed++; if ($5 != host ":") wrong++ } $1 == "done" && $5 != host "," { done++ }
		END { exit wrong || !failed || !done }' "$LAB/$2"
}
# bring_back HOST: all of its guests to h1
bring_back() {
	local g
	for g in $(lab list "$1" | cut -d: -f2); do lab migrate "$g" "$1" h1 >/dev/null || return; done
}

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
jq -r '.moves[] | "\(.vm) \(.seconds) s, predicted \(.predicted_seconds), \(.bytes / 1048576 | floor) MiB"' "$LAB/run.json"
first=$(jq '[.moves[].seconds] | length' "$LAB/run.json")
echo "evacuated $first guests, $((bytes / 1048576)) MiB on the wire, in $took ms with reading, planning and asking both hosts;" \
	"the link's lower bound is $((bytes * 8 / 100000)) ms: $((took * 100 / (bytes * 8 / 100000))) %"

echo "--- told to stop while two waves overlap"
bring_back h2 &
other=$!
check "h3's are back on h1" bring_back h3
check "h2's are back on h1" wait "$other"
check "twelve guests are on h1 again" [ "$(guests_on h1)" = 12 ]
begin_evacuation stopped.out
check "moves of two waves run" until_true 40 waves_overlap stopped.out
kill -TERM "$program"
check "the command ends and says that not all is done" ends_with "$program" 3
check "what ran has ended, and nothing more has begun" what_began_ended stopped.out
check "none of it has failed" [ "$(count stopped.out '^(failed|aborted|unclear)')" = 0 ]
check "those that are done have left" [ "$(guests_on h1)" = $((12 - $(count stopped.out '^done '))) ]
check "every guest's counter goes on" each_runs_once

echo "--- a target's libvirtd dies while two waves overlap"
begin_evacuation broken.out
check "moves of two waves run" until_true 40 waves_overlap broken.out
target=$(awk '$1 == "start" { to = $5 } END { sub(",", "", to); print to }' "$LAB/broken.out")
left=$(count broken.out '^done ')
lab killd "$target"
check "it is gone" until_true 5 not lab virsh "$target" version
check "it is back" lab startd "$target"
check "the command ends and says that some stayed" ends_with "$program" 3
check "and which, and why" says broken.out '^What stayed, and why:'
check "what ran has ended" what_began_ended broken.out
check "only those to $target have failed" only_those_to "$target" broken.out
check "more have left than before" [ "$(count broken.out '^done ')" -gt "$left" ]
check "not all have left" [ "$(guests_on h1)" -gt 0 ]
check "each guest runs exactly once" each_runs_once

story_part "one guest's CD-ROM is where its host alone has it"
lab in h1 dd if=/dev/zero of=/run/only-here.iso bs=2048 count=16 status=none
boot_cdrom() {
	LAB_DISK="<disk type='file' device='cdrom'><source file='/run/only-here.iso'/><target dev='sda' bus='sata'/><readonly/></disk>" \
		lab boot h1 g06 mem=48 dirty=24 rate=1 burn=2
}
GUESTS=$(seq -f 'g%02g' 1 12 | grep -v g06)
check "eleven guests are on h1" boot_on h1 mem=48 dirty=24 rate=1 burn=2
check "and one with a CD-ROM" boot_cdrom
GUESTS="$GUESTS g06"
check "it ends, and says that one stayed" ends 3 cdrom.out evacuate --yes
check "h1 has that one alone" [ "$(lab list h1 | xargs)" = "h1: g06" ]
check "the table names it, where, and why, in libvirt's words" says cdrom.out '^ +g06 +h1 +h[23] +failed .*only-here\.iso'
check "and nobody else" [ "$(sed -n '/^What stayed/,$p' "$LAB/cdrom.out" | grep -cE '^ +g[0-9]+ ')" = 1 ]
check "every guest's counter goes on" each_runs_once
check "as JSON it is the same" ends 3 cdrom.json evacuate --yes --json
check "which names it" [ "$(jq -r '[.stayed[].vm] | join(" ")' "$LAB/cdrom.json")" = g06 ]
[ "$story_failed" = 0 ] || tail -n 40 "$LAB"/*.err "$LAB"/run.json "$LAB"/stopped.out "$LAB"/broken.out "$LAB"/cdrom.*
story_end
