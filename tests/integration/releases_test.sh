#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What released versions wrote (tests/releases/N.N.N: files, and all that stood in Redis) is read by this one; and so is what this one writes.
# Argument: the build folder. Needs redis-server.
set -u
build=${1:-build/dev}
command -v redis-server >/dev/null || { echo "no redis-server"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-releases.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
bad=0 n=0
for version in tests/releases/[0-9]*.[0-9]*.[0-9]*; do
	[ -d "$version" ] || continue
	n=$((n + 1))
	echo "---- ${version##*/}"
	tests/releases/artefacts.py read "$build" "$version" || bad=1
done
[ $n -gt 0 ] || { echo "FAILED  there is no release's fixture"; bad=1; }
echo "---- this version"
tests/releases/artefacts.py write "$build" "$work" && tests/releases/artefacts.py read "$build" "$work" || bad=1
exit $bad
