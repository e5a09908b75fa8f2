/* SPDX-License-Identifier: Apache-2.0 */
/* Fixtures of what tools, the kernel and BMCs print of failing hardware: tests/fixtures/faults/SOURCE/CASE/, each with
 * its input files and a file `expected`, a line each:
 *
 *   form TEXT           which tool and version prints so
 *   tells TEXT          the state it is of, as docs/faults.md has it
 *   grade DEVICE N      a fault; these are all there are
 *   all DEVICE          that fault concerns all of the host; else the VMs on it
 *   unread NAME         it is in item.unread; these are all there are
 *
 * Beside it may lie `facts`: what else the host reports ("[collector]", then "metric subject value" lines); else those
 * of fixtures/faults/facts. An input is run through its collector's own code, and then graded. Owner: the test's arena. */
#pragma once

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/disks/smart_disks.h"
#include "collectors/disks/tool_answers.h"
#include "collectors/parse/json_pick.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "collectors/remote/redfish_walk.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/fault_grade.h"

#define FAULT_FIXTURES SOURCE_DIR "/tests/fixtures/faults"
#define FIXTURE_FILES  64
#define FIXTURE_NOW    (INT64_C(4000) * USEC_PER_SEC) /* monotonic */
#define FIXTURE_T0     (INT64_C(1772366400) * USEC_PER_SEC)

typedef struct FixtureFile {
        const char *name, *text;
        size_t n;
} FixtureFile;

typedef struct Fixture {
        Arena *arena;
        const char *source, *name;
        const char *expected, *facts; /* texts */
        FixtureFile files[FIXTURE_FILES];
        uint32_t n;
} Fixture;

static inline const FixtureFile *fixture_file(const Fixture *f, const char *name) {
        for (uint32_t i = 0; i < f->n; i++)
                if (strcmp(f->files[i].name, name) == 0)
                        return &f->files[i];
        return NULL;
}

static inline const char *fixture_text(Arena *a, const char *path, size_t *ret_n) {
        const char *text;

        if (file_slurp(a, "", path, &text, ret_n) < 0)
                return NULL;
        return text_copy(a, text, *ret_n);
}

static inline int fixture_is_shown(const struct dirent *e) {
        return e->d_name[0] != '.';
}

static inline Fixture fixture_load(Arena *a, const char *source, const char *name) {
        const char *dir = text_format(a, FAULT_FIXTURES "/%s/%s", source, name);
        Fixture f = { .arena = a, .source = source, .name = name };
        struct dirent **entries;
        int n = scandir(dir, &entries, fixture_is_shown, alphasort);
        size_t size;

        cr_assert_gt(n, 0, "%s", dir);
        for (int i = 0; i < n; i++) {
                const char *path = text_format(a, "%s/%s", dir, entries[i]->d_name);
                const char *text = fixture_text(a, path, &size);

                cr_assert(text && f.n < FIXTURE_FILES, "%s", path);
                if (strcmp(entries[i]->d_name, "expected") == 0)
                        f.expected = text;
                else if (strcmp(entries[i]->d_name, "facts") == 0)
                        f.facts = text;
                else
                        f.files[f.n++] =
                                (FixtureFile){ text_copy(a, entries[i]->d_name, strlen(entries[i]->d_name)),
                                               text, size };
                free(entries[i]);
        }
        free(entries);
        if (!f.facts)
                f.facts = fixture_text(a, FAULT_FIXTURES "/facts", &size);
        cr_assert(f.expected && f.facts && f.n > 0, "%s lacks `expected`, or has no input", dir);
        return f;
}

/* ---- its collector ---- */

static inline int fixture_answers(const Fixture *f, const ToolSeriesDef *def, const char *const *names,
                                  SampleSink *sink) {
        ToolOutput outputs[SERIES_MAX] = { 0 };
        const SeriesAnswers answers = { .outputs = outputs, .scratch = f->arena };

        for (uint32_t i = 0; i < SERIES_MAX && names[i]; i++) {
                const FixtureFile *file = fixture_file(f, names[i]);

                if (file)
                        outputs[i] = (ToolOutput){ .text = file->text, .n = file->n };
        }
        return def->tell(&answers, sink);
}

