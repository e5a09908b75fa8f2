/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of plimsoll-agent. */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/base/text.h"

#define AGENT_SETS_MAX 64

typedef struct AgentOptions {
        const char *redis, *cluster, *host, *uri, *advertise, *root, *collectors,
                *metrics;                 /* NULL: not given */
        usec_t interval;                  /* 0: not given */
        const char *sets[AGENT_SETS_MAX]; /* each "COLLECTOR.NAME=VALUE"; checked */
        uint32_t n_sets;
        bool once, print, json, help, version;
} AgentOptions;

/* Texts point into argv. 0; -EINVAL with *reterr_fault: what is wrong and what is accepted. */
int agent_options_parse(int argc, char *const *argv, AgentOptions *ret, TextFault *reterr_fault) must_check;

/* What --help prints: usage, options, collectors. */
void agent_options_help(void);
