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

/* "… error, dev NAME, sector N op 0x3:(DISCARD) flags …": block/blk-core.c, whatever the error. What the kernel
 * says so of one that is no fault of the device (blk_status_t): its other words before "error". */
static bool is_block_error(Span message, Span *ret_device) {
        static const char *const harmless[] = { "operation not supported error, dev ",
                                                "reservation conflict error, dev ",
                                                "critical nexus error, dev ", /* the same, before 6.6 */
                                                "critical space allocation error, dev ",
                                                "kernel resource error, dev ",
                                                "nonblocking retry error, dev ",
                                                "dm internal retry error, dev ",
                                                "zone active resources exceeded error, dev ",
                                                "zone open resources exceeded error, dev " };
        /* a device may refuse these, and loses nothing by that */
        static const char *const optional[] = { ":(DISCARD)",    ":(SECURE_ERASE)", ":(WRITE_ZEROES)",
                                                ":(WRITE_SAME)", ":(ZONE_RESET)",   ":(ZONE_FINISH)" };
        const char *at = kmsg_record_after(message, " error, dev ");

        if (!at)
                return false;
        *ret_device = name_at(message, at, ", ");
        if (ret_device->n == 0 || !kmsg_record_after(message, ", sector "))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
                if (kmsg_record_after(message, harmless[i]))
                        return false;
        for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
                if (kmsg_record_after(message, optional[i]))
                        return false;
        return true;
}

/* Who says what, in the words of Linux 4.19 … 6.x: fs/buffer.c, fs/ext4/super.c, fs/xfs, fs/btrfs, drivers/nvme/host,
 * arch/x86/kernel/cpu/mce, drivers/edac, drivers/acpi/apei/ghes.c, kernel/hung_task.c, kernel/watchdog.c, kernel/rcu. */
static const struct {
        KmsgKind kind;
        const char *before, *ends; /* of the device's name; ends NULL: it has none */
        const char *also;          /* words that must be there too, or NULL */
} kmsg_forms[] = {
        { KMSG_IO_ERROR, "Buffer I/O error on dev ", ", ", NULL },
        { KMSG_IO_ERROR, "Buffer I/O error on device ", ", ", NULL },
        { KMSG_IO_ERROR, "nvme nvme", ":", "timeout, " },
        { KMSG_IO_ERROR, "nvme nvme", ":", "controller is down; will reset" },
        { KMSG_IO_ERROR, "nvme nvme", ":", "Disabling device after reset failure" },
        { KMSG_IO_ERROR, "nvme nvme", ":", "Removing after probe failure" },
        { KMSG_IO_ERROR, "nvme nvme", ":", "Device not ready; aborting" },
        { KMSG_READ_ONLY, "EXT4-fs (", ":)", "Remounting filesystem read-only" },
        { KMSG_READ_ONLY, "EXT3-fs (", ":)", "remounting filesystem read-only" },
        { KMSG_READ_ONLY, "XFS (", ":)", "hutting down filesystem" },
        { KMSG_READ_ONLY, "XFS (", ":)", "ilesystem has been shut down" },
        { KMSG_READ_ONLY, "XFS (", ":)", "xfs_do_force_shutdown(" },
        { KMSG_READ_ONLY, "(device ", ":)", "forced readonly" },
        { KMSG_FS_ERROR, "EXT4-fs error (device ", ":)", NULL },
        { KMSG_FS_ERROR, "EXT4-fs warning (device ", ":)", ": I/O error " },
        { KMSG_FS_ERROR, "EXT4-fs (", ":)", "potential data loss" },
        { KMSG_FS_ERROR, "EXT3-fs error (device ", ":)", NULL },
        { KMSG_FS_ERROR, "XFS (", ":)", "orruption" },
        { KMSG_FS_ERROR, "XFS (", ":)", "metadata I/O error" },
        { KMSG_FS_ERROR, "XFS (", ":)", "log I/O error" },
        { KMSG_FS_ERROR, "BTRFS error (device ", ":)", " errs: " },
        { KMSG_FS_ERROR, "BTRFS error (device ", ":)", "corrupt" },
        { KMSG_FS_ERROR, "BTRFS warning (device ", ":)", "csum failed" },
        { KMSG_FS_ERROR, "BTRFS critical (device ", ":)", NULL },
        { KMSG_FS_ERROR, "BTRFS: error (device ", ":)", NULL },
        { KMSG_MACHINE_CHECK, "[Hardware Error]: ", NULL, "achine check" },
        { KMSG_MACHINE_CHECK, "[Hardware Error]: ", NULL, "achine Check Exception" },
        { KMSG_MACHINE_CHECK, "[Hardware Error]: event severity", NULL, NULL },
        { KMSG_MACHINE_CHECK, "EDAC MC", NULL, " CE " },
        { KMSG_MACHINE_CHECK, "EDAC MC", NULL, " UE " },
        { KMSG_HUNG_TASK, "INFO: task ", NULL, " blocked for more than " },
        { KMSG_HUNG_TASK, "BUG: soft lockup - CPU#", NULL, " stuck for " },
        { KMSG_HUNG_TASK, "atchdog detected hard LOCKUP on cpu ", NULL, NULL },
        { KMSG_HUNG_TASK, "rcu: INFO: rcu_", NULL, "detected " },
};

/* A medium that somebody puts in: a CD or floppy drive, as BMCs play them, whose errors are no fault of the host. */
static bool is_removable(Span device) {
        return device.n > 2 && (memcmp(device.at, "sr", 2) == 0 || memcmp(device.at, "fd", 2) == 0) &&
               device.at[2] >= '0' && device.at[2] <= '9';
}

static void kmsg_record_classify(Span message, KmsgRecord *ret) {
        if (is_block_error(message, &ret->device)) {
                ret->kind = is_removable(ret->device) ? KMSG_OTHER : KMSG_IO_ERROR;
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(kmsg_forms); i++) {
                const char *at = kmsg_record_after(message, kmsg_forms[i].before), *ends = kmsg_forms[i].ends;

                if (!at || (kmsg_forms[i].also && !kmsg_record_after(message, kmsg_forms[i].also)))
                        continue;
                ret->device = ends ? name_at(message, at, ends) : (Span){ at, 0 };
                if (ends && (ret->device.n == 0 || is_removable(ret->device)))
                        continue;
                ret->kind = kmsg_forms[i].kind;
                if (ends &&
                    strcmp(kmsg_forms[i].before, "nvme nvme") == 0) /* the name begins within the words */
                        ret->device = (Span){ ret->device.at - 4, ret->device.n + 4 };
                return;
        }
        ret->device = (Span){ message.at, 0 };
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
