/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/ssacli.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "scheduler/base/text.h"

typedef enum Object {
        OBJECT_NONE,
        OBJECT_CONTROLLER,
        OBJECT_ARRAY,
        OBJECT_VOLUME,
        OBJECT_DRIVE,
} Object;

typedef struct Reader {
        Arena *a;
        SsacliFacts f;
        Object object; /* whose lines these are */
        size_t indent; /* of its first line */
        const char *array;
        size_t array_indent;
        bool full; /* of memory */
} Reader;

typedef struct Word {
        const char *theirs, *ours;
} Word;

static const char *ssacli_word_of(const Word *words, size_t n, Span theirs) {
        for (size_t i = 0; i < n; i++)
                if (span_starts(theirs, words[i].theirs))
                        return words[i].ours;
        return "unknown";
}
#define WORD_OF(words, theirs) ssacli_word_of(words, ARRAY_SIZE(words), theirs)

static const Word ssacli_controller_words[] = { { "OK", "optimal" },
                                                { "Failed", "failed" },
                                                { "", "degraded" } };
static const Word ssacli_battery_words[] = {
        { "OK", "optimal" },        { "Recharging", "charging" }, { "Charging", "charging" },
        { "Failed", "failed" },     { "Not Present", "missing" }, { "None", "missing" },
        { "Degraded", "degraded" },
};
static const Word ssacli_volume_words[] = {
        { "OK", "optimal" },           { "Interim Recovery", "degraded" },
        { "Recovering", "degraded" },  { "Ready for Rebuild", "degraded" },
        { "Rebuilding", "degraded" },  { "Failed", "failed" },
        { "Expanding", "optimal" },    { "Queued for Expansion", "optimal" },
        { "Transforming", "optimal" }, { "Initializing", "optimal" },
};
static const Word action_words[] = {
        { "Recovering", "recover" },   { "Rebuilding", "recover" },  { "Expanding", "reshape" },
        { "Transforming", "reshape" }, { "Initializing", "resync" },
};
static const Word ssacli_level_words[] = {
        { "1+0", "raid10" }, { "10", "raid10" }, { "50", "raid50" }, { "60", "raid60" },
        { "0", "raid0" },    { "1", "raid1" },   { "5", "raid5" },   { "6", "raid6" },
};
static const Word ssacli_drive_words[] = {
        { "OK", "online" },
        { "Predictive Failure", "online" },
        { "Failed", "failed" },
        { "Rebuilding", "rebuilding" },
        { "Recovering", "rebuilding" },
};

static Span ssacli_trim(Span s) {
        while (s.n > 0 && (*s.at == ' ' || *s.at == '\t'))
                s = (Span){ s.at + 1, s.n - 1 };
        while (s.n > 0 && (s.at[s.n - 1] == ' ' || s.at[s.n - 1] == '\t' || s.at[s.n - 1] == '\r'))
                s.n--;
        return s;
}

static const char *ssacli_copied(Reader *r, Span s) {
        const char *copy = text_copy(r->a, s.at, s.n);

        r->full |= !copy;
        return copy ? copy : "";
}

static Span ssacli_after(Span s, size_t n) {
        return ssacli_trim((Span){ s.at + n, s.n - n });
}

static int64_t ssacli_number_of(Span s) {
        int64_t value;
        size_t n = 0;

        while (n < s.n && s.at[n] >= '0' && s.at[n] <= '9')
                n++;
        return text_to_int(s.at, n, 0, QUANTITY_MAX, &value) == 0 ? value : UNKNOWN;
}

/* "…, 33.9% complete": the number before the sign. */
static int64_t percent_in(Span s, int64_t scale) {
        const char *sign = s.n > 0 ? memchr(s.at, '%', s.n) : NULL;
        const char *at = sign;
        int64_t value;

        while (at && at > s.at && ((at[-1] >= '0' && at[-1] <= '9') || at[-1] == '.'))
                at--;
        return sign && text_to_scaled(at, (size_t) (sign - at), scale, 0, 100 * scale, &value) == 0 ? value
                                                                                                    : UNKNOWN;
}

/* ---- objects begin ---- */
static void controller_begin(Reader *r, Span line, const char *in_slot) {
        SsacliController *c = &r->f.controllers[r->f.n_controllers++];
        Span model = { line.at, (size_t) (in_slot - line.at) };
        Span slot = ssacli_after(line, model.n + strlen(" in Slot "));

        slot.n = strcspn(ssacli_copied(r, slot), " (");
        *c = (SsacliController){ .model = ssacli_copied(r, ssacli_trim(model)),
                                 .state = NULL,
                                 .battery = "" };
        c->subject = text_format(r->a, "hpraid/%.*s", (int) slot.n, slot.at);
        r->full |= !c->subject;
        r->array = "";
}

static void drive_begin(Reader *r, Span place) {
        r->f.drives[r->f.n_drives++] = (SsacliDrive){ .controller = r->f.n_controllers - 1,
                                                      .array = r->array,
                                                      .place = ssacli_copied(r, place),
                                                      .kind = "",
                                                      .model = "",
                                                      .serial = "",
                                                      .state = "unknown",
                                                      .temperature = UNKNOWN,
                                                      .hours = UNKNOWN,
                                                      .wear = UNKNOWN };
}

static void volume_begin(Reader *r, Span number) {
        r->f.volumes[r->f.n_volumes++] = (SsacliVolume){ .controller = r->f.n_controllers - 1,
                                                         .array = r->array,
                                                         .number = ssacli_copied(r, number),
                                                         .level = "",
                                                         .state = "unknown",
                                                         .block = "",
                                                         .action = "",
                                                         .progress_permille = UNKNOWN };
}

