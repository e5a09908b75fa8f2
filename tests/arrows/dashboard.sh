#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The dashboard: its stories' packages are pinned exactly, by a lock file that names no registry; no module parses HTML, makes code of
# text, sets a style attribute (the CSP lets none of these), or takes anything from elsewhere.
set -u
cd "$1" || exit 2
bad=0
say() { echo "$*"; bad=1; }
grep -nE '"(resolved|registry)"|https?://' tests/page/package-lock.json tests/page/package.json && say "the lock file names a server: npm install --omit-lockfile-registry-resolved"
grep -nE '"(axe-core|playwright-core)": "[^0-9]' tests/page/package.json && say "not pinned exactly"
[ "$(grep -c '"integrity"' tests/page/package-lock.json)" -ge 2 ] || say "tests/page/package-lock.json: no hashes"
grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|setAttribute\(.style|import\(|https?://' scheduler/app/page/files/*.js |
        grep -vE 'http://(www\.w3\.org/2000/svg|localhost:9180/)' && say "see above"
grep -nE '<script>|<style| style=| on[a-z]+="' scheduler/app/page/files/index.html && say "inline script or style: the CSP lets none"
exit $bad
