#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Redis over TLS: with and without a certificate of our own, through sentinels, a large report; and what is said where a
# certificate is not trusted, is for another name, is missing, or its key can be read by others. Needs redis-server,
# redis-cli, openssl. Argument: the build folder.
set -u
B=$1
. tests/story.sh
command -v redis-server >/dev/null && command -v redis-cli >/dev/null && command -v openssl >/dev/null || { echo "no redis-server, no openssl"; exit 77; }
D=$(mktemp -d) || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT

# ---- certificates: an authority, a server (127.0.0.1 and redis.example), a client, and an authority nobody asked ----
umask 077
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "$D/$1.key" -out "$D/$1.pem" 2>/dev/null; }
sign() { # NAME AUTHORITY EXTENSIONS
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$D/$1.key" -out "$D/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$D/$1.csr" -CA "$D/$2.pem" -CAkey "$D/$2.key" -CAcreateserial -days 2 -extfile <(printf '%s' "$3") -out "$D/$1.pem" 2>/dev/null
}
authority ca && authority other && sign server ca 'subjectAltName=IP:127.0.0.1,DNS:redis.example' &&
	sign named ca 'subjectAltName=DNS:redis.example' && sign client ca $'subjectAltName=DNS:client\nextendedKeyUsage=clientAuth' || { echo "openssl made no certificates"; exit 1; }

mapfile -t port < <(free_ports 5)
server() { # PORT CERTIFICATE CLIENTS
	redis-server --port 0 --tls-port "$1" --bind 127.0.0.1 --save '' --dir "$D" --tls-cert-file "$D/$2.pem" --tls-key-file "$D/$2.key" \
		--tls-ca-cert-file "$D/ca.pem" --tls-auth-clients "$3" >>"$D/redis.log" 2>&1 &
	pids+=($!)
}
cli() { timeout 5 redis-cli --tls --cacert "$D/ca.pem" --cert "$D/client.pem" --key "$D/client.key" -h 127.0.0.1 -p "$@" 2>/dev/null; }
answers_insecurely() { [ "$(timeout 5 redis-cli --tls --insecure -h 127.0.0.1 -p "$1" ping 2>/dev/null)" = PONG ]; }
answers() { [ "$(cli "$1" ping)" = PONG ]; }
server "${port[0]}" server no
server "${port[1]}" server yes
server "${port[2]}" named no
for n in 0 1 2; do check "a server with TLS" until_true 10 answers "${port[$n]}"; done
cat >"$D/sentinel.conf" <<-END
	port 0
	tls-port ${port[3]}
	bind 127.0.0.1
	dir $D
	tls-cert-file $D/server.pem
	tls-key-file $D/server.key
	tls-ca-cert-file $D/ca.pem
	tls-auth-clients yes
	tls-replication yes
	sentinel monitor plimsoll 127.0.0.1 ${port[1]} 1
END
redis-server "$D/sentinel.conf" --sentinel >>"$D/sentinel.log" 2>&1 &
pids+=($!)
check "a sentinel with TLS" until_true 10 answers "${port[3]}"

# ---- what is good ----
S="rediss://127.0.0.1:${port[0]}" C="rediss://127.0.0.1:${port[1]}" N="rediss://127.0.0.1:${port[2]}" own="&cert=$D/client.pem&key=$D/client.key"
status() { timeout 20 "$B/plimsoll" status --redis "$1" >"$D/out" 2>"$D/err"; }
reports() { timeout 20 "$B/plimsoll-agent" --once --redis "$1" --cluster default --host h1 >"$D/out" 2>&1; }
sees_h1() { status "$1"; grep -q h1 "$D/out"; }
says() { grep -q -- "$@" "$D/err" || { cat "$D/err"; false; }; }

check "an agent reports over TLS" reports "$S?ca=$D/ca.pem"
check "and its host is seen" sees_h1 "$S?ca=$D/ca.pem"
check "an agent reports with a certificate of its own" reports "$C?ca=$D/ca.pem$own"
check "and its host is seen" sees_h1 "$C?ca=$D/ca.pem$own"
check "a name that is not the host" reports "$N?ca=$D/ca.pem&name=redis.example"
check "through a sentinel" sees_h1 "rediss+sentinel://127.0.0.1:${port[3]}/plimsoll?ca=$D/ca.pem$own"
# commands and replies that take many records of TLS (16 KiB each), both ways at once
cli "${port[0]}" eval 'for i = 1, 3000 do redis.call("hset", "plimsoll:{default}:report:big", "f" .. i, string.rep("x", 400)) end' 0 >/dev/null
check "a megabyte is read, and h1 is still seen" sees_h1 "$S?ca=$D/ca.pem"

# ---- what is not, and what is said ----
check "not trusted: refused" not status "$S?ca=$D/other.pem"
check "and said" says "certificate is not valid for 127.0.0.1"
check "the system's authorities do not know it: refused" not status "$S"
check "and said" says "certificate is not valid"
check "another name: refused" not status "$N?ca=$D/ca.pem"
check "and said" says "certificate is not valid for 127.0.0.1.*name"
check "no certificate where one is wanted: refused" not status "$C?ca=$D/ca.pem"
check "and said, with what is missing" says "our certificate.*cert=FILE&key=FILE"
server "${port[4]}" client no
check "a server that shows a certificate for clients" until_true 10 answers_insecurely "${port[4]}"
check "is refused" not status "rediss://127.0.0.1:${port[4]}?ca=$D/ca.pem&name=client"
check "and said" says "certificate is not valid for client"
check "no such file: refused" not status "$S?ca=$D/none.pem"
check "and named" says "$D/none.pem: No such file"
chmod 644 "$D/client.key"
check "a key that others can read: refused" not status "$C?ca=$D/ca.pem$own"
check "and named" says "client.key.*others can read"
chmod 600 "$D/client.key"
check "no TLS at the port: refused" not status "redis://127.0.0.1:${port[0]}"
[ "$story_failed" = 0 ]
