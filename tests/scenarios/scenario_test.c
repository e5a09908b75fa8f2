/* SPDX-License-Identifier: Apache-2.0 */
/* Stories: tests/scenarios/NAME/{README, cluster.json, settings, settings.yaml, plan}. The plan is expected
 * word for word; every one is also judged, and planned again after it was carried out: then nothing moves.
 * BLESS=1 writes `plan` anew; STORY=NAME: of this story alone.
 *
 * settings (optional): "section.name = value" lines, '#' begins a comment. Unless it says otherwise nothing is kept for
 * hosts, and QEMU needs nothing (memory.keep_for_host, memory.per_vm): figures of stories are round. "budget.moves", "budget.gib" and
 * "budget.minutes" are what a round may cost; a plan that was cut short by one is not planned again. "about = HOST" (once
 * for each): what leaves it moves, and what must make way for that.
 * settings.yaml (optional): a settings file, with rules.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>

#include "scheduler/app/settings/settings_file.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"
#include "tests/random_cluster.h"

#define STORIES SOURCE_DIR "/tests/scenarios"
#define NAME    64

typedef struct Story {
        char name[NAME];
} Story;

static Arena arena;

static char *slurp(const char *path) {
        FILE *f = fopen(path, "rb");
        size_t n = 0, size = 1 << 20;
        char *text;

        if (!f)
                return NULL;
        text = arena_new(&arena, char, size);
        cr_assert_not_null(text);
        n = fread(text, 1, size - 1, f);
        cr_assert_lt(n, size - 1, "%s is too long", path);
        (void) fclose(f);
        return text;
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const Story *) a)->name, ((const Story *) b)->name);
}

static size_t list_stories(Story *stories, size_t most) {
        const char *only = getenv("STORY");
        DIR *dir = opendir(STORIES);
        size_t n = 0;

        for (struct dirent *e; dir && (e = readdir(dir));) {
                if (e->d_name[0] == '.' || strchr(e->d_name, '.') || strlen(e->d_name) >= NAME ||
                    (only && strcmp(only, e->d_name) != 0))
                        continue;
                cr_assert_lt(n, most);
                memcpy(stories[n++].name, e->d_name, strlen(e->d_name) + 1);
        }
        if (dir)
                (void) closedir(dir);
        qsort(stories, n, sizeof(*stories), by_name);
        return n;
}

static void set_budget(PlanRequest *request, const char *key, const char *value) {
        int64_t n = strtoll(value, NULL, 10);

        if (strcmp(key, "budget.moves") == 0)
                request->max_moves = (uint32_t) n;
        else if (strcmp(key, "budget.gib") == 0)
                request->max_mib = n * 1024;
        else if (strcmp(key, "budget.minutes") == 0)
                request->max_ms = n * 60000;
        else
                cr_assert_fail("%s is no budget", key);
}

static void add_about(PlanRequest *request, const char *host) {
        const char **hosts = arena_new(&arena, const char *, (size_t) request->about.n + 1);

        if (request->about.n > 0)
                memcpy(hosts, request->about.at, sizeof(*hosts) * request->about.n);
        hosts[request->about.n] = text_copy(&arena, host, strlen(host));
        request->about = (Strings){ .at = hosts, .n = request->about.n + 1 };
}

static const Settings *read_settings(const char *story, PlanRequest *request) {
        Settings *settings = (Settings *) default_settings(&arena);
        char *text = slurp(text_format(&arena, "%s/%s/settings", STORIES, story)), *rest = NULL;

        for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
             line = strtok_r(NULL, "\n", &rest)) {
                char key[64], value[64];
                TextFault fault = { 0 };

                if (*line == '#')
                        continue;
                cr_assert_eq(2, sscanf(line, "%63[^ =] = %63[^\n]", key, value), "%s: %s", story, line);
                if (strncmp(key, "budget.", 7) == 0)
                        set_budget(request, key, value);
                else if (strcmp(key, "about") == 0)
                        add_about(request, value);
                else
                        cr_assert_eq(0, settings_set(settings, key, value, &fault), "%s: %s: %s", story, line,
                                     fault.what);
        }
        text = slurp(text_format(&arena, "%s/%s/settings.yaml", STORIES, story));
        if (text) {
                TextFault fault = { 0 };

                cr_assert_eq(0, settings_file_apply(text, strlen(text), settings, &fault), "%s:%u:%u: %s: %s",
                             story, fault.line, fault.column, fault.field, fault.what);
        }
        return settings;
}

static const Snapshot *read_cluster(const char *story, const Settings *settings) {
        const char *text = slurp(text_format(&arena, "%s/%s/cluster.json", STORIES, story));
        const Snapshot *s = NULL;
        TextFault fault = { 0 };
        Brake brake;

        cr_assert_not_null(text, "%s has no cluster.json", story);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &fault), "%s line %u: %s %s",
                     story, fault.line, fault.field, fault.what);
        cr_assert_eq(0, rules_apply(&arena, s, settings_rules(settings), &s));
        cr_assert_eq(0, brake_judge(&arena, s, settings, &brake));
        cr_assert_eq(0, brake_apply(&arena, s, &brake, &s));
        return s;
}

static void tell_load(FILE *out, const Snapshot *s, const Plan *plan) {
        for (uint32_t r = 0; r < plan->n_res; r++) {
                const Spread *b = &plan->before.spread[r], *e = &plan->after.spread[r];

                if (b->max_host == IX_NONE || (b->max == 0 && e->max == 0))
                        continue;
                (void) fprintf(out, "%s: highest %lld.%lld %% (%s)", plan->res_names[r],
                               (long long) b->max / 10, (long long) b->max % 10, s->hosts[b->max_host].name);
                if (plan->n_moves > 0)
                        (void) fprintf(out, ", then %lld.%lld %% (%s)", (long long) e->max / 10,
                                       (long long) e->max % 10, s->hosts[e->max_host].name);
                (void) fprintf(out, "\n");
        }
        (void) fprintf(out, "hosts above their load line: %u", plan->before.over_limit);
        if (plan->n_moves > 0)
                (void) fprintf(out, ", then %u", plan->after.over_limit);
        (void) fprintf(out, "\n");
}

static void tell_refused(FILE *out, const Snapshot *s, const Refused *r) {
        const Vm *vm = &s->vms[r->vm];
        bool held = vm->hold != HOLD_NONE && r->reason == reason_of_unmovable(vm);

        (void) fprintf(out, "  %s: %s (%u host%s)\n", vm->name,
                       held ? vm->unmovable_why : reason_texts[r->reason], r->hosts,
                       r->hosts == 1 ? "" : "s");
        if (r->by)
                (void) fprintf(out, "      %s\n", r->by);
}

static void tell_reserve(FILE *out, const PlanReserve *r) {
        if (r->losses > 0)
                (void) fprintf(out, "losses not covered: %u of %u, then %u\n", r->uncovered_before, r->cases,
                               r->uncovered_after);
        if (r->gap)
                (void) fprintf(out, "reserve: %s\n", r->gap);
}

static void tell_idle(FILE *out, const Snapshot *s, const Plan *plan) {
        for (uint32_t i = 0; i < plan->n_idle; i++)
                (void) fprintf(out, "idle: %s (%s)\n", s->hosts[plan->idle[i].host].name,
                               idle_why_names[plan->idle[i].why]);
}

static void tell_late(FILE *out, const Snapshot *s, const Plan *plan) {
        if (plan->n_late > 0)
                (void) fprintf(out, "\nnot in time\n");
        for (uint32_t i = 0; i < plan->n_late; i++) {
                const PlanLate *l = &plan->late[i];

                (void) fprintf(out, "  %s: should have left %s within %lld s, ", s->vms[l->vm].name,
                               s->hosts[s->vms[l->vm].host].name, (long long) l->within_ms / 1000);
                if (l->ms == UNKNOWN)
                        (void) fprintf(out, "and stays\n");
                else
                        (void) fprintf(out, "has after %lld s\n", (long long) l->ms / 1000);
        }
}

static const char *told(const Snapshot *s, const Plan *plan) {
        char *text = NULL;
        const char *copy;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);

        cr_assert_not_null(out);
        (void) fprintf(out, "%s\n", plan_status_names[plan->status]);
        tell_load(out, s, plan);
        tell_reserve(out, &plan->reserve);
        tell_idle(out, s, plan);
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];

                if (i == 0 || m->wave != plan->moves[i - 1].wave)
                        (void) fprintf(out, "\nwave %u\n", m->wave + 1);
                (void) fprintf(out, "  %s: %s → %s\n      %s\n", s->vms[m->move.vm].name,
                               s->hosts[m->move.from].name, s->hosts[m->move.to].name, m->why);
        }
        if (plan->n_refused > 0)
                (void) fprintf(out, "\nnot possible\n");
        for (uint32_t i = 0; i < plan->n_refused; i++)
                tell_refused(out, s, &plan->refused[i]);
        if (plan->lacks)
                (void) fprintf(out, "  %s\n", plan->lacks);
        if (plan->n_conflicts > 0)
                (void) fprintf(out, "\nthese cannot hold together\n");
        for (uint32_t i = 0; i < plan->n_conflicts; i++)
                (void) fprintf(out, "  %s%s\n", plan->conflicts[i].text,
                               plan->conflicts[i].smallest ? "" : " (not proven to be the smallest set)");
        tell_late(out, s, plan);
        if (s->notes.n > 0)
                (void) fprintf(out, "\nnotes\n");
        for (uint32_t i = 0; i < s->notes.n; i++)
                (void) fprintf(out, "  %s\n", s->notes.at[i]);
        (void) fclose(out);
        copy = text_copy(&arena, text, n);
        free(text);
        return copy;
}

static void compare_plan(const char *story, const char *got) {
        const char *path = text_format(&arena, "%s/%s/plan", STORIES, story), *expected = slurp(path);

        if (getenv("BLESS")) {
                FILE *f = fopen(path, "w");

                cr_assert_not_null(f);
                (void) fputs(got, f);
                (void) fclose(f);
                return;
        }
        cr_assert_not_null(expected, "%s has no plan: run with BLESS=1, and read what it wrote", story);
        if (strcmp(expected, got) != 0)
                cr_assert_fail("%s: expected\n%s\ngot\n%s", story, expected, got);
}

/* Tables are hashed under a key by chance: under another one the story is told in the same words. */
static void expect_same_under_another_key(const char *story, const char *before) {
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        const HashKey key = arena.key;
        const Settings *settings;
        const Snapshot *s;
        const Plan *plan = NULL;

        arena.key = (HashKey){ ~key.k0, key.k1 + 1 };
        settings = read_settings(story, &request);
        s = read_cluster(story, settings);
        cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &plan), "%s", story);
        cr_assert_str_eq(before, told(s, plan));
        arena.key = key;
}

