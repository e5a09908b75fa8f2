#!/bin/bash
# Rolling maintenance of all three hosts: each is emptied in turn, the operator's command finds it empty, and it is given
# back; a command that fails stops it, and --resume goes on there. Every guest runs exactly once and its counter goes on.
# Needs what `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="1024 1024 1024"
GUESTS=$(seq -f 'g%g' 1 6)

guests_on() { lab list "$1" | wc -w | awk '{ print $1 - 1 }'; }
boot_all() {
	local g jobs=()
	for g in $GUESTS; do
		lab boot "h$((${g#g} % 3 + 1))" "$g" mem=24 dirty=2 rate=1 burn=4 &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(lab list | wc -w)" = 9 ]
}
all_go_on() {
	local g
	[ "$(lab list | cut -d: -f2 | tr ' ' '\n' | grep . | sort | uniq -u | wc -l)" = 6 ] || { lab list; return 1; }
	for g in $GUESTS; do counter_goes_on "$g" || { echo "$g: $(lab ticks "$g")"; return 1; }; done
}
plimsoll() { lab ctl "$BUILD/plimsoll" "$@" --redis "$redis" --cluster lab; }
says() { grep -qE -- "$2" "$LAB/$1"; }
ends() { # STATUS FILE COMMAND...
	local status=$1 file=$2
	shift 2
	"$@" >"$LAB/$file" 2>&1 </dev/null
	local got=$?
	[ "$got" = "$status" ] || { echo "exit $got:"; cat "$LAB/$file"; return 1; }
}
planned() { grep -q round.planned "$LAB/auto.log"; }

command -v redis-server >/dev/null || { echo "redis-server is missing"; exit 77; }
story_lab 3
check "two guests are on each host" boot_all
redis=unix://$LAB/redis.sock
redis-server --port 0 --unixsocket "$LAB/redis.sock" --save '' --appendonly no --dir "$LAB" >"$LAB/redis.log" 2>&1 &
story_pids+=($!)
for h in h1 h2 h3; do
	tests/lab/lab in $h "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --advertise "$(lab uri $h)" --interval 1s \
		>"$LAB/agent-$h.log" 2>&1 &
	story_pids+=($!)
done
sleep 4
tests/lab/lab ctl "$BUILD/plimsolld" --redis "$redis" --cluster lab --mode auto --interval 300s --state-dir "$LAB/state" \
	--set balance.cpu=0 --set balance.memory=0 --set service.hold=1h --set service.settle=5s >"$LAB/auto.log" 2>&1 &
story_pids+=($!)
check "the service is at work" until_true 20 planned

# what is done with each host: look whether it is empty; h2 fails the first time
cat >"$LAB/mend" <<END
#!/bin/sh
echo "\$1 \$(ls $LAB/\$1/run/libvirt/qemu/*.pid 2>/dev/null | grep -c g)" >>"$LAB/mended"
[ "\$1" != h2 ] || [ -e "$LAB/again" ] || { touch "$LAB/again"; exit 7; }
END
chmod +x "$LAB/mend"
check "the plan is shown and nothing is done" ends 0 out plimsoll maintenance roll --all --dry-run
check "it names how much moves" says out '3 hosts in 3 groups, [0-9]+ migrations'
check "nothing is in maintenance" [ -z "$(redis-cli -s "$LAB/redis.sock" hkeys 'plimsoll:{lab}:marks')" ]
check "a command that fails stops it" ends 1 out plimsoll maintenance roll --all --run "$LAB/mend"
check "it says where and with what" says out 'mend ended with status 7 for h2'
check "h2 stays in maintenance, alone" [ "$(redis-cli -s "$LAB/redis.sock" hkeys 'plimsoll:{lab}:marks')" = h2 ]
check "h2 is empty" [ "$(guests_on h2)" = 0 ]
check "another roll is refused" ends 2 out plimsoll maintenance roll h1 --run true
check "with what to do" says out '--resume goes on with it'
check "it goes on" ends 0 out plimsoll maintenance roll --resume
check "to the end" says out 'all 3 hosts are done'
check "the command was run for each host" [ "$(cut -d' ' -f1 "$LAB/mended" | sort -u | wc -l)" = 3 ]
check "no host is in maintenance or cordoned" [ -z "$(redis-cli -s "$LAB/redis.sock" hkeys 'plimsoll:{lab}:marks')" ]
check "there is nothing to resume" ends 2 out plimsoll maintenance roll --resume
moved=$(grep -c ' move.done ' "$LAB/auto.log")
echo "$moved migrations for 6 guests on 3 hosts, none of them spare"
check "every guest's counter goes on" all_go_on
[ "$story_failed" = 0 ] || { tail -n 60 "$LAB"/auto.log; cat "$LAB/mended"; }
story_end