/* Makes all folders of the path below its first n letters, which are one; what stands after the last / is none. */
static inline void fixture_folders(char *path, size_t n) {
        for (char *slash = strchr(path + n + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                cr_assert(mkdir(path, 0755) == 0 || errno == EEXIST, "%s", path);
                *slash = '/';
        }
}

/* "bus0+megaraid,4.json" → /dev/bus/0 of type megaraid,4. NVMe disks have one namespace. */
static inline int fixture_smart(const Fixture *f, const char *root, bool by_nvme_cli, SampleSink *sink) {
        SmartDisks *disks = arena_new(f->arena, SmartDisks, 1);
        int r = 0;

        for (uint32_t i = 0; i < f->n && r == 0; i++) {
                const char *file = f->files[i].name, *plus = strchr(file, '+');
                size_t n = plus ? (size_t) (plus - file) : strcspn(file, ".");
                const char *base = text_copy(f->arena, file, n);
                SmartDevice device = {
                        .name = strncmp(base, "bus", 3) == 0 ? text_format(f->arena, "/dev/bus/%s", base + 3)
                                                             : text_format(f->arena, "/dev/%s", base),
                        .type = plus ? text_copy(f->arena, plus + 1, strcspn(plus + 1, ".")) : "",
                        .by_nvme_cli = by_nvme_cli,
                };
                json_t *j = json_document(f->files[i].text, f->files[i].n);
                int64_t status = json_whole_at(j, "smartctl.exit_status");
                ToolOutput out = { .text = f->files[i].text,
                                   .n = f->files[i].n,
                                   .status = status > 0 ? (int) status : 0 };
                char path[512];

                json_decref(j);
                (void) snprintf(path, sizeof(path),
                                strncmp(base, "nvme", 4) == 0 ? "%s/sys/class/nvme/%s/%sn1/"
                                                              : "%s/sys/block/%s/",
                                root, base, base);
                fixture_folders(path, strlen(root));
                *disks = (SmartDisks){ 0 };
                r = smart_disks_update(disks, root, &device, 1, FIXTURE_NOW, 0);
                cr_assert_eq(disks->n, 1);
                disks->disks[0]->asked = 2;
                smart_disk_answer(disks->disks[0], 0, &out, FIXTURE_NOW);
                if (r == 0)
                        r = smart_disk_emit(disks->disks[0], FIXTURE_NOW, sink);
                smart_disks_close(disks);
        }
        return r;
}

/* "path content" a line; "~" in the content is a newline, "-" is an empty file. */
static inline void fixture_tree(const Fixture *f, const char *root) {
        const FixtureFile *file = fixture_file(f, "sys");

        for (const char *s = file ? file->text : ""; *s; s += strcspn(s, "\n"), s += *s == '\n') {
                char path[300], content[300] = "", full[700];
                FILE *to;

                if (sscanf(s, "%299s %299[^\n]", path, content) < 1 || s[0] == '\n')
                        continue;
                (void) snprintf(full, sizeof(full), "%s/%s", root, path);
                fixture_folders(full, strlen(root));
                to = fopen(full, "we");
                cr_assert(to, "%s", full);
                for (char *c = content; *c && strcmp(content, "-") != 0; c++)
                        (void) fputc(*c == '~' ? '\n' : *c, to);
                (void) fputc('\n', to);
                (void) fclose(to);
        }
        file = fixture_file(f, "kmsg");
        if (file) {
                char full[700];
                FILE *to;

                (void) snprintf(full, sizeof(full), "%s/dev", root);
                (void) mkdir(full, 0755);
                (void) snprintf(full, sizeof(full), "%s/dev/kmsg", root);
                to = fopen(full, "we");
                cr_assert(to);
                (void) fwrite(file->text, 1, file->n, to);
                (void) fclose(to);
        }
}

static inline int fixture_collector(const Fixture *f, const char *root, SampleSink *sink) {
        CollectorSet all = collectors_all();
        CollectorEnv env = { .root = root };
        const Collector *c = NULL;
        void *state;
        int r;

        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.collectors[i]->name, f->source) == 0)
                        c = all.collectors[i];
        cr_assert(c, "%s is no collector", f->source);
        fixture_tree(f, root);
        state = calloc(1, c->state_size);
        r = c->open(state, &env);
        if (r == 0)
                r = c->read(state, &env, FIXTURE_NOW, sink);
        c->close(state);
        free(state);
        return r;
}

static inline int fixture_page(void *arg, const char *path, json_t **ret) {
        json_t *page = json_object_get(arg, path);

        if (!page)
                return 1;
        if (!json_is_object(page))
                return -EBADMSG;
        *ret = json_incref(page);
        return 0;
}

static inline int fixture_redfish(const Fixture *f, SampleList *list) {
        const FixtureFile *file = fixture_file(f, "pages");
        json_t *pages = file ? json_document(file->text, file->n) : NULL;
        const RedfishSource source = { .get = fixture_page, .arg = pages };
        int r;

        cr_assert(pages, "%s/%s: `pages` is no JSON", f->source, f->name);
        r = redfish_walk(&source, json_object_get(pages, "/redfish/v1/"), f->arena, list);
        json_decref(pages);
        return r;
}

static inline int fixture_remove(const char *path, const struct stat *st, int type, struct FTW *at) {
        (void) st;
        (void) type;
        (void) at;
        return remove(path);
}

