/* SPDX-License-Identifier: Apache-2.0 */
/* A YAML text, event by event, for readers that go on after a mistake: each mistake is kept with its place,
 * and what belongs to it is passed over. Owner: who opens it. Threads: one.
 *
 * Units: lines and columns from 1. Errors: -EINVAL, -ENOMEM.
 */
#pragma once

#include <yaml.h>

#include "scheduler/base/text.h"

typedef struct YamlReader {
        yaml_parser_t parser;
        TextFault fault; /* the last mistake */
        TextFaults *faults;
        unsigned level; /* mappings and lists that are open */
        bool broken;    /* from here on it is no YAML */
        bool stopped;   /* no more is read: broken, or no room for more faults */
} YamlReader;

/* The text and `faults` must outlive it. 0 or -ENOMEM. Ended by yaml_reader_close(). */
int yaml_reader_open(YamlReader *r, const char *text, size_t n, TextFaults *faults) must_check;
void yaml_reader_close(YamlReader *r);

/* The next event, deleted by the caller. 0; -EINVAL: it is no YAML, r->fault says why, at `field`; -ENOMEM.
 */
int yaml_reader_next(YamlReader *r, const char *field, yaml_event_t *ret) must_check;

/* r->fault := field, words and place. -EINVAL. */
int yaml_reader_fault(YamlReader *r, const yaml_mark_t *mark, const char *field, const char *what) must_check;

/* What came of reading something, `n`: a mistake is kept, and the rest of what is open above `level` passed
 * over. 0: reading goes on; -EINVAL: it cannot; -ENOMEM. */
int yaml_reader_keep(YamlReader *r, int n, unsigned level) must_check;

/* Passes over one value, whatever it is. 0, -EINVAL, -ENOMEM. */
int yaml_reader_pass(YamlReader *r) must_check;
