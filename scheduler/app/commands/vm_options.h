/* SPDX-License-Identifier: Apache-2.0 */
/* A VM to be, from the options of a command: its size, where it belongs, or all of that from a domain XML.
 *
 * Units: MiB, mcores by suffix. Owner: the VM and its notes are in the invocation's arena. Errors: an
 * ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/terminal/invocation.h"
#include "scheduler/snapshot/build/what_if.h"

#define VM_OPTIONS                                                                                               \
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "The new VM:" },                                                 \
                { "vcpus", 0, OPTION_TEXT, "N", 0, 0, 0, "its vCPUs" },                                          \
                { "memory", 0, OPTION_TEXT, "SIZE", 0, 0, 0, "its memory: 512MiB, 16GiB" },                      \
                { "cpu",       0,                                                                                \
                  OPTION_TEXT, "CORES",                                                                          \
                  0,           0,                                                                                \
                  0,           "what it will use; not given: what the cluster's VMs use of a vCPU on average" }, \
                { "name", 0, OPTION_TEXT, "NAME", 0, 0, 0, "what it is called in the answer" },                  \
                { "group", 0, OPTION_TEXT, "G", 0, 0, 0, "a group it is of, whose rules it keeps; repeatable" }, \
                { "label", 0, OPTION_TEXT, "KEY=VALUE", 0, 0, 0, "a label; repeatable" },                        \
                { "network", 0, OPTION_TEXT, "N", 0, 0, 0, "a network it needs; repeatable" },                   \
                { "pool", 0, OPTION_TEXT, "P", 0, 0, 0, "a storage pool it needs; repeatable" },                 \
                { "like", 0, OPTION_TEXT, "VM",                                                                  \
                  0,      0, 0,           "in all that is not said it is like this VM, its rules too" },         \
        {                                                                                                        \
                "xml", 0, OPTION_TEXT, "FILE", 0, 0, 0,                                                          \
                        "all that a libvirt domain XML says of it; - is standard input"                          \
        }

/* What the options say of one VM. *ret_notes: what of the XML is not asked for, in words. EXIT_DONE, or what
 * to exit with: it was said why. */
ExitStatus vm_options_read(Invocation *in, const Snapshot *s, NewVm *ret, const char **ret_notes);
