/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the bodies of actions: each is an option of the command that carries the action out. */
#include "scheduler/app/api/api_routes.h"

const ApiField api_fields_none[] = { { 0 } };

const ApiField api_fields_answer[] = {
        { "answer", API_FIELD_TEXT, NULL, true, "\"accept\" or \"reject\"",
          "accept: it is carried out, if it still holds; reject: it is not" },
        { 0 },
};

const ApiField api_fields_login[] = {
        { "token", API_FIELD_TEXT, NULL, true, "a token (plimsoll token add)", "the token to log in with" },
        { 0 },
};

const ApiField api_fields_command[] = {
        { "words", API_FIELD_LIST, NULL, false, NULL, "its words, as on the command line behind its name" },
        { "plan", API_FIELD_OBJECT, NULL, false, "a plan, as plimsoll plan --json has it",
          "of apply: the plan, schema plimsoll.plan/1, that is carried out in place of a new one" },
        { 0 },
};

const ApiField api_fields_plan[] = {
        { "plan", API_FIELD_OBJECT, NULL, false, "a plan, as plimsoll plan --json has it",
          "the plan, schema plimsoll.plan/1" },
        { "draft", API_FIELD_TEXT, NULL, false, "the id of a draft",
          "in its place: a draft of this instance" },
        { "accepted", API_FIELD_FLAG, NULL, false, NULL,
          "true: carry it out, if it is safe; false: it waits for an answer" },
        { 0 },
};

const ApiField api_fields_move[] = {
        { "vm", API_FIELD_TEXT, NULL, true, "the name of a VM", "the VM that is to be moved" },
        { "host", API_FIELD_TEXT, NULL, false, "the name of a host",
          "where to; without it the best host that takes it" },
        { "make_way", API_FIELD_FLAG, "make-way", false, NULL,
          "if it does not fit, others may move away from the target first" },
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

const ApiField api_fields_roll[] = {
        { "hosts", API_FIELD_LIST, NULL, false, NULL,
          "the hosts, by name or by a selection as in rules; which is first the service decides" },
        { "all", API_FIELD_FLAG, "all", false, NULL, "in their place: all hosts of the cluster" },
        { "at_once", API_FIELD_COUNT, "at-once", false, NULL,
          "drain so many at the same time, where there is room; 1 where it is not given" },
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

#define FIELDS_WHAT_IF                                                                                         \
        {                                                                                                      \
                "without", API_FIELD_LIST, "without",                                                          \
                false,     NULL,           "suppose these hosts are drained and take no VM"                    \
        },                                                                                                     \
                { "lost", API_FIELD_LIST, "lost",                                                              \
                  false,  NULL,           "suppose these hosts are lost; their VMs start elsewhere" },         \
                { "add_hosts", API_FIELD_LIST,                                                                 \
                  "add-host",  false,                                                                          \
                  NULL,        "suppose these hosts: name=…,cpus=…,memory=… or name=…,like=HOST" },            \
                { "add_vms", API_FIELD_LIST, "add-vm",                                                         \
                  false,     NULL,           "suppose these VMs: name=…,vcpus=…,memory=… or name=…,like=VM" }, \
                { "remove_vms", API_FIELD_LIST, "remove-vm", false, NULL, "suppose these VMs are gone" }, {    \
                "without_rules", API_FIELD_LIST, "without-rule", false, NULL,                                  \
                        "suppose these rules do not exist"                                                     \
        }

#define FIELDS_VM                                                                                               \
        { "vcpus", API_FIELD_COUNT, "vcpus", false, NULL, "number of vCPUs" },                                  \
                { "memory_mib", API_FIELD_MIB, "memory", false, NULL, "memory" },                               \
                { "cpu", API_FIELD_NUMBER, "cpu", false, NULL, "cores it is expected to use" },                 \
                { "name", API_FIELD_TEXT, "name", false, NULL, "name of the VM in the answer" },                \
                { "like", API_FIELD_TEXT, "like",                                                               \
                  false,  NULL,           "copy everything not given here from this VM, including its rules" }, \
                { "groups", API_FIELD_LIST, "group", false, NULL, "groups whose rules apply" },                 \
                { "labels", API_FIELD_LIST, "label", false, NULL, "labels, KEY=VALUE" },                        \
                { "networks", API_FIELD_LIST, "network", false, NULL, "networks that it needs" }, {             \
                "pools", API_FIELD_LIST, "pool", false, NULL, "storage pools that it needs"                     \
        }

const ApiField api_fields_draft[] = {
        { "max_moves", API_FIELD_COUNT, "max-moves", false, NULL, "at most this many migrations" },
        { "max_gib", API_FIELD_NUMBER, "max-gib", false, NULL, "at most this many GiB of VM memory moved" },
        { "max_minutes", API_FIELD_NUMBER, "max-minutes", false, NULL,
          "only what is predicted to finish within this many minutes" },
        { "threshold", API_FIELD_COUNT, "threshold", false, NULL, "in place of plan.threshold, 1 to 5" },
        FIELDS_WHAT_IF,
        { 0 },
};

const ApiField api_fields_place[] = {
        FIELDS_VM,
        { "count", API_FIELD_COUNT, "count", false, NULL, "place this many such VMs at once" },
        FIELDS_WHAT_IF,
        { 0 },
};

const ApiField api_fields_capacity[] = {
        FIELDS_VM,
        FIELDS_WHAT_IF,
        { 0 },
};
