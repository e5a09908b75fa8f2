#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/getting-started.md, word for word: its blocks of commands on four machines, each a Debian root with systemd as pid 1: ctl, and one for
# each host of a lab, whose libvirt it has. Called by tests/fresh only.
#   fresh_service.sh story BASE DEBS LOG   BASE: a root with systemd and sshd; DEBS: the packages; $LAB: the lab, up; $TMPDIR for what is
#                                          written. LOG gets each command and what it printed; what is shown is a line for each block.
#
# What an operator has by other ways is laid into the machines: names, and a hand on root of each host (ssh from ctl). "Yes" is said to apt
# and to ssh. apt does not install what it only recommends on h1 to h3: libvirt is there, but not as a package of that root.
# A block says on its first line where it is typed. <!-- exit status N: why --> before it: its commands end with 0 or N. What the page says a
# person looks up (the ID of a plan) is looked up, and what a person would wait to see is waited for. All ends at the first command that fails.
set -u
PAGE=docs/getting-started.md
lab=${LAB_PROGRAM:-tests/lab/lab}

# ---- a machine: pid 1 and its namespaces ----------------------------------------------------------------------------

# boot NAME ROOT DIR: in namespaces of its own; DIR/ssh becomes its /root/.ssh. Ends as systemd.
boot() {
        local name=$1 root=$2 dir=$3 node f
        mount --make-rprivate / && mkdir -p "$dir/up" "$dir/work" "$dir/root" "$dir/ssh" && chmod 700 "$dir/ssh" || exit 1
        mount -t overlay overlay -o "lowerdir=$root,upperdir=$dir/up,workdir=$dir/work" "$dir/root" ||
                { cp -a "$root/." "$dir/root" && mount --bind "$dir/root" "$dir/root"; } || exit 1
        cd "$dir/root" && mkdir -p root/.ssh || exit 1
        mount -t proc proc proc && mount -t sysfs sysfs sys && mount -t cgroup2 cgroup2 sys/fs/cgroup && mount --bind "$dir/ssh" root/.ssh &&
                mount -t tmpfs -o mode=755 run run && : >run/machine-net &&
                mount -t tmpfs -o mode=755 dev dev && mkdir -p dev/pts dev/shm .old && mount -t tmpfs -o mode=1777 shm dev/shm &&
                mount -t devpts -o newinstance,ptmxmode=666,mode=620 pts dev/pts && ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd || exit 1
        for node in null zero full random urandom tty kmsg; do
                [ ! -e "/dev/$node" ] || { : >"dev/$node" && mount --bind "/dev/$node" "dev/$node"; } || exit 1
        done
        if [ "$name" != ctl ]; then # the lab host's libvirt, and its figures
                mkdir -p run/libvirt && mount --bind /run/libvirt run/libvirt || exit 1
                # systemd gives a service another /proc, which the agent's unit is told to lay them into
                mkdir run/lab-proc etc/systemd/system/plimsoll-agent.service.d && echo '[Service]' >etc/systemd/system/plimsoll-agent.service.d/lab.conf || exit 1
                for f in stat meminfo cpuinfo loadavg uptime; do
                        mountpoint -q "/proc/$f" || continue
                        : >"run/lab-proc/$f" && mount --bind "/proc/$f" "run/lab-proc/$f" && mount --bind "/proc/$f" "proc/$f" || exit 1
                        echo "BindReadOnlyPaths=/run/lab-proc/$f:/proc/$f" >>etc/systemd/system/plimsoll-agent.service.d/lab.conf
                done
        fi
        ssh-keygen -q -t ed25519 -N '' -f etc/ssh/ssh_host_ed25519_key && hostname "$name" && echo "$name" >etc/hostname && ip link set lo up && pivot_root . .old || exit 1
        exec chroot . sh -c 'umount -l /.old; exec env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
                $(for at in /usr/lib/systemd/systemd /lib/systemd/systemd; do [ ! -x $at ] || { echo $at; break; }; done) --log-target=journal --show-status=0'
}
# joined GROUP COMMAND...: in that cgroup of version 2; a cgroup namespace that begins there is the machine's
joined() {
        local group=$1
        shift
        mkdir -p "$group" && echo "$BASHPID" >"$group/cgroup.procs" || exit 1
        exec unshare --mount --pid --uts --ipc --cgroup --fork --kill-child=KILL bash "$@"
}

# ---- the four of them -----------------------------------------------------------------------------------------------