/* True: the line began an object. */
static bool object_begin(Reader *r, Span line, size_t indent) {
        const char *in_slot = indent == 0 ? memmem(line.at, line.n, " in Slot ", 9) : NULL;
        Object began = OBJECT_NONE;

        if (!in_slot && r->f.n_controllers == 0)
                return false;
        if (in_slot) {
                controller_begin(r, line, in_slot);
                began = OBJECT_CONTROLLER;
        } else if (span_starts(line, "Array: ") && r->object != OBJECT_DRIVE) {
                r->array = ssacli_copied(r, ssacli_after(line, 7));
                r->array_indent = indent;
                began = OBJECT_ARRAY;
        } else if (span_starts(line, "Logical Drive: ")) {
                volume_begin(r, ssacli_after(line, 15));
                began = OBJECT_VOLUME;
        } else if (span_starts(line, "physicaldrive ") && !memchr(line.at, '(', line.n)) {
                drive_begin(r, ssacli_after(line, 14)); /* with "(" it is a line of a mirror group */
                began = OBJECT_DRIVE;
        } else {
                return false;
        }
        r->object = began;
        r->indent = indent;
        return true;
}

/* ---- what is said of them ---- */
static void controller_line(Reader *r, Span key, Span value) {
        SsacliController *c = &r->f.controllers[r->f.n_controllers - 1];

        if (span_is(key, "Controller Status"))
                c->state = WORD_OF(ssacli_controller_words, value);
        else if (span_is(key, "Battery/Capacitor Status") || span_is(key, "Battery Status"))
                c->battery = WORD_OF(ssacli_battery_words, value);
}

static void volume_line(Reader *r, Span key, Span value) {
        SsacliVolume *v = &r->f.volumes[r->f.n_volumes - 1];
        const char *action;

        if (span_is(key, "Fault Tolerance")) {
                v->level = WORD_OF(ssacli_level_words,
                                   span_starts(value, "RAID ") ? ssacli_after(value, 5) : value);
        } else if (span_is(key, "Status")) {
                v->state = WORD_OF(ssacli_volume_words, value);
                action = WORD_OF(action_words, value);
                v->action = strcmp(action, "unknown") == 0 ? "" : action;
                v->progress_permille = *v->action ? percent_in(value, 10) : UNKNOWN;
        } else if (span_is(key, "Disk Name") && span_starts(value, "/dev/")) {
                v->block = ssacli_copied(r, ssacli_after(value, 5));
        }
}

static void drive_line(Reader *r, Span key, Span value) {
        SsacliDrive *d = &r->f.drives[r->f.n_drives - 1];
        int64_t left;

        if (span_is(key, "Status")) {
                d->state = WORD_OF(ssacli_drive_words, value);
                d->predicted = span_starts(value, "Predictive Failure");
        } else if (span_is(key, "Drive Type")) {
                d->spare = span_starts(value, "Spare");
        } else if (span_is(key, "Interface Type")) {
                d->kind = span_starts(value, "Solid State") ? "ssd"
                          : span_starts(value, "NVMe")      ? "nvme"
                                                            : d->kind;
        } else if (span_is(key, "Rotational Speed")) {
                d->kind = ssacli_number_of(value) > 0 ? "hdd" : d->kind;
        } else if (span_is(key, "Serial Number")) {
                d->serial = ssacli_copied(r, value);
        } else if (span_is(key, "Model")) {
                d->model = ssacli_copied(r, value);
        } else if (span_is(key, "Current Temperature (C)")) {
                d->temperature = ssacli_number_of(value);
        } else if (span_is(key, "Power On Hours")) {
                d->hours = ssacli_number_of(value);
        } else if (span_is(key, "Usage remaining")) {
                left = percent_in(value, 1000);
                d->wear = left >= 0 ? 100 - left / 1000 : UNKNOWN;
        }
}

static void ssacli_line_take(Reader *r, Span raw) {
        Span line = ssacli_trim(raw), key, value;
        size_t indent = (size_t) (line.at - raw.at);
        const char *colon;

        if (line.n == 0)
                return;
        if (indent <= r->indent) /* no line of the object's */
                r->object = OBJECT_NONE;
        if (indent <= r->array_indent && indent > 0)
                r->array = ""; /* "unassigned", an enclosure, a port */
        if (object_begin(r, line, indent) || r->object == OBJECT_NONE)
                return;
        colon = memmem(line.at, line.n, ": ", 2);
        if (!colon)
                return;
        key = (Span){ line.at, (size_t) (colon - line.at) };
        value = ssacli_after(line, key.n + 2);
        if (r->object == OBJECT_CONTROLLER)
                controller_line(r, key, value);
        else if (r->object == OBJECT_VOLUME)
                volume_line(r, key, value);
        else if (r->object == OBJECT_DRIVE)
                drive_line(r, key, value);
}

int ssacli_parse(Arena *a, const char *text, size_t n, SsacliFacts *ret) {
        Reader r = { .a = a, .array = "" };
        Span rest = { text, n }, line;
        uint32_t lines = 0;

        while (line_next(&rest, &line))
                lines++;
        r.f.controllers = arena_new(a, SsacliController, lines + 1);
        r.f.volumes = arena_new(a, SsacliVolume, lines + 1);
        r.f.drives = arena_new(a, SsacliDrive, lines + 1);
        if (!r.f.controllers || !r.f.volumes || !r.f.drives)
                return -ENOMEM;
        for (rest = (Span){ text, n }; !r.full && line_next(&rest, &line);)
                ssacli_line_take(&r, line);
        if (r.full)
                return -ENOMEM;
        for (uint32_t i = 0; i < r.f.n_controllers; i++)
                if (!r.f.controllers[i].state)
                        return -EBADMSG;
        if (r.f.n_controllers == 0)
                return -EBADMSG;
        *ret = r.f;
        return 0;
}
