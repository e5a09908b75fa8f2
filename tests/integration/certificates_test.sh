#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Certificates of the service that end within 14 days, for Redis and for libvirt, are in its log and in status; one that is
# renewed is not, without a restart. Needs redis-server, redis-cli, openssl. Argument: the build folder.
set -u
B=$1
. tests/story.sh
command -v redis-server >/dev/null && command -v redis-cli >/dev/null && command -v openssl >/dev/null || { echo "no redis-server, no openssl"; exit 77; }
D=$(mktemp -d) || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT

umask 077
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$2" -subj "/CN=$1" -keyout "$D/$1.key" -out "$D/$1.pem" 2>/dev/null; }
sign() { # FILE DAYS EXTENSIONS
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$D/$1.key" -out "$D/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$D/$1.csr" -CA "$D/ca.pem" -CAkey "$D/ca.key" -CAcreateserial -days "$2" -extfile <(printf '%s' "$3") -out "$D/$1.new" 2>/dev/null && mv "$D/$1.new" "$D/$1.pem"
}
authority ca 400 && sign server 400 'subjectAltName=IP:127.0.0.1' && sign client 10 'extendedKeyUsage=clientAuth' && sign virt 15 'extendedKeyUsage=clientAuth' || { echo "openssl made no certificates"; exit 1; }
mkdir "$D/pki"
authority virt-ca 3
cp "$D/virt-ca.pem" "$D/pki/cacert.pem"
cp "$D/virt.pem" "$D/pki/clientcert.pem"
cp "$D/virt.key" "$D/pki/clientkey.pem"

port=$(free_ports 1)
redis-server --port 0 --tls-port "$port" --bind 127.0.0.1 --save '' --dir "$D" --tls-cert-file "$D/server.pem" --tls-key-file "$D/server.key" \
	--tls-ca-cert-file "$D/ca.pem" --tls-auth-clients yes >>"$D/redis.log" 2>&1 &
pids+=($!)
cli() { timeout 5 redis-cli --tls --cacert "$D/ca.pem" --cert "$D/client.pem" --key "$D/client.key" -p "$port" "$@" 2>/dev/null; }
answers() { [ "$(cli ping)" = PONG ]; }
check "a server with TLS" until_true 10 answers
report() { # HOST
	local now
	now=$(date +%s%6N)
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t32\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$1" "$now" "$now" "$now" "$now"
}
for h in h1 h2; do report $h | cli -x set "plimsoll:{default}:report:$h" >/dev/null; done
R="rediss://127.0.0.1:$port?ca=$D/ca.pem&cert=$D/client.pem&key=$D/client.key"
"$B/plimsolld" --redis "$R" --mode advise --interval 1s --state-dir "$D/state" --set 'cluster.hosts=*' \
	--set "service.uri=qemu+tls://{host}/system?pkipath=$D/pki" >"$D/log" 2>&1 &
pids+=($!)
says() { grep -q "$@" "$D/log"; }
check "the log has the certificate for Redis" until_true 20 says "certificate.ends file=\"*$D/client.pem\"* until=20"
check "and the CA for libvirt" until_true 10 says "certificate.ends file=\"*$D/pki/cacert.pem\"* until=20"
check "not those that last" bash -c "! grep -qE 'certificate.ends.*($D/ca.pem|clientcert.pem)' '$D/log'"
status() { timeout 20 "$B/plimsoll" status --redis "$R" --set 'cluster.hosts=*' "$@" >"$D/out" 2>"$D/err"; }
shows() { status; grep -q "$@" "$D/out"; }
check "status has a line for each" until_true 10 shows "certificate $D/client.pem expires 20[0-9TZ:-]*: renew it"
check "(both)" shows "certificate $D/pki/cacert.pem expires"
check "and a field" bash -c "timeout 20 '$B/plimsoll' status --redis '$R' --set 'cluster.hosts=*' --json | python3 -c '
import json, sys
c = json.load(sys.stdin)[\"service\"][\"certificates\"]
assert [x[\"file\"] for x in c] == sorted([\"$D/client.pem\", \"$D/pki/cacert.pem\"]), c
assert all(x[\"until\"] for x in c), c'"
check "once, not each round" [ "$(grep -c 'certificate.ends' "$D/log")" = 2 ]
sign client 100 'extendedKeyUsage=clientAuth'
authority virt-ca 300 && cp "$D/virt-ca.pem" "$D/pki/cacert.pem"
check "renewed: the log says so" until_true 20 says "certificate.renewed file=\"*$D/client.pem"
check "(of both)" until_true 20 says "certificate.renewed file=\"*$D/pki/cacert.pem"
gone() { status; ! grep -q 'certificate' "$D/out"; }
check "and status has none" until_true 20 gone
cp "$D/server.pem" "$D/pki/clientcert.pem" # 400 days: as before
printf 'no certificate\n' >"$D/pki/cacert.pem"
check "what is no certificate does not stop the service" until_true 10 gone
[ "$story_failed" = 0 ] || { tail -n 20 "$D/log"; cat "$D/out" "$D/err"; }
[ "$story_failed" = 0 ]
