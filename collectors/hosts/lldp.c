/* SPDX-License-Identifier: Apache-2.0 */
/* lldp: which switches and ports this host's NICs are cabled to, as lldpd hears from them (lldpcli). Hosts
 * that share a switch are near each other (docs/distance.md). */
#include <errno.h>
#include <string.h>

#include "collectors/hosts/link_dump.h"
#include "collectors/parse/lldp_neighbors.h"
#include "collectors/parse/word_list.h"
#include "collectors/read/collector_value.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/tool_run.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(16) << 20) /* reserved, not used */
#define OUTPUT_MOST   (1 << 20)
#define ASK_EVERY     (60 * USEC_PER_SEC)
#define TIME_LIMIT    (5 * USEC_PER_SEC)

extern const Collector collector_lldp;

static const char *const lldp_usual[] = { "/usr/sbin/lldpcli", "/usr/local/sbin/lldpcli", "/sbin/lldpcli",
                                          NULL };

static const SettingDef lldp_settings[] = {
        { .name = "tool",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Absolute path of lldpcli. Empty: where distributions install it." },
        { 0 },
};

typedef struct LldpState {
        Arena scratch, kept; /* kept: the last answer */
        char tool[256];
        ToolRun run;
        const LldpNeighbor *neighbors;
        uint32_t n;
        int error;  /* negative errno of the last answer, until the next one */
        usec_t due; /* monotonic: when lldpd is asked again */
} LldpState;

static int lldp_open(void *state, const CollectorEnv *env) {
        LldpState *s = state;
        const char *tool;
        int r = arena_open(SCRATCH_BYTES, &s->scratch);

        if (r == 0)
                r = arena_open(SCRATCH_BYTES, &s->kept);
        if (r == 0)
                r = tool_find(&s->scratch, env->root, collector_text(env, &collector_lldp, "tool"),
                              lldp_usual, &tool);
        if (r == 0 && strlen(tool) >= sizeof(s->tool))
                r = -ENAMETOOLONG;
        if (r == 0)
                memcpy(s->tool, tool, strlen(tool) + 1);
        return r;
}

/* 0; 1: it runs; -ENOMEM. */
static int answer_collect(LldpState *s, usec_t now) {
        ToolOutput out;
        int r = tool_run_collect(&s->run, &s->scratch, now, &out);

        if (r > 0)
                return r == 1;
        arena_rewind(&s->kept, 0);
        s->n = 0;
        if (r == 0)
                r = out.status != 0 ? -ENOTCONN /* lldpd does not run */
                                    : lldp_neighbors_parse(&s->kept, out.text, out.n, &s->neighbors, &s->n);
        s->error = r;
        return r == -ENOMEM ? r : 0;
}

/* All neighbours of one uplink: of a bond, its members'. */
static int uplink_emit(LldpState *s, const Link *uplink, const Link *links, uint32_t n, SampleSink *sink) {
        WordList switches = { 0 }, ports = { 0 };
        int r;

        for (uint32_t i = 0; i < s->n; i++)
                for (uint32_t k = 0; k < n; k++)
                        if (strcmp(links[k].name, s->neighbors[i].interface) == 0 &&
                            link_uplink(links, n, links[k].index) == uplink) {
                                words_add(&switches, s->neighbors[i].system);
                                words_add(&ports, text_format(&s->scratch, "%s/%s", s->neighbors[i].system,
                                                              s->neighbors[i].port));
                        }
        r = emit_text(sink, METRIC_NIC_SWITCH, uplink->name, words_join(&switches, &s->scratch));
        return r < 0 ? r : emit_text(sink, METRIC_NIC_PORT, uplink->name, words_join(&ports, &s->scratch));
}

static int lldp_emit(LldpState *s, const CollectorEnv *env, SampleSink *sink) {
        const Link *links;
        uint32_t n;
        int r = link_dump(&s->scratch, env->root, &links, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (link_is_uplink(&links[i]))
                        r = uplink_emit(s, &links[i], links, n, sink);
        return r;
}

static int lldp_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        LldpState *s = state;
        const ToolCommand command = { .words = { s->tool, "-f", "json0", "show", "neighbors" },
                                      .limit = TIME_LIMIT,
                                      .most = OUTPUT_MOST };
        int r;

        arena_rewind(&s->scratch, 0);
        r = answer_collect(s, now);
        if (r == 0 && now >= s->due) {
                int started = tool_run_start(&s->run, &command, now);

                s->due = now + ASK_EVERY;
                s->error = started < 0 ? started : s->error;
                r = started == 0;
        }
        if (r < 0 || s->error < 0)
                return r < 0 ? r : s->error;
        if (s->n > 0 && lldp_emit(s, env, sink) < 0)
                return -EIO;
        return r; /* 1: its answer comes soon */
}

static void lldp_close(void *state) {
        LldpState *s = state;

        tool_run_close(&s->run);
        arena_close(&s->scratch);
        arena_close(&s->kept);
}

const Collector collector_lldp = {
        .name = "lldp",
        .summary = "switches and ports to which the host is connected, from lldpd (lldpcli)",
        .runs = RUNS_ON_HOST,
        .settings = lldp_settings,
        .state_size = sizeof(LldpState),
        .open = lldp_open,
        .read = lldp_read,
        .close = lldp_close,
};