names=(ctl h1 h2 h3)
declare -A pids starts
unified() { [ -f /sys/fs/cgroup/cgroup.controllers ] && echo /sys/fs/cgroup || echo /sys/fs/cgroup/unified; }
# below PID: the systemd that is its child, or its child's
init_below() {
        local pid=$1 next
        for _ in 1 2 3 4 5; do
                [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != systemd ] || { echo "$pid"; return; }
                next=''
                read -r next _ 2>/dev/null <"/proc/$pid/task/$pid/children" # which ends without a newline: no status
                [ -n "$next" ] || return 1
                pid=$next
        done
        return 1
}
in_machine() { # NAME COMMAND...
        local name=$1
        shift
        nsenter -t "${pids[$name]}" -m -u -i -n -p -C env -i HOME=/root USER=root LOGNAME=root LANG=C.UTF-8 TERM=dumb SYSTEMD_PAGER='' \
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${proxies[@]}" "$@"
}
until_true() {
        local end=$((SECONDS + $1))
        shift
        until "$@"; do
                [ "$SECONDS" -lt "$end" ] || return 1
                sleep 0.2
        done
}
is_up() {
        [ -n "${pids[$1]:-}" ] || pids[$1]=$(init_below "${starts[$1]}") || return 1
        in_machine "$1" systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'
}
machines_start() { # ROOT
        local name dir
        for name in "${names[@]}"; do
                dir=$work/$name
                mkdir -p "$dir/ssh" && chmod 700 "$dir/ssh" || return 1
                if [ "$name" = ctl ]; then
                        nsenter --net=/run/netns/${LAB_SWITCH:-labsw} bash "$0" joined "$cgroup" "$PWD/$0" boot ctl "$1" "$dir" >"$dir/log" 2>&1 </dev/null &
                else
                        $lab in "$name" bash "$PWD/$0" joined "$(unified)/${LAB_TAG:-labh}${name#h}/machine" "$PWD/$0" boot "$name" "$1" "$dir" >"$dir/log" 2>&1 </dev/null &
                fi
                starts[$name]=$!
        done
        for name in "${names[@]}"; do until_true 60 is_up "$name" || { cat "$work/$name/log"; echo "$name did not come up"; return 1; }; done
}
# What is there before the page begins.
machines_lay() { # DEBS
        local name
        printf '%s\n' '127.0.0.1 localhost' '10.77.0.1 ctl' '10.77.0.11 h1' '10.77.0.12 h2' '10.77.0.13 h3' >"$work/hosts"
        for name in "${names[@]}"; do
                nsenter -t "${pids[$name]}" -m -p mount --bind /proc/self/fd/9 /run/machine-net 9</proc/self/ns/net &&
                        in_machine "$name" sh -c 'cat >/etc/hosts' <"$work/hosts" && tar -c -C "$1" . | in_machine "$name" tar -x --no-same-owner -C /root &&
                        in_machine "$name" sh -c "echo 'APT::Get::Assume-Yes \"true\";' >/etc/apt/apt.conf.d/99yes" || return 1
                [ "$name" != ctl ] || continue
                in_machine "$name" sh -c "echo 'APT::Install-Recommends \"false\";' >>/etc/apt/apt.conf.d/99yes
                        chgrp libvirt /run/libvirt/libvirt-sock* && chmod 770 /run/libvirt/libvirt-sock && chmod 777 /run/libvirt/libvirt-sock-ro" || return 1
                # root of the host's libvirt is root of this machine, and it is to know the agent's user
                cp /etc/passwd /etc/group "$work/$name" || return 1
                # shellcheck disable=SC2016 # for the shell that is started
                $lab in "$name" sh -c 'mount -t tmpfs root /root && mkdir /root/.ssh && mount --bind "$0/ssh" /root/.ssh && mount --bind "$0/passwd" /etc/passwd &&
                        mount --bind "$0/group" /etc/group && mount --bind "$1" /etc/hosts' "$work/$name" "$work/hosts" || return 1
        done
        in_machine ctl ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 && echo 'StrictHostKeyChecking accept-new' >"$work/ctl/ssh/config" || return 1
        for name in h1 h2 h3; do cp "$work/ctl/ssh/id_ed25519.pub" "$work/$name/ssh/authorized_keys"; done
}
machines_end() {
        local name
        trap '' INT TERM
        for name in "${names[@]}"; do
                [ -z "${pids[$name]:-}" ] || kill -KILL "${pids[$name]}" 2>/dev/null
                [ -z "${starts[$name]:-}" ] || { kill -KILL "${starts[$name]}" 2>/dev/null; wait "${starts[$name]}" 2>/dev/null; }
        done
        for _ in $(seq 50); do
                find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
                [ -d "$cgroup" ] || break
                sleep 0.1
        done
}

