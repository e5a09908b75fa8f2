#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real disks that fail: the agent runs in a guest with md, an ATA and an NVMe disk, and reports to a Redis out here, where the
# faults are graded. A failed md member beside a container, one whose spare takes over, an NVMe disk that is hot, and then says it is
# unreliable, a device that cannot be read and one that refuses DISCARD each raise the right grade, with the right evidence.
# Needs qemu-system-x86, mdadm, smartmontools, dmsetup, busybox-static, cpio, kmod, redis-server, and Debian's mirror for a kernel.
set -u
BUILD=$(realpath "${1:-build/dev}")
. tests/lab/storage_guest.sh
storage_needs
STORAGE=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-storage.XXXXXX")
STORAGE_CACHE=${STORAGE_CACHE:-$BUILD/storage-guest}
STORAGE_PORT=
STORAGE_PID=
redis=
. tests/story.sh

cleanup() {
	trap '' INT TERM
	storage_stop
	[ -z "$redis" ] || { kill "$redis" 2>/dev/null; wait "$redis" 2>/dev/null; }
	rm -rf "$STORAGE"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

faults() { "$BUILD/plimsoll" faults guest --json --redis "redis://127.0.0.1:$STORAGE_PORT" --cluster storage >"$STORAGE/faults.json" 2>"$STORAGE/faults.err"; }
# is DEVICE GRADE HAZARD WORDS: such a fault is there; a device "none": there is no fault at all
is() {
	faults && python3 - "$STORAGE/faults.json" "$@" <<'END'
import json, sys
path, device, *rest = sys.argv[1:]
found = {f["device"]: f for f in json.load(open(path))["hosts"][0]["faults"]}
if device == "none":
    sys.exit(1 if found else 0)
f = found.get(device)
sys.exit(0 if f and str(f["grade"]) == rest[0] and f["hazard"] == rest[1] and rest[2] in f["why"] else 1)
END
}
knows() { # the agent's first whole report is there: both disks answered
	"$BUILD/plimsoll" faults --redis "redis://127.0.0.1:$STORAGE_PORT" --cluster storage >/dev/null 2>&1 &&
		redis-cli -p "$STORAGE_PORT" get 'plimsoll:{storage}:report:guest' | grep -a 'disk.health' | grep -aq nvme0
}

report() { redis-cli -p "$STORAGE_PORT" get 'plimsoll:{storage}:report:guest'; }
has() { # LINE…: the agent's report has them
	local line
	for line; do report | grep -aqF "$line" || return 1; done
}
names_container() { has 'item.unread	md127	container' && "$BUILD/plimsoll" faults --redis "redis://127.0.0.1:$STORAGE_PORT" --cluster storage | grep -q 'not read: .*md127: container'; }
discard_failed() { grep -aq 'error, dev vdh, sector .*(DISCARD)' "$STORAGE/console" || has 'block.errors	vdh	0'; }
only() { # DEVICE: no other has a fault
	faults && python3 -c 'import json, sys; sys.exit([f["device"] for f in json.load(open(sys.argv[1]))["hosts"][0]["faults"]] != [sys.argv[2]])' "$STORAGE/faults.json" "$1"
}

port_take() { # a free one: redis-server says whether it is
	local try
	for try in 1 2 3 4 5; do
		STORAGE_PORT=$((20000 + (RANDOM + try) % 20000))
		redis-server --port "$STORAGE_PORT" --bind 127.0.0.1 --save '' --appendonly no --dir "$STORAGE" >"$STORAGE/redis.log" 2>&1 &
		redis=$!
		until_true 5 redis-cli -p "$STORAGE_PORT" ping >/dev/null 2>&1 && kill -0 "$redis" 2>/dev/null && return 0
		kill "$redis" 2>/dev/null
		redis=
	done
	return 1
}

check "a Redis on the loopback" port_take
check "an image" storage_image "$BUILD/plimsoll-agent" "$STORAGE/initrd.img"
storage_start
check "the guest is up, with its array" storage_await ready
storage_tell agent
check "its agent reports, and its disks have answered" until_true 60 knows
check "nothing is wrong with it" is none
check "and what is no array is named" names_container

check "a disk refuses DISCARD" storage_tell discard
check "the kernel's log has it" until_true 10 discard_failed
check "the NVMe disk is hot" storage_qmp '{"execute": "qom-set", "arguments": {"path": "/machine/peripheral/nvme0", "property": "smart_critical_warning", "value": 2}}'
storage_tell agent
check "which is to be watched" until_true 60 is nvme0n1 1 disk-warning "NVMe critical warning: temperature out of range, not a fault of the disk"
check "a refused DISCARD is nothing" only nvme0n1
check "a member with a spare fails" storage_tell fail-spared
check "the spare is filled, and how far it is is told" until_true 60 has 'array.action	md1	recover' 'array.working	md1	1' 'array.progress	md1'
check "an array that nothing uses is being made good again: to be watched" until_true 20 is md1 1 array-degraded "now: recover"
check "at full speed" storage_tell full-speed
check "the spare has taken over" until_true 60 has 'array.working	md1	2' 'array.spares	md1	0' 'array.lost	md1	vdd'

check "a member of the array fails" storage_tell fail-member
check "the array has no redundancy left: drain" until_true 20 is md0 3 array-degraded "raid1 degraded: 1 of 2 members active, no redundancy left"
check "and what is lost is named" is md0 3 array-degraded "vdb"

check "the NVMe disk becomes unreliable" storage_qmp '{"execute": "qom-set", "arguments": {"path": "/machine/peripheral/nvme0", "property": "smart_critical_warning", "value": 4}}'
storage_tell agent
check "VMs' data are on it: drain now" until_true 60 is nvme0n1 4 disk-failing "NVMe critical warning: reliability degraded by media or internal errors"

check "a device that cannot be read" storage_tell bad-blocks
check "the kernel's log says so: drain" until_true 20 is dm-0 3 block-errors "within an hour in the kernel log"
"$BUILD/plimsoll" faults guest --redis "redis://127.0.0.1:$STORAGE_PORT" --cluster storage

if [ "$story_failed" != 0 ]; then
	cat "$STORAGE/faults.json" "$STORAGE/faults.err"
	tail -n 60 "$STORAGE/console"
	redis-cli -p "$STORAGE_PORT" get 'plimsoll:{storage}:report:guest' | tail -n 120
fi
echo "$story_checks checks, $story_failed failed"
[ "$story_failed" = 0 ]
