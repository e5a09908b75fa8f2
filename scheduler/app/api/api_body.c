/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_body.h"

#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/store/stored_json.h"

#define LIST_MOST   32
#define TEXT_MOST   1000 /* bytes */
#define NUMBER_MOST 1e9
#define FIELDS_MOST 64

bool api_words_add(ApiWords *w, const char *word) {
        if (!word || w->n == API_WORDS_MOST)
                return false;
        w->words[w->n++] = word;
        return true;
}

static const ApiField *api_body_field(const ApiField *fields, const char *name) {
        while (fields && fields->name && strcmp(fields->name, name) != 0)
                fields++;
        return fields && fields->name ? fields : NULL;
}

/* ---- what is accepted ---- */

static const char *api_body_accepted(const ApiField *f) {
        switch (f->type) {
        case API_FIELD_SECONDS:
                return "a number of seconds, more than 0";
        case API_FIELD_FLAG:
                return "true or false";
        case API_FIELD_COUNT:
        case API_FIELD_MIB:
                return "a whole number, 0 or more";
        case API_FIELD_NUMBER:
                return "a number, 0 or more";
        case API_FIELD_LIST:
                return "a list of at most 32 texts of at most 1000 bytes";
        case API_FIELD_OBJECT:
                return f->choices;
        default:
                return f->choices ? f->choices : "a text of one line, at most 1000 bytes";
        }
}

static bool api_body_is_text(const json_t *value) {
        const char *text = json_string_value(value);

        return text && strspn(text, " ") < strlen(text) && strlen(text) <= TEXT_MOST &&
               text_is_line(text, strlen(text));
}

static bool api_body_fits(const ApiField *f, const json_t *value) {
        const double number = json_number_value(value);

        switch (f->type) {
        case API_FIELD_FLAG:
                return json_is_boolean(value);
        case API_FIELD_SECONDS:
                return json_is_number(value) && number > 0 && number < NUMBER_MOST;
        case API_FIELD_COUNT:
        case API_FIELD_MIB:
                return json_is_integer(value) && number >= 0 && number < NUMBER_MOST;
        case API_FIELD_NUMBER:
                return json_is_number(value) && number >= 0 && number < NUMBER_MOST;
        case API_FIELD_OBJECT:
                return json_is_object(value);
        case API_FIELD_LIST:
                if (!json_is_array(value) || json_array_size(value) > LIST_MOST)
                        return false;
                for (size_t i = 0; i < json_array_size(value); i++)
                        if (!api_body_is_text(json_array_get(value, i)))
                                return false;
                return true;
        default:
                return api_body_is_text(value);
        }
}

/* ---- what it becomes ---- */

static bool api_body_option(Arena *a, const ApiField *f, const json_t *value, ApiWords *w) {
        const double number = json_number_value(value);

        switch (f->type) {
        case API_FIELD_FLAG:
                return json_is_false(value) || api_words_add(w, text_format(a, "--%s", f->option));
        case API_FIELD_SECONDS:
                return api_words_add(w,
                                     text_format(a, "--%s=%lldms", f->option, (long long) (number * 1000)));
        case API_FIELD_COUNT:
                return api_words_add(w, text_format(a, "--%s=%lld", f->option, (long long) number));
        case API_FIELD_MIB:
                return api_words_add(w, text_format(a, "--%s=%lldMiB", f->option, (long long) number));
        case API_FIELD_NUMBER:
                return api_words_add(w, text_format(a, "--%s=%.3f", f->option, number));
        case API_FIELD_LIST:
                for (size_t i = 0; i < json_array_size(value); i++)
                        if (!api_words_add(w, text_format(a, "--%s=%s", f->option,
                                                          json_string_value(json_array_get(value, i)))))
                                return false;
                return true;
        default:
                return api_words_add(w, text_format(a, "--%s=%s", f->option, json_string_value(value)));
        }
}

bool api_body_options(ApiCall *call, const json_t *body, ApiWords *w) {
        for (const ApiField *f = call->route->fields; f && f->name; f++) {
                const json_t *value = json_object_get(body, f->name);

                if (value && f->option && !api_body_option(call->arena, f, value, w))
                        return false;
        }
        return true;
}

/* ---- reading it ---- */

/* The field that was meant, perhaps. NULL: none is near. */
static const char *api_body_nearest(const ApiField *fields, const char *name) {
        const char *names[FIELDS_MOST];
        size_t n = 0;

        for (const ApiField *f = fields; f && f->name && n < FIELDS_MOST; f++)
                names[n++] = f->name;
        return n > 0 && strlen(name) <= 64 ? text_nearest(name, names, n) : NULL;
}

