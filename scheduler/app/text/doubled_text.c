/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/doubled_text.h"

#include <errno.h>

#include "scheduler/base/text.h"

const char *doubled_hosts_text(Arena *a, const Vm *vm) {
        const char *all = "";

        for (uint32_t i = 0; all && i < vm->running_on.n; i++)
                all = text_format(a, "%s%s%s", all,
                                  i == 0                     ? ""
                                  : i + 1 < vm->running_on.n ? ", "
                                                             : " and ",
                                  vm->running_on.at[i]);
        return all;
}

int doubled_print(Arena *a, const Snapshot *s, const Screen *screen) {
        bool any = false;

        for (VmIx v = 0; v < s->n_vms; v++) {
                const char *hosts;

                if (!vm_is_doubled(&s->vms[v]))
                        continue;
                hosts = doubled_hosts_text(a, &s->vms[v]);
                if (!hosts)
                        return -ENOMEM;
                (void) out_say(
                        screen->out,
                        "%sALARM: VM %s runs on %s%s at once; both write to its disks. It is not moved. Check each "
                        "one, and stop all but one (virsh destroy)\n",
                        screen_style(screen, STYLE_BAD), s->vms[v].name, hosts,
                        screen_style(screen, STYLE_PLAIN));
                any = true;
        }
        if (any)
                (void) fputc('\n', screen->out);
        return 0;
}
