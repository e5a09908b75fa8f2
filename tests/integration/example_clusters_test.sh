#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The bundled clusters can be made again, byte for byte. Needs python3.
set -eu
export PYTHONDONTWRITEBYTECODE=1
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

python3 deploy/examples/make_cluster.py >"$here/forty"
cmp "$here/forty" deploy/examples/forty-hosts.json

python3 deploy/examples/make_cluster.py --plain het --hosts 10 --vms 200 --seed 3 >"$here/one"
python3 deploy/examples/make_cluster.py --plain het --hosts 10 --vms 200 --seed 3 >"$here/two"
cmp "$here/one" "$here/two"

cat >"$here/neutral" <<'END'
{ "hosts": [ { "name": "a", "cores": 4, "mem_mb": 1024 }, { "name": "b", "cores": 8, "mem_mb": 2048 } ],
  "vms": [ { "name": "v", "vcpus": 2, "mem_mb": 512, "cpu": 0.7126, "host": 1 } ] }
END
tests/bench/synthetic.py "$here/neutral" >"$here/snapshot"
grep -q '{ "name": "v", "host": "b", "vcpus": 2, "memory_mib": 512, "cpu": 0.713 }' "$here/snapshot"
echo "3 generators agree with themselves"
