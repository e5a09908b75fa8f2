/* SPDX-License-Identifier: Apache-2.0 */
/* smart: what disks say of themselves, through smartctl: ATA, SCSI, NVMe, also behind RAID controllers; where it is
 * not there, NVMe disks through nvme-cli. A
 * disk that sleeps is not woken (-n standby); each is asked at its own slow pace, spread over the interval,
 * in its own time limit: one that hangs, even in the kernel, holds up neither the others nor the agent.
 *
 * "smartctl --scan" says which disks there are, and again every ten minutes. Its type "scsi" is not passed
 * on: for SATA disks too it says so, and only without -d smartctl looks for itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/disks/nvme_list.h"
#include "collectors/disks/smart_disks.h"
#include "collectors/parse/lines.h"
#include "collectors/read/collector_value.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(16) << 20) /* reserved, not used */
#define SCAN_EVERY    (600 * USEC_PER_SEC)
#define MISSING_KEEP  (86400 * USEC_PER_SEC)
#define OUTPUT_MOST   (1 << 20)
#define DEVICES_MOST  SMART_DISKS_MAX

extern const Collector collector_smart;

typedef struct SmartState {
        Arena scratch, kept; /* kept: of the collector's life */
        const char *tool;
        bool by_nvme_cli; /* tool is nvme: smartctl is not there */
        usec_t every, timeout;
        uint32_t parallel;
        const SmartDevice *listed; /* by the setting; NULL: scan */
        uint32_t n_listed;
        ToolRun scan;
        usec_t scan_due;
        int scan_error; /* negative errno of the last scan */
        bool scanned;
        SmartDisks disks;
} SmartState;

static const char *const smart_usual[] = { "/usr/sbin/smartctl", "/usr/local/sbin/smartctl", "/sbin/smartctl",
                                           "/usr/bin/smartctl", NULL };

static const char *const nvme_usual[] = { "/usr/sbin/nvme", "/usr/local/sbin/nvme", "/sbin/nvme",
                                          "/usr/bin/nvme", NULL };

