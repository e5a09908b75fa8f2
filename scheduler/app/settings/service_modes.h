/* SPDX-License-Identifier: Apache-2.0 */
/* What the service may do by itself, kind of action by kind: section "modes" over service.mode. Threads: any.
 *
 * Units: none. Owner: static, but for texts in the arena. Errors: none; NULL: the arena is full.
 */
#pragma once

#include "scheduler/model/action_kind.h"
#include "scheduler/model/settings.h"

typedef enum ServiceMode {
        MODE_ADVISE,  /* planned, kept and shown */
        MODE_CONFIRM, /* … and carried out once a person has said yes */
        MODE_AUTO,    /* carried out */
        MODE_N,
} ServiceMode;
extern const char *const service_mode_names[MODE_N + 1]; /* "advise", "confirm", "auto", NULL */

typedef struct ServiceModes {
        ServiceMode usual; /* service.mode */
        ServiceMode of[ACTION_KIND_N];
} ServiceModes;

ServiceModes service_modes(const Settings *settings);

/* The same for all: no kind has a mode of its own. */
ServiceModes service_modes_all(ServiceMode mode);

/* SNAPSHOT_NO_…: of the kinds whose mode is this one. */
unsigned service_modes_bits(const ServiceModes *m, ServiceMode mode);

/* Whether the service moves VMs at all, by itself or when it was told to: then it keeps the lease, and needs
 * an executor. */
bool service_modes_act(const ServiceModes *m);

/* "auto", or "auto; load, balance: confirm". In `a`; NULL: it is full. */
const char *service_modes_text(Arena *a, const ServiceModes *m);

extern const SettingDef mode_settings[]; /* section "modes" */
