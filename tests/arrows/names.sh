#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A backtrace and grep tell statics apart: the name of a static function or variable of a .c has two words at
# least, and stands in one file. What begins at the first column is read, as clang-format writes it.
set -u
found=$(git ls-files --cached --others --exclude-standard 'scheduler/*.c' 'collectors/*.c' 'policies/*.c' |
        xargs awk '
        function is_at(name) {
                if (name in where && where[name] == FILENAME)
                        return
                if (name !~ /_/)
                        print FILENAME ": static " name ": one word; begin it with what the file is about"
                if (name in where)
                        print FILENAME ": static " name " stands in " where[name] ", too"
                where[name] = FILENAME
                n++
        }
        function declared(text,    at, list, k, i) {
                sub(/[ \t]*(=.*|;.*)$/, "", text)
                if (match(text, /^[^(]*[A-Za-z_0-9]\(/)) {
                        at = substr(text, RSTART, RLENGTH - 1)
                } else if (match(text, /\(\*[ \t]*(const[ \t]+)?[A-Za-z_][A-Za-z_0-9]*/)) { # a pointer to a function
                        at = substr(text, RSTART, RLENGTH)
                } else {
                        gsub(/\[[^]]*\]?/, "", text)
                        k = split(text, list, ",")
                        for (i = 1; i <= k; i++) {
                                sub(/[ \t]+$/, "", list[i])
                                if (match(list[i], /[A-Za-z_][A-Za-z_0-9]*$/))
                                        is_at(substr(list[i], RSTART, RLENGTH))
                        }
                        return
                }
                sub(/.*[^A-Za-z_0-9]/, "", at)
                is_at(at)
        }
        FNR == 1 { open = ""; nameless = 0 }
        nameless && /^}/ { text = $0; sub(/^}[ \t]*/, "", text); declared(text); nameless = 0; next }
        open != "" { open = open " " $0 }
        open == "" && /^static / && !/^static_assert/ { open = $0 }
        open == "" { next }
        {
                text = open
                gsub(/\/\*[^*]*\*\//, "", text)
                sub(/^static[ \t]+/, "", text)
                sub(/^((inline|const|volatile|_Thread_local|thread_local)[ \t]+)*/, "", text)
                if (text ~ /^(struct|union|enum)[ \t]*[A-Za-z_0-9]*[ \t]*\{[ \t]*$/) { nameless = 1; open = ""; next }
                if (text !~ /[({;=]/)
                        next # goes on in the next line
                declared(text)
                open = ""
        }
        END { if (n < 1000) print "only " n " statics were found: is this test blind?" }')
# What base has once is not written again.
twin() { # pattern where
        git grep -nE "$1" -- 'scheduler/*.[ch]' 'collectors/*.[ch]' 'policies/*.[ch]' | grep -v "^$2:" |
                sed "s|^|written again, see $2: |"
}
twins=$(
        twin 'strcmp\(\*\((const )?char \*(const )?\*\)' scheduler/base/compare.h
        twin '0x100000001b3|1099511628211' scheduler/base/hash.h
        twin '\b8389\b' scheduler/model/units.h
        twin '\[[^]]*(host|home)[^]]* \+ [12]\]\+\+' scheduler/model/by_host.c
)
[ -z "$found$twins" ] || { printf '%s\n' "$found" "$twins"; exit 1; }
