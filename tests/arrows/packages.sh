#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packages.sh SOURCE: the Debian packages' Build-Depends (deploy/debian/control) are the libraries of group "build" (deploy/packages), which
# deploy/try and the README install.
set -u
cd "$1" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
awk '$1 == "build" && $2 ~ /-dev$/ { print $2 }' deploy/packages | sort >"$work/group"
awk '/^Build-Depends:/ { on = 1; sub(/^Build-Depends:/, "") } on && /^[^ ]/ && !/^ / && NR > 1 && seen { on = 0 } on { seen = 1; print }' deploy/debian/control |
        tr ',|' '\n\n' | sed 's/([^)]*)//; s/[ \t]//g' | grep -e '-dev$' | sort >"$work/control"
[ "$(wc -l <"$work/group")" -gt 5 ] || { echo "group build of deploy/packages names no libraries"; exit 1; }
diff "$work/group" "$work/control" >"$work/difference" && exit 0
echo "deploy/packages (<) and deploy/debian/control (>) want other libraries:"
cat "$work/difference"
exit 1
