#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real Prometheus scrapes a real plimsolld and agents: each query of deploy/grafana/plimsoll.json returns what `plimsoll status --json`
# and its like say at that instant. Its rules, deploy/prometheus/alerts.yml, go through a real Alertmanager to a receiver, which gets each
# condition that is made here, with a summary and a runbook. Needs prometheus (skipped without), redis-server, redis-cli, curl, jq;
# without prometheus-alertmanager the second half is left out, and that is said. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs prometheus promtool redis-server redis-cli curl jq
D=$(mktemp -d) || exit 1
R=unix://$D/r.sock
pids=
start() { # LOG COMMAND…: in the background
	local log=$1
	shift
	"$@" >"$D/$log.log" 2>&1 &
	pids="$pids $!"
}
end() {
	for p in $pids; do kill "$p" 2>/dev/null; done
	wait
	rm -rf "$D"
}
trap end EXIT
start redis redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D"
until_true 10 redis-cli -s "$D/r.sock" ping >/dev/null 2>&1
{ read -r api; read -r agent3; read -r agent4; read -r prom; read -r alerts; read -r receiver; } < <(free_ports 6)

# ---- a cluster: h1 is above its load line, h2 takes VMs, h5 fails, h6 is silent, h3 and h4 have agents, h4 is in maintenance ----
report() { # HOST SECONDS-AGO LINES VM…
	local at host=$1 more=$3 v
	at=$(($(date +%s) - $2))000000
	shift 3
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t8\nhost.daemon\t\t1\nhost.uri\t\ttest:///default\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n%b@vms %s\n' \
		"$host" "$at" "$at" "$at" "$more" "$at"
	for v; do
		printf 'vm.uuid\t%s\t11111111-1111-4111-8111-%012d\nvm.state\t%s\trunning\nvm.vcpus\t%s\t1\nvm.memory\t%s\t1024\nvm.cpu\t%s\t2200\nvm.dirty\t%s\t0\n' \
			"$v" "$(printf '%s' "$v" | cksum | cut -c1-6)" "$v" "$v" "$v" "$v" "$v"
	done
}
put() { redis-cli -s "$D/r.sock" -x set "plimsoll:{t}:report:$1" >/dev/null; }
report h1 0 '' app db web | put h1
report h2 0 '' mail | put h2
report h5 0 '@smart 1\ndisk.health\tsda\tfailing\ndisk.health.why\tsda\tpredicts its end\n' shop | sed "s/^@smart 1$/@smart $(date +%s)000000/" | put h5
report h6 7300 '' cache | put h6
for i in 3 4; do
	cat >"$D/h$i.xml" <<-END
		<node><cpu><mhz>2000</mhz><model>x86_64</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores><threads>1</threads></cpu><memory>67108864</memory>
		<domain type="test"><name>vm$i</name><uuid>2222222$i-2222-4222-8222-222222222222</uuid><memory>1048576</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain></node>
	END
done
agent() { start "h$1" "$B/plimsoll-agent" --redis "$R" --cluster t --host "h$1" --uri "test://$D/h$1.xml" --root tests/fixtures/host-many-cpus --interval 1s --metrics "$2"; }
agent 3 "$agent3"
agents=($!)
agent 4 "$agent4"
agents+=($!)
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
start plimsolld "$B/plimsolld" --redis "$R" --cluster t --mode confirm --interval 1s --state-dir "$D" "${settings[@]}" --set service.hold=0s \
	--set api.socket="$D/a.sock" --set api.listen="$api" --set api.open_metrics=on
service=$!
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}"; }
page() { curl -s --max-time 10 "http://127.0.0.1:$api/metrics"; }
check "the service has made a round" until_true 30 bash -c "curl -s 'http://127.0.0.1:$api/metrics' | grep -q '^plimsoll_round_timestamp_seconds'"
plimsoll maintenance enter h4 --deadline 1h >/dev/null

