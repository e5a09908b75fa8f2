# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What stories of the API have in common: a Redis in a folder of the story's own, and what agents would report there. Sourced after
# tests/story.sh, once the tools were looked for:
#
#   $D $R $redis            the folder, the Redis's URL, its process; the story's own trap takes the place of the one below
#   report HOST VM... | put HOST   a host of 8 CPUs and its VMs; $report_uri: where its libvirt is, if that is to be told
D=$(mktemp -d) || exit 1
# shellcheck disable=SC2034 # for the stories
R=unix://$D/r.sock
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
until_true 10 redis-cli -s "$D/r.sock" ping >/dev/null 2>&1

report_uri=
report() {
	local at host=$1 v
	at=$(date +%s)000000
	shift
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t8\nhost.daemon\t\t1\n%shost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\n' \
		"$host" "$at" "$at" "${report_uri:+host.uri		$report_uri
}" "$at" "$at"
	for v; do
		printf 'vm.uuid\t%s\t11111111-1111-4111-8111-%012d\nvm.state\t%s\trunning\nvm.vcpus\t%s\t1\nvm.memory\t%s\t1024\nvm.cpu\t%s\t2200\nvm.dirty\t%s\t0\n' \
			"$v" "$(printf '%s' "$v" | cksum | cut -c1-6)" "$v" "$v" "$v" "$v" "$v"
	done
}
put() { redis-cli -s "$D/r.sock" -x set "plimsoll:{t}:report:$1" >/dev/null; }
