#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# programs.sh SOURCE: what preset "release" asks of a machine. The three programs, what writes their manual, and nothing of the tests, so that the packages of
# group "build" are enough (deploy/packages); with -DBUILD_TESTING=ON the tests, which want Criterion.
set -u
cd "$1" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0
fail() { echo "$*"; bad=1; }
# a machine without the packages of group "test"
printf '#!/bin/sh\ncase "$*" in *criterion*) exit 1 ;; esac\nexec pkg-config "$@"\n' >"$work/pkg-config" && chmod 755 "$work/pkg-config"
configure() { PKG_CONFIG=$work/pkg-config cmake --preset release -B "$work/build" "$@" >"$work/log" 2>&1; }

configure || { cat "$work/log"; fail "preset release does not configure without Criterion"; }
programs=$(sed -n 's/^build \([a-z-]*\): C_EXECUTABLE_LINKER__.*/\1/p' "$work/build/build.ninja" | sort | tr '\n' ' ')
[ "$programs" = "manual plimsoll plimsoll-agent plimsolld " ] || fail "preset release builds: $programs"
! grep -n 'tests/' "$work/build/build.ninja" | head -n 5 | grep . || fail "preset release builds something of tests/"
configure -DBUILD_TESTING=ON && fail "with BUILD_TESTING Criterion was not asked for: this test sees nothing"
grep -q criterion "$work/log" || { cat "$work/log"; fail "it was not Criterion that was missing"; }
exit $bad
