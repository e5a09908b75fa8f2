#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every C file is as clang-format 14 would write it. What was once found so is not asked of again: the digests of such
# files stand in the build directory, with what they were found by.
# Another release of it writes otherwise: asked where this one is, and always on Debian 12.
# usage: format.sh TREE [BUILD_DIR]
set -u
command -v clang-format-14 >/dev/null || grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || { echo "there is no clang-format-14 here"; exit 77; }
known=${2:-}/format.known
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
git ls-files --cached --others --exclude-standard '*.c' '*.h' | while read -r f; do [ -f "$f" ] && echo "$f"; done >"$work/files"
by=$(clang-format-14 --version; sha256sum .clang-format)
xargs sha256sum <"$work/files" | sed "s/^/$(echo "$by" | sha256sum | cut -c 1-12) /" | sort >"$work/now"
[ -s "$work/now" ] || { echo "no C file is found: is this test blind?"; exit 1; }
{ [ -n "${2:-}" ] && [ -f "$known" ] && sort "$known" || :; } >"$work/known"
comm -23 "$work/now" "$work/known" >"$work/asked"
sed 's/^[^ ]* [^ ]* *//' "$work/asked" | xargs -r -n 64 -P 2 clang-format-14 --dry-run -Werror || exit 1
[ -z "${2:-}" ] || cp "$work/now" "$known"
