/* SPDX-License-Identifier: Apache-2.0 */
/* hwmon: temperatures against their limits, fans against theirs, and the chips' own alarms (Linux,
 * Documentation/hwmon/sysfs-interface.rst). Disks' own sensors are left to "smart", which does not wake them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collectors/read/collector.h"
#include "collectors/read/number_file.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(16) << 20)
#define CHIPS         "/sys/class/hwmon"
#define LIMIT_LEAST   30000  /* mCel: a limit below is none; boards write 0 where they have none */
#define LIMIT_MOST    150000 /* and absurd ones */

typedef struct HwmonState {
        Arena scratch;
} HwmonState;

typedef struct Chip {
        Arena *a;
        const char *root, *path;
        char name[200]; /* coretemp@coretemp.0: the same after a boot */
} Chip;

static DIR *hwmon_dir_of(Arena *a, const char *root, const char *path) {
        const char *full = path ? text_format(a, "%s%s", root, path) : NULL;

        return full ? opendir(full) : NULL;
}

static int hwmon_open(void *state, const CollectorEnv *env) {
        HwmonState *s = state;
        int r = env->root ? arena_open(SCRATCH_BYTES, &s->scratch) : 1;
        DIR *dir;

        if (r != 0)
                return r;
        dir = hwmon_dir_of(&s->scratch, env->root, CHIPS);
        if (!dir)
                return 1;
        (void) closedir(dir);
        return 0;
}

static int64_t hwmon_number_of(const Chip *c, const char *sensor, const char *what) {
        return number_file(c->a, c->root, text_format(c->a, "%s/%s_%s", c->path, sensor, what));
}

static int64_t limit_of(const Chip *c, const char *sensor, const char *what) {
        int64_t limit = hwmon_number_of(c, sensor, what);

        return limit >= LIMIT_LEAST && limit <= LIMIT_MOST ? limit : UNKNOWN;
}

/* UNKNOWN: the sensor has no alarm. */
static int64_t alarm_of(const Chip *c, const char *sensor) {
        static const char *const alarms[] = { "alarm", "max_alarm", "crit_alarm", "min_alarm", "fault" };
        int64_t any = UNKNOWN;

        for (size_t i = 0; i < ARRAY_SIZE(alarms); i++) {
                int64_t one = hwmon_number_of(c, sensor, alarms[i]);

                if (one != UNKNOWN && any < 1)
                        any = one > 0;
        }
        return any;
}

static int sensor_emit(const Chip *c, const char *sensor, SampleSink *sink) {
        bool fan = strncmp(sensor, "fan", 3) == 0;
        const char *label = line_file(c->a, c->root, text_format(c->a, "%s/%s_label", c->path, sensor));
        const struct {
                Metric metric;
                int64_t number;
        } all[] = {
                { METRIC_SENSOR_TEMPERATURE, fan ? UNKNOWN : hwmon_number_of(c, sensor, "input") },
                { METRIC_SENSOR_TEMPERATURE_MAX, fan ? UNKNOWN : limit_of(c, sensor, "max") },
                { METRIC_SENSOR_TEMPERATURE_CRITICAL, fan ? UNKNOWN : limit_of(c, sensor, "crit") },
                { METRIC_SENSOR_FAN, fan ? hwmon_number_of(c, sensor, "input") : UNKNOWN },
                { METRIC_SENSOR_FAN_MIN, fan ? hwmon_number_of(c, sensor, "min") : UNKNOWN },
                { METRIC_SENSOR_ALARM, alarm_of(c, sensor) },
        };
        char subject[255];
        int r;

        (void) snprintf(subject, sizeof(subject), "%s/%s", c->name, sensor);
        r = emit_text(sink, METRIC_SENSOR_LABEL, subject, label);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(all); i++)
                r = emit_number(sink, all[i].metric, subject, all[i].number);
        return r;
}

/* "temp12_input" → "temp12"; false: another file. */
static bool sensor_of(const char *file, char sensor[16]) {
        size_t n = strcspn(file, "_");

        if ((strncmp(file, "temp", 4) != 0 && strncmp(file, "fan", 3) != 0) ||
            strcmp(file + n, "_input") != 0 || n > 15)
                return false;
        memcpy(sensor, file, n);
        sensor[n] = '\0';
        return true;
}

static bool chip_open(Arena *a, const char *root, const char *entry, Chip *ret) {
        static const char *const disks[] = { "drivetemp", "nvme" };
        const char *name, *link, *device = "";
        char target[512];
        ssize_t n;

        ret->a = a;
        ret->root = root;
        ret->path = text_format(a, CHIPS "/%s", entry);
        name = ret->path ? line_file(a, root, text_format(a, "%s/name", ret->path)) : NULL;
        link = ret->path ? text_format(a, "%s%s/device", root, ret->path) : NULL;
        if (!name || !link)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(disks); i++)
                if (strcmp(name, disks[i]) == 0)
                        return false;
        n = readlink(link, target, sizeof(target) - 1);
        if (n > 0) {
                target[n] = '\0';
                device = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
        }
        (void) snprintf(ret->name, sizeof(ret->name), "%.80s%s%.80s", name, *device ? "@" : "", device);
        return text_is_name(ret->name, strlen(ret->name));
}

static int chip_read(Arena *a, const char *root, const char *entry, SampleSink *sink) {
        Chip chip;
        DIR *dir;
        int r = 0;

        if (!chip_open(a, root, entry, &chip))
                return 0;
        dir = hwmon_dir_of(a, root, chip.path);
        for (struct dirent *e; dir && r == 0 && (e = readdir(dir));) {
                char sensor[16];

                if (sensor_of(e->d_name, sensor))
                        r = sensor_emit(&chip, sensor, sink);
        }
        if (dir)
                (void) closedir(dir);
        return r;
}

static int hwmon_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        Arena *a = &((HwmonState *) state)->scratch;
        DIR *dir;
        int r = 0;

        (void) now;
        arena_rewind(a, 0);
        dir = hwmon_dir_of(a, env->root, CHIPS);
        if (!dir)
                return -ENOENT;
        for (struct dirent *e; r == 0 && (e = readdir(dir));)
                if (strncmp(e->d_name, "hwmon", 5) == 0)
                        r = chip_read(a, env->root, e->d_name, sink);
        (void) closedir(dir);
        return r;
}

static void hwmon_close(void *state) {
        arena_close(&((HwmonState *) state)->scratch);
}

extern const Collector collector_hwmon;
const Collector collector_hwmon = {
        .name = "hwmon",
        .summary = "temperatures and fans and their limits (hwmon)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .state_size = sizeof(HwmonState),
        .open = hwmon_open,
        .read = hwmon_read,
        .close = hwmon_close,
};
