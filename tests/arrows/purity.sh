#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The pure rooms (model, snapshot, decide, policies) call nothing but each other, jansson (snapshot), and plain
# memory, string and sorting functions. Argument 1 is base's library, the others are the pure rooms'.
# __cpu_*: which kind of processor this is (target_clones): integers are the same on any.
# __memset_chk and its like: the same functions, where FORTIFY checks the size of what they write.
# Of base they may use arena, text and sample tables; not the clock, the log or threads.
base=$1
shift
{ nm -g "$base" | awk '/\.o:$/ { on = /^(arena|text|text_harmless)\.c/ } on && $2 == "T" { print "B", $3 }'
  for lib in "$@"; do nm -g "$lib" | awk '$2 ~ /^[TDRBC]$/ { print "T", $3 } $1 == "U" { print "U", $2 }'; done
} | awk '
        $1 == "B" && $2 != "arena_open" && $2 != "arena_close" { own[$2] = 1 }
        $1 == "T" { own[$2] = 1 }
        $1 == "U" { wanted[$2] = 1 }
        END {
                n = split("__cpu_model __cpu_indicator_init memcpy memset memmove memcmp memchr memmem strcmp strncmp strlen strnlen strchr strrchr strstr strspn strcspn strpbrk qsort bsearch __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_ __divti3", ok, " ")
                for (i = 1; i <= n; i++) own[ok[i]] = 1
                for (s in wanted) {
                        plain = s
                        if (sub(/^__/, "", plain) && sub(/_chk$/, "", plain) && plain in own) own[s] = 1
                }
                for (s in wanted) if (!(s in own) && s !~ /^json_/) { print "not pure: " s; bad = 1 }
                exit bad
        }'
