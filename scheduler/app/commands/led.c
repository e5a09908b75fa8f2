/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/led.h"

#include <string.h>

#include "scheduler/app/commands/command.h"

ExitStatus led_look(Invocation *in, Store *store, const Settings *settings, Led *ret) {
        Leadership l;
        int r = store ? live_state_get(store, in->arena, &ret->live) : 1;

        ret->by_service = false;
        ret->leader = "";
        if (r == 0 && service_modes_act(&ret->live.modes)) {
                l = leadership_of(store, settings_int(settings, "service", "lease"));
                r = leadership_take(&l);
                if (r == 0)
                        leadership_release(&l); /* it is gone: its state outlives it a little */
                ret->by_service = r == 1;
                ret->leader = text_copy(in->arena, l.holder, strlen(l.holder));
                if (!ret->leader)
                        return command_complain(in, EXIT_FAILED, "out of memory");
        }
        return r < 0 ? command_complain(in, EXIT_FAILED, "%s", store_error(store)) : EXIT_DONE;
}

/* At most some 200 bytes: more a complaint does not hold. */
ExitStatus led_refuse(const Invocation *in, const char *leader, const LiveState *live) {
        if (live && live->n_waiting > 0)
                return command_complain(
                        in, EXIT_BLOCKED,
                        "nothing was moved: %s leads, and its plan awaits confirmation: plimsoll confirm %s. "
                        "plimsoll move VM HOST is possible, too; for a manual plan, stop the service",
                        leader, live->waiting[0].id);
        if (live && service_modes_act(&live->modes) && live->modes.of[ACTION_KIND_MAINTENANCE] == MODE_ADVISE)
                return command_complain(
                        in, EXIT_BLOCKED,
                        "nothing was moved: %s leads, and is in advise mode for maintenance. Set modes.maintenance "
                        "to auto or confirm, use plimsoll move VM HOST, or stop the service",
                        leader);
        if (live && service_modes_act(&live->modes))
                return command_complain(
                        in, EXIT_BLOCKED,
                        "nothing was moved: %s leads, and moves VMs by its own plans (mode %s). Use plimsoll move VM "
                        "HOST or plimsoll evacuate HOST; for a manual plan, stop the service",
                        leader, live->mode);
        return command_complain(
                in, EXIT_BLOCKED,
                "nothing was moved: %s leads this cluster and is moving its VMs. Try again when it has ended "
                "(plimsoll status)",
                leader);
}
