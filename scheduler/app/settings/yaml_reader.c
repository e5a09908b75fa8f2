/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/yaml_reader.h"

#include <errno.h>

int yaml_reader_open(YamlReader *r, const char *text, size_t n, TextFaults *faults) {
        *r = (YamlReader){ .faults = faults };
        if (!yaml_parser_initialize(&r->parser))
                return -ENOMEM;
        yaml_parser_set_input_string(&r->parser, (const unsigned char *) text, n);
        return 0;
}

void yaml_reader_close(YamlReader *r) {
        yaml_parser_delete(&r->parser);
}

int yaml_reader_next(YamlReader *r, const char *field, yaml_event_t *ret) {
        const yaml_parser_t *p = &r->parser;

        if (yaml_parser_parse(&r->parser, ret)) {
                r->level += ret->type == YAML_MAPPING_START_EVENT || ret->type == YAML_SEQUENCE_START_EVENT;
                r->level -= ret->type == YAML_MAPPING_END_EVENT || ret->type == YAML_SEQUENCE_END_EVENT;
                return 0;
        }
        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        r->broken = true;
        if (p->error == YAML_READER_ERROR) {
                text_fault(&r->fault, "", "is not valid YAML: %s at byte %zu", p->problem, p->problem_offset);
                r->fault.line = r->fault.column = 0;
                return -EINVAL;
        }
        text_fault(&r->fault, field, "is not valid YAML: %s%s%s%s",
                   p->problem ? p->problem : "cannot be read", p->context ? ", " : "",
                   p->context ? p->context : "",
                   field[0] ? " (words that begin with * or ! need quotes)" : "");
        r->fault.line = (uint32_t) p->problem_mark.line + 1;
        r->fault.column = (uint32_t) p->problem_mark.column + 1;
        return -EINVAL;
}

int yaml_reader_fault(YamlReader *r, const yaml_mark_t *mark, const char *field, const char *what) {
        text_fault(&r->fault, field, "%s", what);
        r->fault.line = (uint32_t) mark->line + 1;
        r->fault.column = (uint32_t) mark->column + 1;
        return -EINVAL;
}

int yaml_reader_keep(YamlReader *r, int n, unsigned level) {
        if (n != -EINVAL || r->stopped)
                return n;
        r->stopped = !text_faults_add(r->faults, &r->fault) || r->broken;
        while (!r->stopped && r->level > level) {
                yaml_event_t e;

                n = yaml_reader_next(r, "", &e);
                if (n < 0)
                        return r->broken ? yaml_reader_keep(r, n, level) : n;
                yaml_event_delete(&e);
        }
        return r->stopped ? -EINVAL : 0;
}

int yaml_reader_pass(YamlReader *r) {
        const unsigned level = r->level;

        do {
                yaml_event_t e;
                const int n = yaml_reader_next(r, "", &e);

                if (n < 0)
                        return n;
                yaml_event_delete(&e);
        } while (r->level > level);
        return 0;
}
