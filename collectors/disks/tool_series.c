/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/disks/tool_series.h"

#include <errno.h>

#include "collectors/read/collector_value.h"

#define ARENA_BYTES (UINT64_C(64) << 20) /* each; reserved, not used */
#define OUTPUT_MOST (4 << 20)            /* a controller with 240 drives says 1 MiB */
#define RETRY       (60 * USEC_PER_SEC)

int tool_series_open(ToolSeries *s, const ToolSeriesDef *def, const CollectorEnv *env) {
        Arena *const arenas[] = { &s->kept, &s->outputs_arena, &s->scratch, &s->shown };

        for (size_t i = 0; i < ARRAY_SIZE(arenas); i++) {
                int r = arena_open(ARENA_BYTES, arenas[i]);

                if (r < 0)
                        return r;
        }
        s->every = collector_int(env, def->collector, "every");
        s->timeout = collector_int(env, def->collector, "timeout");
        return tool_find(&s->kept, env->root,
                         collector_text(env, def->collector, def->setting ? def->setting : "tool"),
                         def->usual, &s->tool);
}

/* ---- a round ---- */
static int question_ask(ToolSeries *s, const ToolSeriesDef *def, usec_t now) {
        ToolCommand command = { .words = { s->tool }, .limit = s->timeout, .most = OUTPUT_MOST };

        for (size_t i = 0; i + 1 < TOOL_WORDS_MAX && def->questions[s->at][i]; i++)
                command.words[i + 1] = def->questions[s->at][i];
        return tool_run_start(&s->run, &command, now);
}

static void round_fail(ToolSeries *s, int error, usec_t now) {
        s->asking = false;
        s->error = error;
        s->due = now + (s->every < RETRY ? s->every : RETRY);
        arena_rewind(&s->shown, 0);
        s->list = sample_list_over(&s->shown);
}

static int round_start(ToolSeries *s, const ToolSeriesDef *def, usec_t now) {
        if (s->asking || now < s->due || s->run.pid > 0)
                return 0;
        arena_rewind(&s->outputs_arena, 0);
        for (uint32_t i = 0; i < SERIES_MAX; i++)
                s->outputs[i] = (ToolOutput){ 0 };
        s->at = 0;
        s->asking = true;
        s->due = now + s->every;
        return question_ask(s, def, now);
}

static int round_tell(ToolSeries *s, const ToolSeriesDef *def) {
        const SeriesAnswers answers = { .outputs = s->outputs, .scratch = &s->scratch };
        int r;

        arena_rewind(&s->scratch, 0);
        arena_rewind(&s->shown, 0);
        s->list = sample_list_over(&s->shown);
        r = def->tell(&answers, &s->list.sink);
        if (r == 0) {
                s->asking = false;
                s->error = 0;
        }
        return r;
}

/* 0; negative errno: the round failed. */
static int round_go_on(ToolSeries *s, const ToolSeriesDef *def, usec_t now) {
        int r = tool_run_collect(&s->run, &s->outputs_arena, now, &s->outputs[s->at]);

        if (r != 0 || !s->asking)
                return r < 0 && s->asking ? r : 0;
        s->at++;
        if (s->at < def->n_questions && !(def->alternatives && s->outputs[s->at - 1].status == 0))
                return question_ask(s, def, now);
        return round_tell(s, def);
}

int tool_series_read(ToolSeries *s, const ToolSeriesDef *def, usec_t now, SampleSink *sink) {
        int r = round_go_on(s, def, now);

        if (r == 0)
                r = round_start(s, def, now);
        if (r < 0)
                round_fail(s, r, now);
        if (s->error < 0)
                return s->error;
        r = sample_list_tell(&s->list, sink);
        return r < 0 ? r : s->asking;
}

void tool_series_close(ToolSeries *s) {
        tool_run_close(&s->run);
        arena_close(&s->kept);
        arena_close(&s->outputs_arena);
        arena_close(&s->scratch);
        arena_close(&s->shown);
}
