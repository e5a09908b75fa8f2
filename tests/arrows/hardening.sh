#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# hardening.sh PROGRAM...: the programs are as Debian's hardening=+all makes them. Asked of builds that are no Debug builds (CMakeLists.txt, HARDEN).
set -u
[ $# -gt 0 ] || { echo "hardening.sh: no program is named"; exit 2; }
bad=0
has() { # PROGRAM WHAT PATTERN READELF-OPTION
	LC_ALL=C readelf -W "$4" "$1" | grep -qE -- "$3" && return
	echo "$1 has no $2 (readelf $4)"
	bad=1
}
for program in "$@"; do
	[ -x "$program" ] || { echo "$program: there is no such program"; bad=1; continue; }
	has "$program" "position independence (PIE)" '\(FLAGS_1\).*\bPIE\b' -d
	has "$program" "immediate binding (BIND_NOW)" '\(FLAGS_1\).*\bNOW\b' -d
	has "$program" "relocations that become read-only (RELRO)" '^ *GNU_RELRO ' -l
	has "$program" "stack that is not executable" '^ *GNU_STACK .* RW  ' -l
	has "$program" "stack protector" '\b__stack_chk_fail\b' --dyn-syms
	has "$program" "fortified libc calls" '\b__(mem|str|sn|vsn|fd|f|v|re)[a-z]*_chk\b' --dyn-syms
	# CET: that our code is made for it; the mark on the whole program needs a C library's start that has it, too (Debian's has not).
	case $(uname -m) in
	x86_64) [ "$(objdump -d --no-show-raw-insn "$program" | grep -cw endbr64)" -gt 100 ] || { echo "$program has no control-flow protection (endbr64)"; bad=1; } ;;
	esac
	if LC_ALL=C readelf -W -d "$program" | grep -E '\((RPATH|RUNPATH|TEXTREL)\)'; then echo "$program has that"; bad=1; fi
done
exit $bad