# ---- a real Prometheus, and an Alertmanager where there is one ----
# The rules as they are, but for their delays: what is to last for minutes is to last for none here, a plan waits for a second, and no
# round for 10 s.
sed -E '/^ *(keep_firing_)?for:/d; s/(waiting_since_timestamp_seconds) > 1800/\1 > 1/; s/(timestamp_seconds\[6h\]\)\)) > 300/\1 > 10/' deploy/prometheus/alerts.yml >"$D/alerts.yml"
check "the copy of the rules differs in delays alone" [ "$(diff deploy/prometheus/alerts.yml "$D/alerts.yml" | grep '^[<>]' | grep -vcE ' (keep_firing_)?for: |waiting_since|\[6h\]')" = 0 ]
cat >"$D/prometheus.yml" <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [$D/alerts.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:$alerts"]}]}]}
scrape_configs:
  - {job_name: plimsolld, static_configs: [{targets: ["127.0.0.1:$api"]}]}
  - {job_name: plimsoll-agent, static_configs: [{targets: ["127.0.0.1:$agent3", "127.0.0.1:$agent4"]}]}
END
check "promtool takes the configuration" bash -c "promtool check config '$D/prometheus.yml' >'$D/promtool.out' || { cat '$D/promtool.out'; false; }"
start prometheus prometheus --config.file="$D/prometheus.yml" --storage.tsdb.path="$D/tsdb" --web.listen-address="127.0.0.1:$prom" --rules.alert.resend-delay=1s
P=http://127.0.0.1:$prom
ask() { curl -s --max-time 10 -G "$P/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // empty'; }
scrapes() { [ "$(ask 'count(up == 1)')" = 3 ]; }
check "Prometheus scrapes the service and two agents" until_true 60 scrapes

# ---- each query of the dashboard has the numbers of status --json ----
numbers() { # SECONDS [DASHBOARD]
	tests/integration/dashboard_numbers.py "${2:-deploy/grafana/plimsoll.json}" "$P" t "$1" "http://127.0.0.1:$api/metrics" "$B/plimsoll" --redis "$R" --cluster t "${settings[@]}"; }
check "the dashboard's numbers are those of status --json" numbers 60
plan() { plimsoll confirm --json | jq -r '[.plans[] | select(.state == "asked" and .answer == null)][0].id // empty'; }
has_plan() { [ -n "$(plan)" ]; }
check "a plan waits" until_true 30 has_plan
# What is accepted may have been replaced by then: then the next one is. libvirt's test driver migrates nothing.
failed() {
	local id
	id=$(plan)
	[ -z "$id" ] || plimsoll confirm "$id" --yes >/dev/null 2>&1
	[ "$(ask 'sum(plimsoll_moves_total{result="failed"})')" -ge 1 ] 2>/dev/null
}
check "plans are accepted, and migrations fail" until_true 90 failed
plimsoll stop --why "numbers are compared" >/dev/null
check "and are counted as status --json has them" numbers 60
plimsoll resume >/dev/null
report h1 0 '' mail | put h1
check "and a VM on two hosts" numbers 60
report h1 0 '' app db web | put h1

# ---- alerts go through Alertmanager to a receiver ----
if command -v prometheus-alertmanager >/dev/null; then
	cat >"$D/alertmanager.yml" <<-END
		route: {receiver: story, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
		receivers: [{name: story, webhook_configs: [{url: "http://127.0.0.1:$receiver/", send_resolved: true}]}]
	END
	: >"$D/alerts"
	start receiver tests/integration/alert_receiver.py "$receiver" "$D/alerts"
	start alertmanager prometheus-alertmanager --config.file="$D/alertmanager.yml" --storage.path="$D/alertmanager" \
		--web.listen-address="127.0.0.1:$alerts" --cluster.listen-address=
	arrived() { # STATUS ALERT ABOUT: with a summary that names what it is about, and a section of the runbook
		jq -se --arg s "$1" --arg n "$2" --arg about "$3" --arg runbook "docs/alerts.md#${2,,}" 'any(.status == $s and .labels.alertname == $n and
			(.annotations.summary | contains($about) and (contains("{{") | not)) and .annotations.runbook == $runbook)' "$D/alerts" >/dev/null 2>&1
	}
	rests() { [ -z "$(ask "ALERTS{alertname=\"$1\"}")" ]; }
	fires() { # ALERT ABOUT WHAT [COMMAND…]: the command makes it so; without one it is so from the beginning
		local alert=$1 about=$2 what=$3
		shift 3
		if [ $# -gt 0 ]; then
			check "no $alert before" until_true 60 rests "$alert"
			: >"$D/alerts" # what goes on already is not sent again
			"$@" >/dev/null
		fi
		check "$what: $alert" until_true 60 arrived firing "$alert" "$about"
		check "its runbook has that section" grep -qx "### $alert" docs/alerts.md
		jq -r --arg n "$alert" 'select(.status == "firing" and .labels.alertname == $n) | "        \(.labels.severity): \(.annotations.summary) (\(.annotations.runbook))"' "$D/alerts" | head -n 1
	}
	twice() { report h1 0 '' mail | put h1; }
	once() { report h1 0 '' app db web | put h1; }
	pinned() {
		plimsoll maintenance enter h2 --several
		report h2 0 '' mail | sed 's/^vm.state\tmail/vm.pinned\tmail\thostdev\n&/' | put h2
	}
	storm() { for h in h1 h2; do report $h 0 "@smart $(date +%s)000000\ndisk.health\tsda\tfailing\n" | put $h; done; }
	blind() {
		kill "${agents[@]}"
		for h in h1 h2 h3 h4 h5; do report $h 7300 '' | put $h; done
	}
	fires PlimsollHostSilent 'h6: no report for 2h' "h6 has not reported for two hours"
	fires PlimsollAboveLoadLine 'h1: cpu at 82.5%' "h1 is above its load line"
	fires PlimsollFailingHostNotEmpty 'h5: fault grade 4' "h5 fails and has a VM"
	fires PlimsollPlanWaiting 't: a plan has been awaiting' "a plan waits"
	fires PlimsollVmOnTwoHosts 't: 1 VM(s) running on two hosts' "two hosts report the VM mail" twice
	once
	check "it ends: resolved" until_true 60 arrived resolved PlimsollVmOnTwoHosts 't: '
	fires PlimsollEvacuationLate 'h4: VMs still there after the deadline: 1' "h4 is late" plimsoll maintenance enter h4 --deadline 1s
	fires PlimsollBlocked 't: a VM that must move cannot' "a VM of h2 cannot leave it" pinned
	fires PlimsollFaultStorm 't: 3 hosts fail at once' "h1, h2 and h5 fail at once" storm
	fires PlimsollBlind 't: the facts of no host' "no host reports" blind
	fires PlimsollRoundsStopped 't: no round for' "the service has ended" kill "$service"
else
	echo "no prometheus-alertmanager: alerts were not sent anywhere"
fi
echo "$story_checks checks"
[ "$story_failed" = 0 ]
