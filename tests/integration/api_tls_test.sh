#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsolld over HTTPS: by the CA that is given and no other, no plain HTTP, no old TLS; the cookie of a login is one of TLS; a
# certificate that is renewed is there after SIGHUP, and one that is none changes nothing. Needs redis-server, redis-cli,
# curl, jq, openssl. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq openssl
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
service=
trap 'kill $service $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
until_true 10 redis-cli -s "$D/r.sock" ping >/dev/null 2>&1
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "$D/$1.key" -out "$D/$1.pem" 2>/dev/null; }
certificate() { # CA NAME CN: NAME.pem and NAME.key
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout "$D/$2.key" -out "$D/$2.csr" 2>/dev/null &&
		openssl x509 -req -in "$D/$2.csr" -CA "$D/$1.pem" -CAkey "$D/$1.key" -CAcreateserial -days 1 \
			-extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:drs.example') -out "$D/$2.pem" 2>/dev/null
}
authority ca
authority other
certificate ca first first && certificate ca second second || exit 1
cp "$D/first.pem" "$D/cert.pem"
cp "$D/first.key" "$D/cert.key"
port=$(free_ports 1)
"$B/plimsoll" token add boss --role admin --set service.state_dir="$D" >"$D/boss" 2>/dev/null
options=(--redis "unix://$D/r.sock" --cluster t --mode advise --interval 1h --state-dir "$D" --set api.listen="0.0.0.0:$port" --set api.origins=https://drs.example)
refuses() { ! timeout 20 "$B/plimsolld" "${options[@]}" "$@" 2>"$D/refused"; }
check "without its key no certificate is one" refuses --set api.certificate="$D/cert.pem"
check "it says so" grep -q 'api.refused.*key=api.key.*missing' "$D/refused"
check "nor with another's key" refuses --set api.certificate="$D/cert.pem" --set api.key="$D/second.key"
check "it says so, too" grep -q 'api.refused.*the certificate or its key is none' "$D/refused"
check "nor where there is no such file" refuses --set api.certificate="$D/none.pem" --set api.key="$D/cert.key"
"$B/plimsolld" "${options[@]}" --set api.certificate="$D/cert.pem" --set api.key="$D/cert.key" 2>"$D/log" &
service=$!
U=https://127.0.0.1:$port
by() { curl -s --max-time 10 --cacert "$D/$1.pem" "${@:2}"; }
up() { [ "$(by ca "$U/healthz")" = ok ]; }
check "by its CA it is who it says" until_true 20 up
check "by another it is not" not by other "$U/healthz"
check "nor by none" not curl -s --max-time 10 --cacert /dev/null "$U/healthz"
check "nor under another name" not by ca --resolve "evil.example:$port:127.0.0.1" "https://evil.example:$port/healthz"
check "plain HTTP is not answered" not curl -s --max-time 10 "http://127.0.0.1:$port/healthz"
check "nor TLS 1.1" not by ca --tls-max 1.1 "$U/healthz"
check "but 1.2" by ca --tls-max 1.2 -o "$D/body" "$U/healthz"
check "and 1.3" by ca --tlsv1.3 -o "$D/body" "$U/healthz"
check "without a token nothing" [ "$(by ca -o "$D/body" -w '%{http_code}' "$U/api/v1/status")" = 401 ]
by ca -D "$D/head" -o "$D/body" -X PUT -H 'Content-Type: application/json' -d "{\"token\": \"$(cat "$D/boss")\"}" "$U/api/v1/login"
check "the cookie of a login goes over TLS alone, and to this host alone" grep -Eqi '^set-cookie: __Host-plimsoll=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure' "$D/head"
afar() { PLIMSOLL_API_CA="$D/$1.pem" PLIMSOLL_TOKEN_FILE=$D/boss "$B/plimsoll" --api "$U" settings show --json; }
check "plimsoll --api takes it by its CA" bash -c "PLIMSOLL_API_CA='$D/ca.pem' PLIMSOLL_TOKEN_FILE='$D/boss' '$B/plimsoll' --api '$U' settings show --json | jq -e '.schema == \"plimsoll.settings/1\"'"
check "and by no other" not afar other

# ---- it is renewed ----
shown() { openssl s_client -connect "127.0.0.1:$port" -CAfile "$D/ca.pem" </dev/null 2>/dev/null | grep -q "subject=CN *= *$1"; }
check "the first is shown" shown first
cp "$D/second.key" "$D/cert.key"
cp "$D/second.pem" "$D/cert.pem"
check "until it is told, it is still that" shown first
kill -HUP $service
check "after SIGHUP the second is" until_true 20 shown second
check "which the log says" grep -q 'api.certificate file=.* state=renewed' "$D/log"
check "and it is answered by it" up
echo nonsense >"$D/cert.pem"
kill -HUP $service
failed() { up && grep -q 'api.certificate file=.* error=' "$D/log"; }
check "one that is none is said to be" until_true 20 failed
check "and changes nothing" shown second
ends() {
	kill $service
	wait $service
}
check "it ends well" ends
echo "$story_checks checks"
[ "$story_failed" = 0 ]
