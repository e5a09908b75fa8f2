#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tests/fresh's other half: goes into the root, and does there what a newcomer would. Called by tests/fresh only.
#   fresh_inside.sh enter ROOT STORY NET HAS-NETWORK   in a mount namespace of its own; NET is the machine's network
#
# In the root: own mount, pid, network, uts and ipc namespaces, /proc, /sys with the machine's cgroups, a small /dev with fuse, kvm and tun.
# Its network leads nowhere. Only apt-get does, which is a wrapper in /usr/local/sbin, runs in the machine's network namespace
# (bound to /run/machine-net). The lab's lock is the machine's, because cgroups are.
# Hosts h1, h2 and h3, which the README takes for granted under "Five minutes", are a lab's, with sshd and a few guests; that
# section's blocks run where the lab's controller lives, as tests/integration's stories do.
set -u

# ---- the way in -----------------------------------------------------------------------------------------------------

enter() { # ROOT STORY NET HAS-NETWORK: 0, and it gets one of its own, which leads nowhere
        local root=$1 story=$2 net=--net
        [ "$4" = 0 ] || net=--
        mount --make-rprivate / && mount --bind "$root" "$root" && mount -t tmpfs -o mode=755 run "$root/run" &&
                mkdir -p "$root/run/lock" /run/lock && mount --bind /run/lock "$root/run/lock" &&
                : >"$root/run/machine-net" && mount --bind "$3" "$root/run/machine-net" || exit 1
        [ "$4" = 0 ] || lab_laid "$root" || exit 1
        exec unshare --pid --uts --ipc --fork --kill-child=KILL --mount-proc $net bash "$0" mounts "$root" "$story" "$4"
}
# What an operator has by other ways: the hosts' names, and a hand on each host's authorized_keys (in the lab all have one).
lab_laid() { # ROOT
        cp "$LAB/etc-hosts" "$1/etc/hosts" && : >"$1/root/authorized_keys" && mount --bind "$LAB/ssh/id.pub" "$1/root/authorized_keys"
}
mounts() { # ROOT STORY HAS-NETWORK: pid 1 of the new namespaces, still on the machine's files
        local root=$1 story=$2 no_lab='' node
        [ "$(uname -m)" = x86_64 ] && unshare --net --mount --uts --ipc --pid --fork ip link add br0 type bridge 2>/dev/null || no_lab=1
        [ "$story" != operator ] || [ "$3" != 0 ] || no_lab=1
        cd "$root" && mount -t proc proc proc && mount -t sysfs sysfs sys && mount --rbind /sys/fs/cgroup sys/fs/cgroup &&
                mount -t tmpfs -o mode=755 dev dev && mkdir -p dev/pts dev/shm dev/net .old &&
                mount -t devpts -o newinstance,ptmxmode=666 pts dev/pts && mount -t tmpfs -o mode=1777 shm dev/shm &&
                ln -s pts/ptmx dev/ptmx && ln -s /proc/self/fd dev/fd || exit 1
        for node in null zero full random urandom tty fuse kvm net/tun; do
                [ ! -e "/dev/$node" ] || { : >"dev/$node" && mount --bind "/dev/$node" "dev/$node"; } || exit 1
        done
        for node in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/${node#*:}" "dev/${node%:*}"; done
        hostname fresh && ip link set lo up && pivot_root . .old && exec chroot . bash -c '
                umount -l /.old && rmdir /.old && cd "/root/$([ ! -e /root/plimsoll ] || echo plimsoll)" && exec bash /root/fresh_inside.sh "$1" "$2"' bash "$story" "$no_lab"
        exit 1
}

# ---- what the newcomer does -----------------------------------------------------------------------------------------

say() { printf '        %s\n' "$*"; }
export LAB=${LAB:-/var/tmp/lab}
lab_there=''
others() { local p; for p in /proc/[0-9]*; do [ "$p" = /proc/1 ] || return 0; done; return 1; }
newcomer_interrupted() {
        local i
        trap '' INT TERM
        kill -TERM -1 2>/dev/null # all but this one: deploy/try, interrupted, takes its own lab down
        for ((i = 0; i < 200; i++)); do others || break; sleep 0.1; done
        exit 130
}
newcomer_end() {
        trap '' INT TERM
        [ -z "$lab_there" ] || tests/lab/lab down >/dev/null || echo "the lab could not be taken down"
}

guests="${LAB_GUESTS:-db1:14 db2:12 web1:10 web2:8 web3:6 batch1:10}" # and % of a core: h1 is crowded, and its libvirt still answers
# The newcomer's own cluster: three hosts with ssh, the first one crowded.
own_cluster() {
        export LAB_SSH=1
        lab_there=1
        own_hosts && grep -v localhost "$LAB/etc-hosts" >>/etc/hosts && install -d -m 700 ~/.ssh && cp "$LAB/ssh/config" ~/.ssh/config || return 1
        # soon after so many starts on one core it may take its time
        for _ in $(seq 20); do tests/lab/lab ctl timeout 3 virsh -q -c qemu+ssh://h1/system list >/dev/null && return; done
        echo "h1's libvirt does not answer by ssh"
        return 1
}
own_hosts() {
        local guest
        export LAB_SSH=${LAB_SSH:-1} LAB_CPUS=${LAB_CPUS:-1 1 1} LAB_MEMS="1024 1024 1024"
        tests/lab/lab up 3 || return 1
        for guest in $guests; do
                tests/lab/lab boot h1 "${guest%:*}" mem=24 dirty=2 rate=1 "burn=${guest#*:}" || return 1
        done
        for _ in $(seq 20); do timeout 3 tests/lab/lab virsh h1 -q list >/dev/null && return; done
        echo "h1's libvirt does not answer"
        return 1
}

# said BLOCK REGEX: what the block with that word printed has it. That a command ends well is not all that the README promises.
said() {
        local log
        log=$(grep -lF -- "$1" /root/blocks/*.sh | head -n 1)
        log=${log%.sh}.log
        grep -qE -- "$2" "$log" && return
        say "FAILED   the block with '$1' did not say '$2':"
        cat "$log"
        return 1
}
# Of the newcomer's three hosts all were read, the plan had moves, the judge took them, and they were made; the last block has
# emptied h1: each guest runs elsewhere, and was not started again.
own_cluster_moved() {
        local guest bad=0
        said 'plan --hosts' '3 hosts, 6 VMs' && said 'plimsoll check' '^safe: [1-9]' && said 'plimsoll apply' '^([1-9][0-9]*) of \1 moved' || return 1
        said 'plimsoll place' '^place it on ' && said 'evacuate h1' '^([1-9][0-9]*) of \1 moved' || return 1
        [ "$(tests/lab/lab list h1 | wc -w)" = 1 ] && [ "$(tests/lab/lab list h2 h3 | wc -w)" = $((2 + $(wc -w <<<"$guests"))) ] || bad=1
        for guest in $guests; do tests/lab/lab ticks "${guest%:*}" | grep -q '^starts=1 ' || bad=1; done
        [ $bad = 0 ] && { say "ok       the plan's moves were made, and each guest of h1 went on, on another host"; return; }
        say "FAILED   these are the hosts' guests now, and all began on h1:"
        tests/lab/lab list
        return 1
}

# One section's blocks, in one shell, as they would be typed; ends at the first command that fails.
blocks() { # SECTION
        set +u # nothing local: fresh_failed, at the exit, says where it was
        trap 'fresh_failed' EXIT
        set -e
        for fresh_is in /root/blocks/*.is; do
                read -r fresh_section fresh_line fresh_why <"$fresh_is"
                [ "$fresh_section" = "$1" ] || continue
                if [ -n "$fresh_why" ]; then say "not run  README.md:$fresh_line: $fresh_why"; continue; fi
                fresh_t=$SECONDS
                # shellcheck disable=SC1090
                . "${fresh_is%.is}.sh" >"${fresh_is%.is}.log" 2>&1 </dev/null
                say "ok       README.md:$fresh_line ($((SECONDS - fresh_t)) s): $(sed 's/ *#.*//' "${fresh_is%.is}.sh" | paste -sd ';' | cut -c1-90)"
        done
        trap - EXIT
}
fresh_failed() {
        local status=$?
        trap - EXIT
        say "FAILED   README.md:$fresh_line ($((SECONDS - fresh_t)) s): exit $status"
        cat "${fresh_is%.is}.sh"
        echo "---- the end of what it said:"
        tail -n 60 "${fresh_is%.is}.log"
        exit 1
}

# ---- Debian packages: built here, in two versions; used in a root that has nothing but them ---------------------------

step() { # WHAT COMMAND...
        local what=$1 t=$SECONDS
        shift
        "$@" >/root/step.log 2>&1 </dev/null && { say "ok       $what ($((SECONDS - t)) s)"; return; }
        say "FAILED   $what ($((SECONDS - t)) s):"
        tail -n 60 /root/step.log
        return 1
}
builder_upgrade() { deploy/package --version 0.1.1~test && mv build/packages /root/upgrade; }
builder_first() { mv build/packages /root/first && builder_upgrade && mv /root/first build/packages; }
builder() {
        trap newcomer_interrupted INT TERM
        bash "$0" builder_steps &
        wait $!
}
builder_steps() {
        step "what packages are built and tested with is installed" deploy/install-packages build run test package &&
                step "deploy/package builds five Debian packages and passes the fast tests; lintian finds nothing" deploy/package --test --lint &&
                step "the programs in them are hardened" tests/arrows/hardening.sh build/package/source/debian/plimsoll*/usr/*bin/plimsoll* &&
                step "another version is packed from the same objects" builder_first
}

# What an operator types, each command counted; it may end with one of the statuses before it.
typed=0
types() { # STATUSES COMMAND...
        local statuses=" $1 " status
        shift
        typed=$((typed + 1))
        printf '$ %s\n' "$*"
        eval "$*" # as at a prompt: with globs and pipes
        status=$?
        case $statuses in *" $status "*) return 0 ;; esac
        echo "exit $status"
        return 1
}
hosts=qemu+ssh://root@h1/system,qemu+ssh://root@h2/system,qemu+ssh://root@h3/system
first_plan() {
        types 0 apt-get -q update &&
                types 0 apt-get -q install -y './debs/plimsoll_*.deb' './debs/plimsoll-common_*.deb' &&
                types 3 plimsoll setup libvirt --accept-host-keys --set "service.uri=qemu+ssh://root@{host}/system" h1 h2 h3 &&
                types 0 'cat .ssh/id_ed25519.pub >>authorized_keys' && # on h1, h2 and h3
                typed=$((typed + 2)) &&
                { plans || plans --set agentless.timeout=30s || plans --set agentless.timeout=30s; } # busy hosts may answer late
}
plans() { types '0 3' plimsoll plan --hosts $hosts "$@" && grep -q '3 hosts, 6 VMs' /root/step.log; }
installed() { # DIR VERSION
        local n
        # shellcheck disable=SC2046 # names without blanks
        apt-get -q install -y --no-install-recommends $(ls "./$1"/*.deb | grep -v dbgsym) || return 1
        n=$(dpkg-query -W -f '${Version} ${db:Status-Status}\n' plimsoll plimsolld plimsoll-agent plimsoll-common plimsoll-doc | grep -c "^$2 installed$")
        [ "$n" = 5 ] || { dpkg-query -W 'plimsoll*'; return 1; }
}
there() {
        [ "$(command -v plimsoll)" = /usr/bin/plimsoll ] && plimsoll --version && plimsolld --help && plimsoll-agent --help &&
                getent passwd plimsoll plimsoll-agent && [ "$(stat -c '%U %a' /var/lib/plimsoll)" = "plimsoll 750" ] &&
                [ "$(stat -c '%U:%G %a' /etc/default/plimsolld /etc/default/plimsoll-agent | xargs)" = "root:plimsoll 640 root:plimsoll-agent 640" ] &&
                plimsoll settings check --settings /etc/plimsoll/plimsoll.yaml && [ -s /usr/share/bash-completion/completions/plimsoll ] &&
                plimsoll plan --from /usr/share/doc/plimsoll/examples/forty-hosts.json --threshold 2
}
upgraded() {
        echo '# an operator was here' | tee -a /etc/plimsoll/plimsoll.yaml >>/etc/default/plimsolld
        chgrp root /etc/default/plimsoll-agent
        installed upgrade 0.1.1~test && tail -qn 1 /etc/plimsoll/plimsoll.yaml /etc/default/plimsolld | uniq -c | grep -q '2 # an operator was here' &&
                [ "$(stat -c '%U:%G %a' /etc/default/plimsolld /etc/default/plimsoll-agent | xargs)" = "root:plimsoll 640 root:root 640" ]
}
# Of the service's package alone its own user and folders.
users_only_own() {
        apt-get -q purge -y plimsoll-agent && [ ! -e /var/lib/plimsoll-agent ] && [ -d /var/lib/plimsoll/.ssh ] &&
                [ ! -e /usr/lib/sysusers.d/plimsoll-agent.conf ] && [ -e /usr/lib/sysusers.d/plimsolld.conf ]
}
of_plimsoll() { find / -xdev \( -path /root -o -path /proc -o -path /sys -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/log \) -prune -o -name '*plimsoll*' -print; }
purged() { apt-get -q purge -y 'plimsoll*' && [ -z "$(of_plimsoll)" ] || { of_plimsoll; return 1; }; }
operator() { # NO_LAB
        trap newcomer_interrupted INT TERM
        bash "$0" operator_steps "$1" &
        wait $!
}
operator_steps() { # NO_LAB
        local t=$SECONDS status=0
        export DEBIAN_FRONTEND=noninteractive
        if [ -n "$1" ]; then
                say "not run  a first plan: no lab can be made on this machine"
                step "apt lists what there is" apt-get -q update || return 1
        else
                first_plan >/root/step.log 2>&1 </dev/null || status=$?
                cp /root/step.log /root/first-plan.log
                [ $status = 0 ] || { say "FAILED   from apt install to a first plan:"; tail -n 80 /root/step.log; return 1; }
                say "ok       from apt install in an empty root to a first agentless plan of three hosts: $typed commands, $((SECONDS - t)) s (at most 12, 600 s)"
                grep -E '^\$ ' /root/step.log | sed 's/^/                 /'
                [ $typed -le 12 ] && [ $((SECONDS - t)) -le 600 ] || return 1
        fi
        step "all five are installed: programs, users, folders, settings" installed debs 0.1.0 &&
                step "they work, and what may hold a password is for its daemon alone" there &&
                step "upgrade to 0.1.1~test: changed settings stay" upgraded &&
                step "a package takes its own user's files along, and no other's" users_only_own &&
                step "purge leaves nothing" purged
}

# What a Debian host has that runs libvirt; its libvirtd itself is the lab's (tests/fresh_service.sh).
machine() {
        export DEBIAN_FRONTEND=noninteractive
        step "four machines get systemd, sshd and libvirt's client" machine_made
}
machine_made() {
        apt-get -q update && apt-get -q install -y --no-install-recommends systemd-sysv dbus openssh-server libvirt-clients netcat-openbsd iproute2 &&
                groupadd --system libvirt && rm -f /etc/ssh/ssh_host_* && : >/etc/machine-id
}

newcomer() { # NO_LAB
        local t
        export PLIMSOLL_FRESH=1 LAB_WAIT=240
        trap newcomer_interrupted INT TERM
        trap newcomer_end EXIT
        if [ -n "$1" ]; then
                say "this kernel lets no lab be made in the root: deploy/try --file in place of deploy/try, and nothing of 'Five minutes'"
                sed -i 's|^deploy/try\b|& --file|' /root/blocks/*.sh
        fi
        bash "$0" blocks try & # waited for, so that a signal is heeded at once
        wait $! || exit 1
        [ -z "$1" ] || exit 0
        t=$SECONDS
        own_cluster >/root/blocks/cluster.log 2>&1 || { tail -n 40 /root/blocks/cluster.log; exit 1; }
        say "ready    h1, h2 and h3, with ssh and guests ($((SECONDS - t)) s)"
        tests/lab/lab ctl bash "$0" blocks five &
        wait $! || exit 1
        own_cluster_moved
        exit
}

"$@"
