/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the bodies of actions: each is an option of the command that carries the action out. */
#include "scheduler/app/api/api_routes.h"

const ApiField api_fields_none[] = { { 0 } };

const ApiField api_fields_answer[] = {
        { "answer", API_FIELD_TEXT, NULL, true, "\"accept\" or \"reject\"",
          "accept: it is carried out, if it still holds; reject: it is not" },
        { 0 },
};

const ApiField api_fields_maintenance[] = {
        { "deadline_seconds", API_FIELD_SECONDS, "deadline", false, NULL, "empty the host within this time" },
        { "for_good", API_FIELD_FLAG, "for-good", false, NULL,
          "the host does not come back: also move VMs that are off" },
        { "several", API_FIELD_FLAG, "several", false, NULL, "also if the brake would hold it" },
        { "why", API_FIELD_TEXT, "why", false, NULL, "reason, shown by status" },
        { 0 },
};

const ApiField api_fields_stop[] = {
        { "why", API_FIELD_TEXT, "why", true, NULL, "reason, shown wherever something is not moved" },
        { "for_seconds", API_FIELD_SECONDS, "for", false, NULL, "end by itself after this time" },
        { 0 },
};

const ApiField api_fields_why[] = {
        { "why", API_FIELD_TEXT, "why", false, NULL, "reason, kept with it" },
        { 0 },
};