/* What the collector makes of it. Its return value. */
static inline int fixture_run(const Fixture *f, SampleList *ret) {
        static const struct {
                const char *source;
                const ToolSeriesDef *def;
                const char *names[SERIES_MAX + 1];
        } series[] = {
                { "megaraid", &megaraid_series, { "c", "v", "d", "s" } },
                { "hpraid", &hpraid_series, { "config" } },
                { "zfs", &zfs_series, { "json", "text" } },
                { "multipath", &multipath_series, { "json" } },
        };
        char root[] = "/tmp/plimsoll-fixture-XXXXXX";
        int r = 0;

        *ret = sample_list_over(f->arena);
        for (size_t i = 0; i < ARRAY_SIZE(series); i++)
                if (strcmp(series[i].source, f->source) == 0)
                        return fixture_answers(f, series[i].def, series[i].names, &ret->sink);
        if (strcmp(f->source, "redfish") == 0)
                return fixture_redfish(f, ret);
        cr_assert(mkdtemp(root));
        if (strcmp(f->source, "smart") == 0 || strcmp(f->source, "nvme") == 0)
                r = fixture_smart(f, root, strcmp(f->source, "nvme") == 0, &ret->sink);
        else
                r = fixture_collector(f, root, &ret->sink);
        (void) nftw(root, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
        return r;
}

/* ---- the grade ---- */

static inline void fixture_facts(const Fixture *f, Report *r, Section *sections) {
        for (const char *s = f->facts; *s; s += strcspn(s, "\n"), s += *s == '\n') {
                char metric[64], subject[64], value[256];
                Section *section = r->n_sections > 0 ? &sections[r->n_sections - 1] : NULL;
                Metric m;

                if (sscanf(s, "[%63[^]]]", metric) == 1) {
                        sections[r->n_sections++] =
                                (Section){ .collector = text_copy(f->arena, metric, strlen(metric)),
                                           .read_at = FIXTURE_T0,
                                           .samples = arena_new(f->arena, Sample, 64) };
                        continue;
                }
                if (sscanf(s, "%63s %63s %255[^\n]", metric, subject, value) != 3)
                        continue;
                m = metric_by_name(metric, strlen(metric));
                cr_assert(m < METRIC_N && section, "%s/%s: facts: %s", f->source, f->name, metric);
                ((Sample *) (uintptr_t) section->samples)[section->n_samples++] =
                        (Sample){ .metric = m,
                                  .subject = text_copy(f->arena, subject, strlen(subject)),
                                  .number = strtoll(value, NULL, 10),
                                  .text = text_copy(f->arena, value, strlen(value)) };
        }
}

static inline FaultOutput fixture_grade(const Fixture *f, const SampleList *said, const FaultMemory *memory,
                                        usec_t now) {
        Section *sections = arena_new(f->arena, Section, 16);
        Report r = { .host = "h1", .sent_at = now, .interval = USEC_PER_SEC, .sections = sections };
        FaultInput in = { .report = &r, .memory = memory, .now = now, .hold_permille = 1000 };
        FaultOutput out;

        fixture_facts(f, &r, sections);
        sections[r.n_sections++] = (Section){
                .collector = f->source, .read_at = now, .samples = said->samples, .n_samples = said->n
        };
        cr_assert_eq(0, fault_grade(f->arena, &in, &out));
        return out;
}

static inline const Fault *fixture_fault(const FaultOutput *out, const char *device) {
        for (uint32_t i = 0; i < out->n_faults; i++)
                if (strcmp(out->faults[i].device, device) == 0)
                        return &out->faults[i];
        return NULL;
}

static inline const char *fixture_unread(const SampleList *said, const char *name) {
        for (uint32_t i = 0; i < said->n; i++)
                if (said->samples[i].metric == METRIC_ITEM_UNREAD &&
                    strcmp(said->samples[i].subject, name) == 0)
                        return said->samples[i].text;
        return NULL;
}

/* ---- all of them ---- */

static inline void fixtures_each(Arena *a, void (*each)(const Fixture *f, void *arg), void *arg) {
        struct dirent **sources, **cases;
        int n = scandir(FAULT_FIXTURES, &sources, fixture_is_shown, alphasort);

        cr_assert_gt(n, 0);
        for (int i = 0; i < n; i++) {
                const char *dir = text_format(a, FAULT_FIXTURES "/%s", sources[i]->d_name);
                const char *source = text_copy(a, sources[i]->d_name, strlen(sources[i]->d_name));
                int m = scandir(dir, &cases, fixture_is_shown, alphasort);

                free(sources[i]);
                for (int k = 0; k < m; k++) {
                        ArenaMark mark = arena_mark(a);
                        Fixture f = fixture_load(a, source,
                                                 text_copy(a, cases[k]->d_name, strlen(cases[k]->d_name)));

                        free(cases[k]);
                        each(&f, arg);
                        arena_rewind(a, mark);
                }
                if (m >= 0)
                        free(cases);
        }
        free(sources);
}
