/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/kmsg_record.h"

#include <string.h>

#define DEVICE_MOST 64

/* The place after `words` in `s`, or NULL. */
static const char *kmsg_record_after(Span s, const char *words) {
        const char *found = memmem(s.at, s.n, words, strlen(words));

        return found ? found + strlen(words) : NULL;
}

/* From `at` up to one of `ends`, which must come. */
static Span name_at(Span s, const char *at, const char *ends) {
        size_t n = 0, left = (size_t) (s.at + s.n - at);

        while (n < left && !strchr(ends, at[n]))
                n++;
        return n > 0 && n < left && n < DEVICE_MOST ? (Span){ at, n } : (Span){ at, 0 };
}

/* Who says what, in the words of Linux 4.19 … 6.x: block/blk-core.c, fs/buffer.c, fs/ext4/super.c,
 * fs/xfs/xfs_fsops.c, fs/btrfs, arch/x86/kernel/cpu/mce, drivers/edac, drivers/acpi/apei/ghes.c,
 * kernel/hung_task.c. */
static void kmsg_record_classify(Span message, KmsgRecord *ret) {
        static const struct {
                KmsgKind kind;
                const char *before, *ends; /* of the device's name; ends NULL: it has none */
                const char *also;          /* words that must be there too, or NULL */
        } all[] = {
                { KMSG_IO_ERROR, "I/O error, dev ", ", ", NULL },
                { KMSG_IO_ERROR, "medium error, dev ", ", ", NULL },
                { KMSG_IO_ERROR, "target error, dev ", ", ", NULL },
                { KMSG_IO_ERROR, "nexus error, dev ", ", ", NULL },
                { KMSG_IO_ERROR, "timeout error, dev ", ", ", NULL },
                { KMSG_IO_ERROR, "link error, dev ", ", ", NULL },
                { KMSG_IO_ERROR, "Buffer I/O error on dev ", ", ", NULL },
                { KMSG_IO_ERROR, "Buffer I/O error on device ", ", ", NULL },
                { KMSG_READ_ONLY, "EXT4-fs (", ")", "Remounting filesystem read-only" },
                { KMSG_READ_ONLY, "EXT3-fs (", ")", "remounting filesystem read-only" },
                { KMSG_READ_ONLY, "XFS (", ")", "hutting down filesystem" },
                { KMSG_READ_ONLY, "XFS (", ")", "ilesystem has been shut down" },
                { KMSG_READ_ONLY, "(device ", ")", "forced readonly" },
                { KMSG_MACHINE_CHECK, "[Hardware Error]: ", NULL, "achine check" },
                { KMSG_MACHINE_CHECK, "[Hardware Error]: event severity", NULL, NULL },
                { KMSG_MACHINE_CHECK, "EDAC MC", NULL, " CE " },
                { KMSG_MACHINE_CHECK, "EDAC MC", NULL, " UE " },
                { KMSG_HUNG_TASK, "INFO: task ", NULL, " blocked for more than " },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *at = kmsg_record_after(message, all[i].before);

                if (!at || (all[i].also && !kmsg_record_after(message, all[i].also)))
                        continue;
                ret->device = all[i].ends ? name_at(message, at, all[i].ends) : (Span){ at, 0 };
                if (all[i].ends && ret->device.n == 0)
                        continue;
                ret->kind = all[i].kind;
                return;
        }
}

static bool digits_take(Span *s, uint64_t *ret) {
        uint64_t n = 0;
        size_t i = 0;

        for (; i < s->n && i < 19 && s->at[i] >= '0' && s->at[i] <= '9'; i++)
                n = n * 10 + (uint64_t) (s->at[i] - '0');
        if (i == 0 || i == s->n || s->at[i] != ',')
                return false;
        *ret = n;
        *s = (Span){ s->at + i + 1, s->n - i - 1 };
        return true;
}

static bool record_parse(Span line, KmsgRecord *ret) {
        uint64_t level, sequence, at;
        const char *message;
        Span rest = line;

        if (line.n == 0 || !digits_take(&rest, &level) || !digits_take(&rest, &sequence) ||
            !digits_take(&rest, &at) || at > INT64_MAX)
                return false;
        message = memchr(rest.at, ';', rest.n);
        if (!message)
                return false;
        message++;
        *ret = (KmsgRecord){ .at = (usec_t) at, .sequence = sequence };
        if ((level & 7) <= 6 && level >> 3 == 0) /* the kernel's own, not what a program wrote to the log */
                kmsg_record_classify((Span){ message, (size_t) (line.at + line.n - message) }, ret);
        return true;
}

bool kmsg_next(Span *rest, KmsgRecord *ret) {
        Span line;

        while (line_next(rest, &line))
                if (record_parse(line, ret))
                        return true;
        return false;
}
