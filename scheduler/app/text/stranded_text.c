/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/stranded_text.h"

#include <errno.h>

#include "scheduler/base/text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/model/reason.h"

#define NAMES_SHOWN 12U

const char *stranded_why(Arena *a, const Host *host) {
        const char *words = host_silence_words(a, host);

        return words ? text_format(a, "%s (%s)", reason_texts[REASON_SOURCE_FENCED], words) : NULL;
}

static void stranded_names(const Snapshot *s, HostIx h, const Screen *screen) {
        char safe[256];
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++) {
                if (s->vms[v].host != h || !vm_is_stranded(s, v))
                        continue;
                if (n < NAMES_SHOWN)
                        (void) out_say(screen->out, "%s%s", n > 0 ? ", " : "",
                                       text_safe(s->vms[v].name, safe, sizeof(safe)));
                n++;
        }
        if (n > NAMES_SHOWN)
                (void) out_say(screen->out, " and %u more", n - NAMES_SHOWN);
}

int stranded_print(Arena *a, const Snapshot *s, const Screen *screen) {
        char name[256], safe[512];
        bool any = false;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                const uint32_t n = stranded_vms(s, h);
                const char *words = n > 0 ? host_silence_words(a, &s->hosts[h]) : "";

                if (!words)
                        return -ENOMEM;
                if (n == 0)
                        continue;
                (void) out_say(
                        screen->out,
                        "%sblocked:%s %s must be left but is not reporting (%s); its %u VM%s stay%s until it does: ",
                        screen_style(screen, STYLE_BAD), screen_style(screen, STYLE_PLAIN),
                        text_safe(s->hosts[h].name, name, sizeof(name)), text_safe(words, safe, sizeof(safe)),
                        n, n == 1 ? "" : "s", n == 1 ? "s" : "");
                stranded_names(s, h, screen);
                (void) fputc('\n', screen->out);
                any = true;
        }
        if (any)
                (void) fputc('\n', screen->out);
        return 0;
}

json_t *stranded_json(Arena *a, const Snapshot *s, HostIx h) {
        json_t *list = json_array();

        for (VmIx v = 0; list && v < s->n_vms; v++) {
                const Host *host = s->vms[v].host == IX_NONE ? NULL : &s->hosts[s->vms[v].host];
                const char *why;

                if (!host || (h != IX_NONE && s->vms[v].host != h) || !vm_is_stranded(s, v))
                        continue;
                why = stranded_why(a, host);
                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "vm", s->vms[v].name, "host",
                                                             host->name, "why", why ? why : ""));
        }
        return list;
}