ParameterizedTestParameters(scenarios, story) {
        Story *stories = cr_malloc(sizeof(Story) * 512);

        return cr_make_param_array(Story, stories, list_stories(stories, 512));
}

ParameterizedTest(Story *story, scenarios, story) {
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        const Settings *settings;
        const Snapshot *s;
        const Plan *plan = NULL, *again = NULL;
        const Objection *objections = NULL;
        bool capped;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        cr_assert_not_null(slurp(text_format(&arena, "%s/%s/README", STORIES, story->name)),
                           "%s has no README", story->name);
        settings = read_settings(story->name, &request);
        s = read_cluster(story->name, settings);
        cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &plan), "%s", story->name);
        compare_plan(story->name, told(s, plan));
        expect_same_under_another_key(story->name, told(s, plan));
        cr_assert_eq(0, objections_to(&arena, s, settings, plan, &objections), "%s: %s", story->name,
                     objections ? objections[0].text : "");
        capped = request.max_moves != UINT32_MAX || request.max_mib != INT64_MAX ||
                 request.max_ms != INT64_MAX;
        if (capped)
                return;
        s = snapshot_after(&arena, s, plan);
        cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &again));
        cr_assert_eq(0, again->n_moves, "%s: planned again it moves %s: %s", story->name,
                     again->n_moves ? s->vms[again->moves[0].move.vm].name : "",
                     again->n_moves ? again->moves[0].why : "");
}