static const SettingDef smart_settings[] = {
        { .name = "tool",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Absolute path of smartctl. Empty: where distributions install it." },
        { .name = "nvme_tool",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Absolute path of nvme-cli, for hosts without smartctl. Empty: where distributions install it." },
        { .name = "every",
          .type = SETTING_DURATION,
          .def = 1800 * USEC_PER_SEC,
          .min = 60 * USEC_PER_SEC,
          .max = 604800 * USEC_PER_SEC,
          .doc = "Time between two readings of a disk." },
        { .name = "timeout",
          .type = SETTING_DURATION,
          .def = 60 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 3600 * USEC_PER_SEC,
          .doc = "Timeout of a disk's answer." },
        { .name = "parallel",
          .type = SETTING_COUNT,
          .def = 4,
          .min = 1,
          .max = 64,
          .doc = "Number of disks read at once." },
        { .name = "devices",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Disks to read instead of scanning for them: \"/dev/sda /dev/sdb=sat "
                 "/dev/bus/0=megaraid,4\". Empty: scan." },
        { 0 },
};

/* "/dev/sdb=sat": a device, and its type where that has to be told. */
static int devices_parse(Arena *a, const char *text, const SmartDevice **ret, uint32_t *ret_n) {
        SmartDevice *to = arena_new(a, SmartDevice, DEVICES_MOST);
        Span rest = { text, strlen(text) }, word;
        uint32_t n = 0;

        while (to && n < DEVICES_MOST && word_next(&rest, &word)) {
                const char *equals = memchr(word.at, '=', word.n);
                size_t length = equals ? (size_t) (equals - word.at) : word.n;

                if (!span_starts(word, "/dev/"))
                        return -EINVAL;
                to[n].name = text_copy(a, word.at, length);
                to[n].type = equals ? text_copy(a, equals + 1, word.n - length - 1) : "";
                if (!to[n].name || !to[n].type)
                        return -ENOMEM;
                n++;
        }
        if (!to)
                return -ENOMEM;
        *ret = n > 0 ? to : NULL;
        *ret_n = n;
        return 0;
}

static int smart_open(void *state, const CollectorEnv *env) {
        SmartState *s = state;
        int r = arena_open(SCRATCH_BYTES, &s->scratch);

        if (r == 0)
                r = arena_open(SCRATCH_BYTES, &s->kept);
        if (r < 0)
                return r;
        s->every = collector_int(env, &collector_smart, "every");
        s->timeout = collector_int(env, &collector_smart, "timeout");
        s->parallel = (uint32_t) collector_int(env, &collector_smart, "parallel");
        r = devices_parse(&s->kept, collector_text(env, &collector_smart, "devices"), &s->listed,
                          &s->n_listed);
        if (r < 0)
                return r;
        r = tool_find(&s->kept, env->root, collector_text(env, &collector_smart, "tool"), smart_usual,
                      &s->tool);
        s->by_nvme_cli = r == 1;
        return r == 1 ? tool_find(&s->kept, env->root, collector_text(env, &collector_smart, "nvme_tool"),
                                  nvme_usual, &s->tool)
                      : r;
}

/* ---- which disks there are ---- */
static int scan_collect(SmartState *s, const CollectorEnv *env, usec_t now) {
        const SmartDevice *devices;
        ToolOutput out;
        uint32_t n;
        int r = tool_run_collect(&s->scan, &s->scratch, now, &out);

        if (r > 0) /* it runs, or there was none */
                return 0;
        if (r == 0)
                r = smart_scan_parse(&s->scratch, out.text, out.n, &devices, &n);
        if (r == 0)
                r = smart_disks_update(&s->disks, env->root, devices, n, now, MISSING_KEEP);
        s->scanned = r == 0 || s->scanned;
        s->scan_error = r;
        return r == -ENOMEM ? r : 0;
}

static int scan_start(SmartState *s, const CollectorEnv *env, usec_t now) {
        const ToolCommand command = { .words = { s->tool, "--json", "--scan" },
                                      .limit = s->timeout,
                                      .most = OUTPUT_MOST };

        if (now < s->scan_due || s->scan.pid > 0)
                return 0;
        s->scan_due = now + SCAN_EVERY;
        if (s->listed) {
                s->scanned = true;
                return smart_disks_update(&s->disks, env->root, s->listed, s->n_listed, now, MISSING_KEEP);
        }
        if (s->by_nvme_cli) {
                const SmartDevice *devices = NULL;
                uint32_t n = 0;
                int r = nvme_list(&s->scratch, env->root, &devices, &n);

                s->scanned = r == 0 || s->scanned;
                s->scan_error = r;
                return r == 0 ? smart_disks_update(&s->disks, env->root, devices, n, now, MISSING_KEEP)
                       : r == -ENOMEM ? r
                                      : 0;
        }
        s->scan_error = tool_run_start(&s->scan, &command, now);
        return 0;
}

/* ---- asking them ---- */
/* Flash behind ATA tells how worn it is in a log of its own, which nothing else has. */
static bool wears_by_log(const SmartDisk *d) {
        return strcmp(d->facts.kind, "ssd") == 0 && strcmp(d->facts.transport, "ata") == 0;
}

static int disk_start(const SmartState *s, SmartDisk *d, usec_t now) {
        char device_type[64];
        ToolCommand command = { .words = { s->tool, "--json", "--nocheck=standby", "--info", "--health",
                                           "--attributes", "--log=error", "--log=selftest" },
                                .limit = s->timeout,
                                .most = OUTPUT_MOST };
        const ToolCommand by_nvme = { .words = { s->tool, "smart-log", d->device, "--output-format=json" },
                                      .limit = s->timeout,
                                      .most = OUTPUT_MOST };
        uint32_t n = 8;

        if (d->by_nvme_cli)
                return tool_run_start(&d->run, &by_nvme, now);
        (void) snprintf(device_type, sizeof(device_type), "--device=%s", d->type);
        if (wears_by_log(d))
                command.words[n++] = "--log=devstat";
        if (*d->type && strcmp(d->type, "scsi") != 0)
                command.words[n++] = device_type;
        command.words[n++] = d->device;
        return tool_run_start(&d->run, &command, now);
}

static uint32_t disks_collect(SmartState *s, usec_t now) {
        uint32_t running = 0;

        for (uint32_t i = 0; i < s->disks.n; i++) {
                SmartDisk *d = s->disks.disks[i];
                ToolOutput out = { 0 };
                int r = tool_run_collect(&d->run, &s->scratch, now, &out);

                if (r <= 0)
                        smart_disk_answer(d, r, &out, now);
                if (r == 0 && d->asked == 1 && wears_by_log(d) && d->facts.wear < 0)
                        d->due = now; /* now that it is known to be flash, ask for what flash has */
                running += d->run.pid > 0 && !tool_run_is_stuck(&d->run);
        }
        return running;
}

/* Those that are due, a few at a time. In the first rounds a disk's turn is moved by its place in the list,
 * so that they come one by one over the interval. */
static uint32_t disks_start(SmartState *s, uint32_t running, usec_t now) {
        for (uint32_t i = 0; i < s->disks.n && running < s->parallel; i++) {
                SmartDisk *d = s->disks.disks[i];
                int r;

                if (d->gone > 0 || now < d->due || d->run.pid > 0)
                        continue;
                r = disk_start(s, d, now);
                if (r < 0)
                        smart_disk_answer(d, r, NULL, now);
                else
                        running++;
                d->due = now + (d->asked++ > 1 ? s->every : s->every / s->disks.n * (i + 1));
        }
        return running;
}

/* ---- telling of them ---- */
static int smart_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        SmartState *s = state;
        uint32_t running, unasked = 0;
        int r;

        arena_rewind(&s->scratch, 0);
        r = scan_collect(s, env, now);
        if (r == 0)
                r = scan_start(s, env, now);
        if (r < 0)
                return r;
        running = disks_start(s, disks_collect(s, now), now);
        for (uint32_t i = 0; r == 0 && i < s->disks.n; i++) {
                unasked += s->disks.disks[i]->asked == 0 && s->disks.disks[i]->gone == 0;
                r = smart_disk_emit(s->disks.disks[i], now, sink);
        }
        if (r == 0 && !s->scanned && s->scan_error < 0)
                return s->scan_error;
        return r < 0 ? r : running > 0 || unasked > 0 || (s->scan.pid > 0 && !tool_run_is_stuck(&s->scan));
}

static void smart_close(void *state) {
        SmartState *s = state;

        tool_run_close(&s->scan);
        smart_disks_close(&s->disks);
        arena_close(&s->scratch);
        arena_close(&s->kept);
}

const Collector collector_smart = {
        .name = "smart",
        .summary = "health of disks: ATA, SCSI, NVMe, also behind RAID controllers (smartctl)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .settings = smart_settings,
        .state_size = sizeof(SmartState),
        .open = smart_open,
        .read = smart_read,
        .close = smart_close,
};