# ---- the page -------------------------------------------------------------------------------------------------------

# DIR/NN.sh, and in DIR/NN.is: line, status that a command may end with, where, and why it is not run
page_write() { # DIR
        awk -v dir="$1" '
                function file(kind) { return sprintf("%s/%02d.%s", dir, n, kind) }
                /^<!-- not run: .* -->$/ { why = $0; sub(/^<!-- not run: /, "", why); sub(/ -->$/, "", why); next }
                /^<!-- exit status [0-9]+: .* -->$/ { status = $4 + 0; next }
                /^```sh$/ { n++; open = 1; line = NR + 1; next }
                /^```/ { open = 0; next }
                open && NR == line { where = /^# on / && !why ? $0 : ""; gsub(/^# on |,| and/, "", where); gsub(/ /, ",", where)
                        print line, status + 0, where == "" ? "-" : where, why > file("is"); close(file("is")); why = ""; status = 0 }
                open { print > file("sh"); next }
                NF { why = ""; status = 0 }' "$PAGE"
}
# typed NAME FILE STATUS: in that machine, where its shell has come to; each command shown before what it prints
typed() {
        in_machine "$1" sh -c 'cat >/run/block' <"$2" || return 1
        in_machine "$1" bash -c '
                        cd; [ ! -e /run/typed ] || . /run/typed
                        trap '\''s=$?; [ $s = '"$3"' ] || { echo "exit status $s: $BASH_COMMAND"; exit 99; }'\'' ERR
                        set -v; . /run/block
                        { set +v; trap - ERR; export -p; printf "cd %q\numask %s\n" "$PWD" "$(umask)"; } >/run/typed' </dev/null 2>&1 |
                sed -u -E '/^PLIMSOLL_REDIS=|^ *\{ set \+v; /d' >>"$LOG" # what set -v shows of a login that a shell reads
        return "${PIPESTATUS[0]}"
}
said() { tail -c "+$((began + 1))" "$LOG" | grep -qE -- "$1" || { say "it did not say '$1'"; return 1; }; }
as_operator() { in_machine ctl bash -c '. /run/typed; "$@"' bash "$@" 2>/dev/null </dev/null; }
# Facts from the agents: each host with its load, and its VMs by name.
shows_facts() {
        as_operator plimsoll status >"$work/status"
        grep -qE "^default: 3 hosts, $(wc -w <<<"$LAB_GUESTS") VMs" "$work/status" && ! grep -q '^blind' "$work/status" &&
                [ "$(grep -cE '^ +h[123] +[0-9]+ +[#.|!]+ ' "$work/status")" = 3 ]
}
waits() { id=$(as_operator plimsoll confirm --json | jq -r '[.plans[] | select(.state == "asked" and (.kinds | index("maintenance"))) | .id][0] // ""' 2>/dev/null) && [ -n "$id" ]; }
h1_is_left() { [ "$($lab list h1 | wc -w)" = 1 ]; }
# Emptied, each guest runs on another host, and was not started again.
all_went_on() {
        local guest
        until_true 120 h1_is_left && [ "$($lab list h2 h3 | wc -w)" = $((2 + $(wc -w <<<"$LAB_GUESTS"))) ] || { $lab list; return 1; }
        for guest in $LAB_GUESTS; do $lab ticks "${guest%:*}" | grep -q '^starts=1 ' || return 1; done
}
# What a person would wait to see before a block is typed.
before() { # FILE
        case $(cat "$1") in
        *'plimsoll host list'*) until_true 60 lists_three ;;
        *'plimsoll confirm ID'*) until_true 120 waits && sed -i "s/^\(plimsoll confirm\) ID/\1 $id/" "$1" ;;
        *'plimsoll audit'*) all_went_on ;;
        esac
}
# the operator's login is in no shell yet when it is waited for
lists_three() { in_machine ctl bash -c '. /run/typed; set -a; . logins/operator; set +a; plimsoll host list' 2>/dev/null | grep -cE '^h[123] ' | grep -qx 3; }
agent_told() {
        in_machine "$1" getent passwd plimsoll-agent >>"$work/$1/passwd" && in_machine "$1" getent group plimsoll-agent >>"$work/$1/group"
}
# That a command ends well is not all that the page promises.
after() { # FILE
        local name status
        case $(cat "$1") in
        *'plimsoll-agent_*.deb'*) for name in h1 h2 h3; do agent_told $name; done ;;
        *'plimsoll store check'*) [ "$(tail -c "+$((began + 1))" "$LOG" | grep -cE '^tls +ok')" = 6 ] ;;
        *'status plimsoll-agent'*) [ "$(tail -c "+$((began + 1))" "$LOG" | grep -c 'Status: "reports"')" = 3 ] ;;
        *'--accept-host-keys'*) said 'authorized_keys' ;;
        *'status plimsolld'*) said 'Active: active .running.' && said 'Status: ".+"' && is_shut_in ;;
        *'plimsoll host admit'*) until_true 60 shows_facts; status=$?; cat "$work/status" >>"$LOG"; return $status ;;
        *'plimsoll confirm'*) said '^  db1 +h1 +h[23] ' && said '^accepted: ' ;;
        esac
}
# The service runs in its unit's sandbox: its user, filtered, without capabilities, and its password on no command line.
is_shut_in() {
        in_machine ctl sh -c 'p=$(systemctl show -p MainPID --value plimsolld) && [ "$(stat -c %U /proc/$p)" = plimsoll ] &&
                grep -q "Seccomp:.2" /proc/$p/status && grep -q "CapBnd:.0000000000000000" /proc/$p/status && ! tr "\0" " " </proc/$p/cmdline | grep rediss'
}
block() { # IS-FILE
        local line status where why name t=$SECONDS
        read -r line status where why <"$1"
        if [ -n "$why" ]; then say "not run  $PAGE:$line: $why"; return; fi
        before "${1%.is}.sh" || { say "FAILED   before $PAGE:$line"; return 1; }
        began=$(stat -c %s "$LOG")
        for name in ${where//,/ }; do
                printf '\n---- %s:%s, on %s\n' "$PAGE" "$line" "$name" >>"$LOG"
                typed "$name" "${1%.is}.sh" "$status" || { say "FAILED   $PAGE:$line on $name ($((SECONDS - t)) s):"; tail -c "+$((began + 1))" "$LOG" | tail -n 60; return 1; }
        done
        after "${1%.is}.sh" || { say "FAILED   after $PAGE:$line: not as the page says"; tail -c "+$((began + 1))" "$LOG" | tail -n 60; return 1; }
        typed=$((typed + $(commands "${1%.is}.sh") * $(wc -w <<<"${where//,/ }")))
        say "ok       $PAGE:$line ($((SECONDS - t)) s) on ${where//,/, }: $(grep -v '^#' "${1%.is}.sh" | sed 's/ *#.*//' | paste -sd ';' | cut -c1-70)"
}
# Commands that are typed: lines that begin one (no comment, no text of a file, no line that goes on).
commands() { awk '/^#/ { next } text { if ($0 == "END") text = 0; next } !more && !/^( |done)/ { n++ } { more = /\\$/ } /<<.END/ { text = 1 } END { print n + 0 }' "$1"; }

say() { printf '        %s\n' "$*"; }
story() { # BASE DEBS LOG
        local base=$1 debs=$2 is t
        LOG=$3 typed=0 proxies=()
        work=$(mktemp -d "${TMPDIR:-/var/tmp}/machines.XXXXXX") && mkdir "$work/page" && page_write "$work/page" && : >"$LOG" || exit 1
        cgroup=$(unified)/plimsoll-fresh-$$
        for is in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do [ -z "${!is:-}" ] || proxies+=("$is=${!is}"); done
        trap 'exit 130' INT TERM
        trap machines_end EXIT
        t=$SECONDS
        machines_start "$base" && machines_lay "$debs" || { tail -n 20 "$LOG"; exit 1; }
        say "ready    ctl, h1, h2 and h3: Debian with systemd, the hosts' libvirt, the packages in /root ($((SECONDS - t)) s)"
        t=$SECONDS
        for is in "$work"/page/*.is; do block "$is" || exit 1; done
        say "ok       $PAGE, from apt install to a plan that was made, approved and carried out: $typed commands, $((SECONDS - t)) s"
}

"$@"
