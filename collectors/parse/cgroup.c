/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "scheduler/model/bounds.h"

#define NSEC_PER_USEC 1000

static int cgroup_number(Span *line, int64_t most, int64_t *ret) {
        uint64_t value;

        if (number_next(line, (uint64_t) most, &value) != 0)
                return -EBADMSG;
        *ret = (int64_t) value;
        return 0;
}

int cgroup_throttled_parse(const char *text, size_t n, int64_t *ret_ns) {
        Span rest = { text, n }, line, name;
        int64_t ns = 0, value;
        bool any = false;

        while (line_next(&rest, &line)) {
                if (!word_next(&line, &name))
                        continue;
                any = any || span_is(name, "nr_periods") || span_is(name, "usage_usec");
                if (span_is(name, "throttled_usec")) {
                        if (cgroup_number(&line, bound_of(BOUND_KERNEL) / NSEC_PER_USEC, &value) < 0)
                                return -EBADMSG;
                        ns = value * NSEC_PER_USEC;
                } else if (span_is(name, "throttled_time")) {
                        if (cgroup_number(&line, bound_of(BOUND_KERNEL), &ns) < 0)
                                return -EBADMSG;
                }
        }
        if (!any)
                return -EBADMSG;
        *ret_ns = ns;
        return 0;
}

int cgroup_swap_parse(const char *text, size_t n, int64_t *ret_bytes) {
        Span rest = { text, n }, line, name;
        int64_t swap = UNKNOWN;
        bool any = false;

        while (line_next(&rest, &line)) {
                if (!word_next(&line, &name))
                        continue;
                any = any || span_is(name, "rss");
                if (span_is(name, "swap") && cgroup_number(&line, bound_of(BOUND_KERNEL), &swap) < 0)
                        return -EBADMSG;
        }
        if (!any)
                return -EBADMSG;
        *ret_bytes = swap;
        return 0;
}

int cgroup_number_parse(const char *text, size_t n, int64_t *ret) {
        Span rest = { text, n }, line;

        return line_next(&rest, &line) ? cgroup_number(&line, bound_of(BOUND_KERNEL), ret) : -EBADMSG;
}

/* Letters and digits decide: what lies between them is escaped or left out. */
static char cgroup_next_letter(const char **s, const char *end) {
        while (*s < end) {
                if (end - *s >= 4 && strncmp(*s, "\\x", 2) == 0) {
                        *s += 4;
                        continue;
                }
                if (isalnum((unsigned char) *(*s)++))
                        return (*s)[-1];
        }
        return '\0';
}

bool cgroup_is_of_domain(const char *entry, unsigned id, const char *name) {
        static const char *const suffixes[] = { ".scope", ".libvirt-qemu" };
        const size_t n = strlen(entry);

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                const size_t n_suffix = strlen(suffixes[i]);
                const char *s, *end, *wanted = name, *wanted_end = name + strlen(name);
                char prefix[64], letter;

                (void) snprintf(prefix, sizeof(prefix), i == 0 ? "machine-qemu\\x2d%u\\x2d" : "qemu-%u-", id);
                if (strncmp(entry, prefix, strlen(prefix)) != 0 || n < strlen(prefix) + n_suffix ||
                    strcmp(entry + n - n_suffix, suffixes[i]) != 0)
                        continue;
                s = entry + strlen(prefix);
                end = entry + n - n_suffix;
                while ((letter = cgroup_next_letter(&s, end)) != '\0')
                        if (letter != cgroup_next_letter(&wanted, wanted_end))
                                return false;
                return true; /* a name cut short is still its own: the id is */
        }
        return false;
}