/* NULL: no memory. */
static const char *api_body_names(Arena *a, const ApiField *fields) {
        const char *text = NULL;

        for (const ApiField *f = fields; f && f->name; f++)
                text = text ? text_format(a, "%s, %s", text, f->name) : f->name;
        return text ? text : "no field";
}

/* A pointer of RFC 6901: of names that are none of ours any character. */
static const char *api_body_pointer(Arena *a, const char *name) {
        char text[2 * 80 + 2] = "/";
        size_t n = 1, most = strnlen(name, 80);

        while (most > 0 && ((unsigned char) name[most] & 0xC0) == 0x80) /* within a character of UTF-8 */
                most--;
        for (size_t i = 0; i < most; i++) {
                if (name[i] == '~' || name[i] == '/') {
                        text[n++] = '~';
                        text[n++] = name[i] == '~' ? '0' : '1';
                } else {
                        text[n++] = name[i];
                }
        }
        return text_copy(a, text, n);
}

static void api_body_fault(ApiCall *call, const char *name, const ApiField *f, const char *detail) {
        const ApiField *fields = call->route->fields;

        api_reply_fault(
                call, 422,
                (ApiFault){ .pointer = api_body_pointer(call->arena, name),
                            .detail = detail,
                            .accepted = f ? api_body_accepted(f) : api_body_names(call->arena, fields),
                            .nearest = f ? NULL : api_body_nearest(fields, name) });
}

/* All that is wrong is said at once. */
static bool api_body_check(ApiCall *call, json_t *body) {
        const ApiField *fields = call->route->fields;
        const char *name;
        json_t *value;

        json_object_foreach(body, name, value) {
                const ApiField *f = api_body_field(fields, name);

                if (!f)
                        api_body_fault(call, name, NULL, "unknown field");
                else if (!api_body_fits(f, value))
                        api_body_fault(call, name, f, "is not a valid value");
        }
        for (const ApiField *f = fields; f && f->name; f++)
                if (f->needed && !json_object_get(body, f->name))
                        api_body_fault(call, f->name, f, "is missing");
        return call->problem.n_faults == 0;
}

json_t *api_body_read(ApiCall *call) {
        json_t *body = call->n_body == 0
                               ? json_object()
                               : stored_json(call->body, call->n_body, JSON_REJECT_DUPLICATES, NULL);

        if (!json_is_object(body)) {
                api_reply_fault(call, 400,
                                (ApiFault){ .pointer = "",
                                            .detail = "the body is not a JSON object",
                                            .accepted = "an object of JSON, each field once" });
        } else if (api_body_check(call, body)) {
                return body;
        }
        json_decref(body);
        return NULL;
}

/* ---- what a command has against it ---- */

/* "--name" as a word of it. */
static bool api_body_mentions(const char *what, const char *option) {
        const size_t n = strlen(option);

        for (const char *at = strstr(what, "--"); at; at = strstr(at + 2, "--"))
                if (strncmp(at + 2, option, n) == 0 && strcspn(at + 2, " :=,;.)") == n)
                        return true;
        return false;
}

/* "… accepted: TEXT", as the table of the command's options has it; of a field in seconds without the units. NULL: not said so. */
static const char *api_body_range(Arena *a, const char *what, bool in_seconds) {
        const char *at = strstr(what, "accepted: "), *from = at && in_seconds ? strstr(at, "from ") : NULL;

        const char *text =
                !at    ? NULL
                : from ? text_format(a, "a number of seconds, %s", from)
                       : text_copy(a, at + strlen("accepted: "), strlen(at) - strlen("accepted: "));
        const char *help = text ? strstr(text, " (see plimsoll help") : NULL;

        return help ? text_copy(a, text, (size_t) (help - text)) : text;
}

bool api_body_blamed(ApiCall *call, const char *what) {
        json_t *body = call->n_body > 0 ? stored_json(call->body, call->n_body, 0, NULL) : NULL;
        const ApiField *f = call->route->fields;
        ApiFault fault = { 0 };
        unsigned status = 422;

        while (f && f->name &&
               !(f->option && json_object_get(body, f->name) && api_body_mentions(what, f->option)))
                f++;
        if (f && f->name)
                fault.pointer = api_body_pointer(call->arena, f->name);
        json_decref(body);
        for (uint32_t i = 0; i < call->n_query && !fault.pointer && !fault.parameter; i++)
                if (api_body_mentions(what, call->query[i].name)) {
                        fault.parameter = call->query[i].name;
                        status = 400;
                }
        if (!fault.pointer && !fault.parameter)
                return false;
        fault.accepted = api_body_range(call->arena, what, fault.pointer && f->type == API_FIELD_SECONDS);
        fault.detail = fault.accepted ? "is not a valid value" : text_copy(call->arena, what, strlen(what));
        api_reply_fault(call, status, fault);
        return true;
}
