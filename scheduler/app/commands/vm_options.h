/* SPDX-License-Identifier: Apache-2.0 */
/* A VM to be, from the options of a command: its size, where it belongs, or all of that from a domain XML.
 *
 * Units: MiB, mcores by suffix. Owner: the VM and its notes are in the invocation's arena. Errors: an
 * ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/terminal/invocation.h"
#include "scheduler/snapshot/build/what_if.h"

#define VM_OPTIONS                                                                                              \
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "The new VM:" },                                                \
                { "vcpus", 0, OPTION_TEXT, "N", 0, 0, 0, "number of vCPUs" },                                   \
                { "memory", 0, OPTION_TEXT, "SIZE", 0, 0, 0, "memory, with its unit: 512MiB, 16GiB" },          \
                { "cpu",                                                                                        \
                  0,                                                                                            \
                  OPTION_TEXT,                                                                                  \
                  "CORES",                                                                                      \
                  0,                                                                                            \
                  0,                                                                                            \
                  0,                                                                                            \
                  "cores it is expected to use; default: what the cluster's VMs use per vCPU on average" },     \
                { "name", 0, OPTION_TEXT, "NAME", 0, 0, 0, "name of the VM in the answer; default: new" },      \
                { "group", 0, OPTION_TEXT, "G",                                                                 \
                  0,       0, 0,           "add it to this group, whose rules then apply; may be repeated" },   \
                { "label", 0, OPTION_TEXT, "KEY=VALUE", 0, 0, 0, "give it this label; may be repeated" },       \
                { "network", 0, OPTION_TEXT, "N", 0, 0, 0, "require this network; may be repeated" },           \
                { "pool", 0, OPTION_TEXT, "P", 0, 0, 0, "require this storage pool; may be repeated" },         \
                { "like", 0, OPTION_TEXT, "VM",                                                                 \
                  0,      0, 0,           "copy everything not given here from this VM, including its rules" }, \
        {                                                                                                       \
                "xml", 0, OPTION_TEXT, "FILE", 0, 0, 0,                                                         \
                        "take everything from a libvirt domain XML; - reads standard input"                     \
        }

/* What the options say of one VM. *ret_notes: what of the XML is not asked for, in words. EXIT_DONE, or what
 * to exit with: it was said why. */
ExitStatus vm_options_read(Invocation *in, const Snapshot *s, NewVm *ret, const char **ret_notes);
