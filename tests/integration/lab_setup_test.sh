#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `plimsoll setup libvirt` on three hosts, as a user whom no host knows yet: what it says is done, until all is good; then each
# of five things is really broken (no key, a closed port, a clock a minute off, an old machine type, another CA), found,
# and told how to mend.
# Needs: root, the lab's packages, openssh-server, openssl, jq.
. tests/lab/story.sh
story_needs sshd ssh-keygen openssl jq redis-server redis-cli
export LAB_SSH=1
chmod 711 "$LAB" # the user's home is below it
story_lab 3
lab boot h1 web1 mem=32 || exit 1

# A user of the lab alone: who is who is told by a file of its own, where the controller lives.
user=plimsoll-lab uid=64999
{ cat /etc/passwd && echo "$user:x:$uid:$uid::$LAB/home:/usr/sbin/nologin"; } >"$LAB/passwd"
chmod 711 "$LAB" && chmod 644 "$LAB/passwd" && install -d -o $uid -g $uid -m 750 "$LAB/home"
# setup FILE STATUS OPTION...: with that status; $LAB/FILE has what it said. On a busy machine libvirt looks long at QEMU
setup() {
	local file=$1 status=$2
	shift 2
	# shellcheck disable=SC2016 # for the shell that is started
	ends "$status" "$file" lab ctl sh -c 'mount --bind "$0" /etc/passwd && exec "$@"' "$LAB/passwd" timeout 120 "$BUILD/plimsoll" setup libvirt \
		--user $user --set agentless.timeout=30s "$@"
}
by_ssh='service.uri=qemu+ssh://root@{host}/system'
# found FILE FROM TO TEST STATE [REGEX]: and its words, or what to do, have that
found() {
	[ "$(jq --arg from "$2" --arg to "$3" --arg test "$4" --arg state "$5" --arg words "${6:-.}" '
		[.rows[] | select(.from == $from and (.to // "-") == $to) | .findings[] | select(.test == $test and .state == $state and
		(.what + " → " + (.to_do // "") | test($words)))] | length > 0' "$LAB/$1")" = true ] && return
	jq -c '.rows[]' "$LAB/$1"
	return 1
}

# ---- nothing is there yet ----
check "where nothing may be made, the key is missing" setup dry 3 --json --set "$by_ssh" --dry-run h1 h2
check "… and named" found dry service - key wrong 'no ssh key found in'
check "… and none was made" not test -e "$LAB/home/.ssh/id_ed25519"
check "the first run makes a key" setup first 3 --set "$by_ssh" h1 h2
key=$(cat "$LAB/home/.ssh/id_ed25519.pub")
check "… that is the user's alone" [ "$(stat -c '%u %a' "$LAB/home/.ssh/id_ed25519")" = "$uid 600" ]
check "hosts whose keys are unknown are named, with the option that accepts them" grep -qE "plimsoll setup libvirt --user $user --accept-host-keys h2" "$LAB/first"
check "accepted, they show fingerprints, and no host lets the user in" setup second 3 --json --set "$by_ssh" --accept-host-keys h1 h2 h3
check "… the fingerprint of each is told" [ "$(jq '[.hosts[].fingerprints | select(test("SHA256:"))] | length' "$LAB/second")" = 3 ]
check "no key on the host: found, and the command told" found second service h1 login wrong 'sudo cat .*id_ed25519.pub . ssh -p 22 root@h1'
check "… in the right words" found second service h1 login wrong "^h1 does not accept the key $LAB/home/.ssh/id_ed25519.pub for user root"
check "the line for authorized_keys is told whole" grep -qF "  ${key% *}" "$LAB/first"
check "the key is the one of before" [ "$(cat "$LAB/home/.ssh/id_ed25519.pub")" = "$key" ]

# ---- done as told ----
echo "$key" >>"$LAB/ssh/id.pub" # every host's authorized_keys
check "then libvirt is reached, but the hosts' own libvirt may not go to each other" setup third 3 --json --set "$by_ssh" h1 h2
check "… the service is in" found third service h2 libvirt ok 'libvirt [0-9.]+, QEMU [0-9.]+'
check "… the clocks are told" found third service h1 clock ok
check "… root of h1 is not let in to h2" found third h1 h2 migration-login wrong 'on h1, as root'
for h in h1 h2 h3; do lab in $h mount --bind "$LAB/ssh/config" /etc/ssh/ssh_config; done # root's key and known hosts there
check "with logins between the hosts all is good" setup good 0 --json --set "$by_ssh" h1 h2 h3
check "… each pair was tested" [ "$(jq '[.rows[] | select(.state == "ok")] | length' "$LAB/good")" = 9 ]
check "… its ports" found good h2 h1 ports ok '49152, 49215 and 22'

# ---- closed port, clock, machine type ----
lab in h2 ip rule add pref 10 ipproto tcp sport 49152-49215 type blackhole # no answer from there leaves h2
perl -e 'print pack "q<", (time + 75) * 1000000' >"$LAB/clock"
sed "s|^HostKey|Port 2222\nSetEnv LD_PRELOAD=$BUILD/libredis_clock.so REDIS_CLOCK=$LAB/clock\n&|" "$LAB/ssh/sshd_config" >"$LAB/ssh/sshd_late"
lab in h2 "$(command -v sshd)" -f "$LAB/ssh/sshd_late"
cache=("$LAB"/hosts/h3/cache/qemu/capabilities/*.xml)
machine=$(lab virsh h1 dumpxml web1 | sed -n "s/.*machine='\([^']*\)'.*/\1/p")
sed -i "/<machine .*name='$machine'/d" "${cache[@]}"
lab killd h3 && lab startd h3
check "three broken hosts" setup broken 3 --json --set agentless.timeout=6s --set "$by_ssh" --accept-host-keys h1 qemu+ssh://root@h2:2222/system h3
check "a closed port is found from another host" found broken h1 h2 ports wrong '49152.*on h2: open TCP 2222 and 49152-49215'
check "a clock a minute off is found" found broken service h2 clock wrong '[1-9][0-9]\.[0-9] s before ours.*chrony'
check "a host without the guests' machine type is named" found broken h1 h3 machine-types wrong "h3 lacks machine type $machine of guest web1.*qemu-system-x86"
check "… and nothing else is wrong with it" found broken service h3 libvirt ok
check "the worst stands first" [ "$(jq -r '[.rows[].state] | join(" ")' "$LAB/broken" | sed 's/ .*//')" = wrong ]
lab in h2 ip rule del pref 10

# ---- what agents report, where there is no ssh: the hosts' libvirtd take TCP ----
check "redis-server" redis_start
agents_start h1 --interval 1s
lab in h2 env LD_PRELOAD="$BUILD/libredis_clock.so" REDIS_CLOCK="$LAB/clock" "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --host h2 \
	--advertise "$(lab uri h2)" --interval 1s >"$LAB/agent-h2.log" 2>&1 &
story_pids+=($!)
chmod 777 "$LAB/redis.sock" # the user's, too
perl -e 'print pack "q<", (time + 75) * 1000000' >"$LAB/clock"
reported() { [ "$(redis-cli -s "$LAB/redis.sock" --raw keys '*report:h[12]' | wc -l)" = 2 ]; }
check "two agents report" until_true 60 reported
check "without names, all that report are tested" setup agents 3 --json --redis "$redis" --cluster lab --set "$hosts_uri" --set "$hosts_admitted"
check "… a clock that is off is found by its reports" found agents service h2 clock wrong 'clock.*[1-9][0-9]\.[0-9] s.*chrony'
check "… one that is right is told" found agents service h1 clock ok "agent's reports"
check "… libvirt is reached" found agents service h2 libvirt ok
check "… what nothing shows is not tested, and said so" found agents h1 h2 ports not-tested 'no ssh'

# ---- TLS: another CA, and a certificate that ends soon ----
# ca NAME. certificate CA NAME DAYS HOST FOLDER: HOST's, or of a client
ca() { openssl req -x509 -newkey ed25519 -nodes -keyout "$LAB/$1.key" -out "$LAB/$1.pem" -days 3650 -subj "/CN=$1" 2>/dev/null; }
certificate() {
	openssl req -newkey ed25519 -nodes -keyout "$5/$2key.pem" -out "$LAB/$2.csr" -subj "/CN=$4" 2>/dev/null &&
		openssl x509 -req -in "$LAB/$2.csr" -CA "$LAB/$1.pem" -CAkey "$LAB/$1.key" -CAcreateserial -days "$3" -out "$5/$2cert.pem" \
			-extfile <(echo "subjectAltName=DNS:$4") 2>/dev/null
}
# tls_daemon CA DAYS: libvirtd of h3 with a certificate of that CA
tls_daemon() {
	certificate "$1" server "$2" h3 "$LAB/hosts/h3/etc" && cp "$LAB/$1.pem" "$LAB/hosts/h3/etc/ca.pem" && lab killd h3 && lab startd h3
}
ca right && ca other
pki=$LAB/home/.pki/libvirt
mkdir -p "$pki" && cp "$LAB/right.pem" "$pki/cacert.pem" && certificate right client 365 service "$pki" && chown -R $uid:$uid "$LAB/home/.pki" || exit 1
sed -i 's/^listen_tls.*/listen_tls = 1/' "$LAB/hosts/h3/etc/libvirtd.conf"
printf '%s_file = "/etc/libvirt/%s.pem"\n' ca ca cert servercert key serverkey >>"$LAB/hosts/h3/etc/libvirtd.conf"
tls_daemon right 365
check "a host by TLS is good" setup tls 0 --json h3
check "… its certificate is told" found tls service h3 tls ok 'ends in 36[45] days'
check "… by an address that it is not for it is not" setup name 3 --json --hosts qemu+tls://10.77.0.13/system
check "… and told so" found name service 10.77.0.13 tls wrong 'is not for the name'
tls_daemon right 10
check "one that ends within 14 days is found" setup soon 3 --json h3
check "… and to be renewed" found soon service h3 tls wrong 'ends in (9|10) days.*renew'
tls_daemon other 365
check "another CA is found" setup ca 3 --json h3
check "… and named, with what to do" found ca service h3 tls wrong 'another CA \(CN=other\).*servercert.pem signed by'
rm "$pki/clientkey.pem"
check "a key that is not there is named by its path" setup no_key 3 --json --hosts "qemu+tls://h3/system?pkipath=$pki"
check "… so" found no_key service - certificates wrong "put $pki/clientkey.pem there"

story_end
