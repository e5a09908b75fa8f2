/* SPDX-License-Identifier: Apache-2.0 */
/* exec: commands of the operator that print faults as docs/fault-file.md says, run now and then, without a
 * shell. What one said counts until it says something else; one that fails says nothing, and is complained
 * of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/disks/tool_faults.h"
#include "collectors/parse/fault_file.h"
#include "collectors/read/collector_value.h"
#include "collectors/read/file_trust.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/tool_run.h"
#include "scheduler/base/text.h"

#define COMMANDS_MOST 16
#define SCRATCH_BYTES (UINT64_C(16) << 20)

extern const Collector collector_exec;

typedef struct ExecCommand {
        ToolCommand command;
        const char *name; /* its last path component: the subject of what it says */
        ToolRun run;
        usec_t next; /* monotonic; 0: at once */
        char *said;  /* malloced: its last good output; NULL: none yet */
        size_t n_said;
        char failed[160];  /* why the last run failed; "": it did not */
        char refused[400]; /* why it is not run; "": it is */
} ExecCommand;

typedef struct ExecState {
        Arena words, scratch; /* words: of the commands, for all of the agent's life */
        ExecCommand commands[COMMANDS_MOST];
        uint32_t n;
} ExecState;

/* "/path/to/tool --json" → words. 0; 1: nothing in it; -EINVAL; -ENOMEM. */
static int command_parse(ExecState *s, const char *text, size_t n, const CollectorEnv *env) {
        ExecCommand *c = &s->commands[s->n];
        char *copy = text_copy(&s->words, text, n), *rest = NULL;
        int count = 0;

        if (!copy)
                return -ENOMEM;
        for (char *w = strtok_r(copy, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
                if (count == TOOL_WORDS_MAX)
                        return -EINVAL;
                c->command.words[count++] = w;
        }
        if (count == 0)
                return 1;
        if (c->command.words[0][0] != '/')
                return -EINVAL;
        c->name = strrchr(c->command.words[0], '/') + 1;
        if (!text_is_name(c->name, strlen(c->name)) || strlen(c->name) > 200)
                return -EINVAL;
        for (uint32_t i = 0; i < s->n; i++) /* the same tool twice, with other arguments */
                if (strcmp(s->commands[i].name, c->name) == 0)
                        c->name = text_format(&s->words, "%s:%u", c->name, s->n + 1);
        if (!c->name)
                return -ENOMEM;
        c->command.limit = collector_int(env, &collector_exec, "limit");
        c->command.most = FAULT_FILE_MOST;
        s->n++;
        return 0;
}

static int exec_open(void *state, const CollectorEnv *env) {
        ExecState *s = state;
        const char *list = collector_text(env, &collector_exec, "commands");
        int r;

        if (!env->root)
                return 1;
        r = arena_open(SCRATCH_BYTES, &s->scratch);
        if (r == 0)
                r = arena_open(SCRATCH_BYTES, &s->words);
        for (const char *at = list; r >= 0 && *at; at += *at == ';') {
                size_t n = strcspn(at, ";");

                if (s->n == COMMANDS_MOST)
                        return -E2BIG;
                r = command_parse(s, at, n, env);
                at += n;
        }
        if (r < 0)
                return r;
        return s->n == 0 ? 1 : 0;
}

static int said_keep(ExecCommand *c, const ToolOutput *out) {
        char *copy = malloc(out->n + 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, out->text, out->n);
        copy[out->n] = '\0';
        free(c->said);
        c->said = copy;
        c->n_said = out->n;
        c->failed[0] = '\0';
        return 0;
}

/* `status` < 0: it has none. */
static void exec_fail(ExecCommand *c, const char *words, int status) {
        if (status < 0)
                (void) snprintf(c->failed, sizeof(c->failed), "%s", words);
        else
                (void) snprintf(c->failed, sizeof(c->failed), "%s %d", words, status);
}

/* It runs with the agent's rights: nobody but root and the agent's user may be able to change it. One that is not
 * there fails when it is started. */
static bool exec_is_trusted(ExecState *s, ExecCommand *c) {
        const char *why = "";

        if (file_trust_path(&s->scratch, c->command.words[0], &why) != 1)
                why = "";
        (void) snprintf(c->refused, sizeof(c->refused), "%s", why);
        return !*why;
}

/* 0; 1: it runs; -ENOMEM. */
static int command_turn(ExecState *s, ExecCommand *c, const CollectorEnv *env, usec_t now) {
        ToolOutput out;
        int r = tool_run_collect(&c->run, &s->scratch, now, &out);

        if (r == -ENOMEM)
                return r;
        if (r == 0 && out.status == 0)
                return said_keep(c, &out);
        if (r == 0)
                exec_fail(c, "its exit status was", out.status);
        else if (r < 0)
                exec_fail(c,
                          r == -ETIMEDOUT ? "it did not finish in time and was killed"
                          : r == -ENOEXEC ? "it cannot be executed"
                          : r == -EFBIG   ? "it printed more than 64 KiB"
                                          : "it was killed by a signal",
                          -1);
        if (r != 2 || now < c->next)
                return r == 1 ? 1 : 0;
        c->next = now + collector_int(env, &collector_exec, "every");
        if (!exec_is_trusted(s, c))
                return 0;
        r = tool_run_start(&c->run, &c->command, now);
        if (r < 0)
                exec_fail(c, "it could not be started", -1);
        return r < 0 ? 0 : 1;
}

static bool exec_is_blank(const char *text) {
        return text[strspn(text, " \t\r\n")] == '\0';
}

typedef int Complain(const char *source, const char *why, SampleSink *sink);

static int exec_complain(ExecState *s, const ExecCommand *c, const char *why, Complain *complain,
                         SampleSink *sink) {
        const char *name = text_format(&s->scratch, "%s (command)", c->name);

        return name ? complain(name, why, sink) : -ENOMEM;
}

static int exec_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        ExecState *s = state;
        bool waits = false;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < s->n; i++) {
                ExecCommand *c = &s->commands[i];

                arena_rewind(&s->scratch, 0);
                r = command_turn(s, c, env, now);
                waits = waits || r == 1;
                r = r == 1 ? 0 : r;
                if (r == 0 && c->said && !exec_is_blank(c->said))
                        r = tool_faults_emit(&s->scratch, c->name, c->said, c->n_said, clock_now(), sink);
                if (r == 0 && c->refused[0])
                        r = exec_complain(s, c, c->refused, tool_faults_refuse, sink);
                else if (r == 0 && c->failed[0])
                        r = exec_complain(s, c, c->failed, tool_faults_complain, sink);
        }
        return r < 0 ? r : waits;
}

static void exec_close(void *state) {
        ExecState *s = state;

        for (uint32_t i = 0; i < s->n; i++) {
                tool_run_close(&s->commands[i].run);
                free(s->commands[i].said);
        }
        arena_close(&s->words);
        arena_close(&s->scratch);
}

static const SettingDef exec_settings[] = {
        { .name = "commands",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Commands that print faults (docs/fault-file.md), separated by semicolons. Each is an "
                 "absolute path with arguments separated by spaces; no shell is used." },
        { .name = "every",
          .type = SETTING_DURATION,
          .def = 60 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "Time between two runs of a command." },
        { .name = "limit",
          .type = SETTING_DURATION,
          .def = 10 * USEC_PER_SEC,
          .min = 100 * USEC_PER_MSEC,
          .max = 3600 * USEC_PER_SEC,
          .doc = "Timeout of a command; it is then killed." },
        { 0 },
};

const Collector collector_exec = {
        .name = "exec",
        .summary = "faults reported by the operator's own commands",
        .runs = RUNS_ON_HOST,
        .settings = exec_settings,
        .state_size = sizeof(ExecState),
        .open = exec_open,
        .read = exec_read,
        .close = exec_close,
};
