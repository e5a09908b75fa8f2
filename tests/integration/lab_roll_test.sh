#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rolling maintenance of all three hosts: each is emptied in turn, the operator's command finds it empty, and it is given
# back; a command that fails stops it, and --resume goes on there. Every guest runs exactly once and its counter goes on.
# Needs what `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="1024 1024 1024"
GUESTS=$(seq -f 'g%g' 1 6)

boot_all() {
	local g jobs=()
	for g in $GUESTS; do
		lab boot "h$((${g#g} % 3 + 1))" "$g" mem=24 dirty=2 rate=1 burn=4 &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(lab list | wc -w)" = 9 ]
}

# the hosts that have a mark; of one that was taken back there is "-TIME" for a while
marked() {
	redis-cli -s "$LAB/redis.sock" --json hgetall 'plimsoll:{lab}:marks' |
		jq -r 'to_entries[] | select(.value | startswith("-") | not) | .key'
}

story_needs redis-server jq
story_lab 3
check "two guests are on each host" boot_all
redis_start
agents_start "h1 h2 h3" --interval 1s
check "the agents have measured" until_true 20 agents_know 3
serve auto.log --mode auto --interval 300s --set balance.cpu=0 --set balance.memory=0 --set service.hold=1h --set service.settle=2s
check "the service is at work" until_true 20 says auto.log round.planned

# what is done with each host: look whether it is empty; h2 fails the first time
cat >"$LAB/mend" <<END
#!/bin/sh
echo "\$1 \$(ls $LAB/\$1/run/libvirt/qemu/*.pid 2>/dev/null | grep -c g)" >>"$LAB/mended"
[ "\$1" != h2 ] || [ -e "$LAB/again" ] || { touch "$LAB/again"; exit 7; }
END
chmod +x "$LAB/mend"
check "the plan is shown and nothing is done" ends 0 out plimsoll maintenance roll --all --dry-run
check "it names how much moves" says out '3 hosts in 3 groups, [0-9]+ migrations'
check "nothing is in maintenance" [ -z "$(marked)" ]
check "a command that fails stops it" ends 1 out plimsoll maintenance roll --all --run "$LAB/mend"
check "it says where and with what" says out 'mend exited with status 7 for h2'
check "h2 stays in maintenance, alone" [ "$(marked)" = h2 ]
check "h2 is empty" is_empty h2
check "another roll is refused" ends 2 out plimsoll maintenance roll h1 --run true
check "with what to do" says out 'Continue it with --resume'
check "it needs the command again: the store keeps none" ends 2 out plimsoll maintenance roll --resume
check "another command is refused" ends 2 out plimsoll maintenance roll --resume --run true
check "it goes on" ends 0 out plimsoll maintenance roll --resume --run "$LAB/mend"
check "and shows with what" says out 'continuing the roll of .*mend'
check "to the end" says out 'all done: 3 hosts'
check "the command was run for each host" [ "$(cut -d' ' -f1 "$LAB/mended" | sort -u | wc -l)" = 3 ]
check "no host is in maintenance or cordoned" [ -z "$(marked)" ]
check "there is nothing to resume" ends 2 out plimsoll maintenance roll --resume --run "$LAB/mend"
moved=$(grep -c ' move.done ' "$LAB/auto.log")
echo "$moved migrations for 6 guests on 3 hosts, none of them spare"
check "every guest's counter goes on" each_runs_once

echo "--- a guest of h2 cannot leave it: the others are done all the same"
lab in h2 dd if=/dev/zero of=/run/only-here.iso bs=2048 count=16 status=none
boot_cdrom() {
	LAB_DISK="<disk type='file' device='cdrom'><source file='/run/only-here.iso'/><target dev='sda' bus='sata'/><readonly/></disk>" \
		lab boot h2 g7 mem=24
}
check "a guest with a CD-ROM that h2 alone has" boot_cdrom
GUESTS="$GUESTS g7"
check "the agents have measured" until_true 20 agents_know 3
: >"$LAB/mended"
check "some stayed" ends 3 out plimsoll maintenance roll --all --run "$LAB/mend"
check "it says which, and why" says out '^What stayed, and why:'
check "that guest" says out 'g7 cannot leave: .+'
check "two hosts are done" says out '2 hosts are done; 1 could not be emptied and stays in maintenance'
check "h1 and h3" [ "$(cut -d' ' -f1 "$LAB/mended" | sort | tr '\n' ' ')" = "h1 h3 " ]
check "h2 stays in maintenance, alone" [ "$(marked)" = h2 ]
check "with that guest alone" [ "$(lab list h2 | xargs)" = "h2: g7" ]
check "the CD is taken out" lab virsh h2 change-media g7 sda --eject --force
can_leave() { plimsoll maintenance roll h2 --dry-run; } >"$LAB/can.out" 2>&1
check "which its agent sees, or the wait is over" until_true 120 can_leave
check "it goes on with the host that is left" ends 0 out plimsoll maintenance roll --resume --run "$LAB/mend"
check "no host is in maintenance or cordoned" [ -z "$(marked)" ]
check "every guest's counter goes on" each_runs_once
[ "$story_failed" = 0 ] || { tail -n 60 "$LAB"/auto.log; cat "$LAB/mended" "$LAB/out"; }
story_end
