/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/ssacli.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "collectors/parse/ssacli_brief.h"
#include "collectors/parse/state_words.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

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
        bool unassigned; /* what follows is in no array */
        bool full;       /* of memory */
} Reader;

static const StateWord ssacli_controller_words[] = {
        { "OK", "optimal" },
        { "Failed", "failed" },
        { "Degraded", "degraded" },
        { "Temporarily Disabled", "degraded" },
        { "Not Configured", "optimal" },
        { "Lockup", "failed" },
        { "Locked Up", "failed" },
        { "Disabled", "degraded" },
        { "Warning", "degraded" },
};
static const StateWord ssacli_battery_words[] = {
        { "OK", "optimal" },
        { "Recharging", "charging" },
        { "Charging", "charging" },
        { "Failed", "failed" },
        { "Not Present", "missing" },
        { "None", "missing" },
        { "Degraded", "degraded" },
        { "Not Fully Charged", "charging" },
        { "Capacitor Failed", "failed" },
        { "Battery Failed", "failed" },
};
static const StateWord cache_words[] = {
        { "OK", "" },
        { "Not Configured", "" },
        { "Permanently Disabled", "" },
        { "Temporarily Disabled", "" },
        { "Temporary Disabled", "" },
        { "Disabled", "" },
        { "Enabled", "" },
        { "None", "" },
        { "Not Present", "" },
};
/* What its drives and volumes say by themselves, too. */
static const StateWord array_words[] = {
        { "OK", "" },
        { "Failed", "" },
        { "Failed Physical Drive", "" },
        { "Has Failed Physical Drive", "" },
        { "Interim Recovery", "" },
        { "Degraded", "" },
        { "Rebuilding", "" },
        { "Recovering", "" },
        { "Transforming", "" },
        { "Expanding", "" },
        { "Ready for Recovery", "" },
};
static const StateWord ssacli_volume_words[] = {
        { "OK", "optimal" },
        { "Interim Recovery", "degraded" },
        { "Recovering", "degraded" },
        { "Ready for Recovery", "degraded" },
        { "Ready for Rebuild", "degraded" },
        { "Waiting for Rebuild", "degraded" },
        { "Rebuilding", "degraded" },
        { "Degraded", "degraded" },
        { "Failed", "failed" },
        { "Wrong Physical Drive Replaced", "failed" },
        { "Physical Drive(s) Not Properly Connected", "failed" },
        { "Volume is Offline", "failed" },
        { "Disabled", "failed" },
        { "Disabled from SCSI ID Conflict", "failed" },
        { "Expanding", "optimal" },
        { "Queued for Expansion", "optimal" },
        { "Transforming", "optimal" },
        { "Being Expanded", "optimal" },
        { "Available for Expansion", "optimal" },
        { "Erase In Progress", "optimal" },
        { "Initializing", "optimal" },
        { "Not Configured", "optimal" },
        { "Not Yet Initialized", "optimal" },
};
static const StateWord action_words[] = {
        { "Recovering", "recover" },     { "Rebuilding", "recover" },   { "Expanding", "reshape" },
        { "Being Expanded", "reshape" }, { "Transforming", "reshape" }, { "Initializing", "resync" },
};
static const StateWord ssacli_level_words[] = {
        { "1+0", "raid10" }, { "10", "raid10" },     { "50", "raid50" },     { "60", "raid60" },
        { "0", "raid0" },    { "1", "raid1" },       { "5", "raid5" },       { "6", "raid6" },
        { "1adm", "raid1" }, { "1 (ADM)", "raid1" }, { "6 (ADG)", "raid6" },
};
static const StateWord ssacli_drive_words[] = {
        { "OK", "online" },
        { "Predictive Failure Rebuilding", "rebuilding" },
        { "Predictive Failure", "online" },
        { "Failed", "failed" },
        { "Failed Spare", "failed" },
        { "Offline", "failed" },
        { "Not Supported", "failed" },
        { "Unsupported", "failed" },
        { "Not Authenticated", "online" },
        { "Erased", "unused" },
        { "Erase In Progress", "unused" },
        { "Erase Complete", "unused" },
        { "Load/Format failed", "failed" },
        { "Missing", "missing" },
        { "Rebuilding", "rebuilding" },
        { "Recovering", "rebuilding" },
        { "Queued for Rebuild", "rebuilding" },
        { "Ready for Rebuild", "rebuilding" },
        { "Waiting for Rebuild", "rebuilding" },
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

static Span ssacli_span(const char *text) {
        return (Span){ text, strlen(text) };
}

static Span ssacli_after(Span s, size_t n) {
        return ssacli_trim((Span){ s.at + n, s.n - n });
}

static int64_t ssacli_number_of(Span s) {
        int64_t value;
        size_t n = 0;

        while (n < s.n && s.at[n] >= '0' && s.at[n] <= '9')
                n++;
        return text_to_int(s.at, n, 0, bound_of(BOUND_QUANTITY), &value) == 0 ? value : UNKNOWN;
}

/* "…, 33.9% complete": the number before the sign. */
static int64_t percent_in(Span s, int64_t scale) {
        const char *sign = s.n > 0 ? memchr(s.at, '%', s.n) : NULL;
        const char *at = sign;
        int64_t value;

        while (at && at > s.at && ((at[-1] >= '0' && at[-1] <= '9') || at[-1] == '.'))
                at--;
        return sign && text_to_scaled(at, (size_t) (sign - at), scale, 0, bound_of(BOUND_PERCENT) * scale,
                                      &value) == 0
                       ? value
                       : UNKNOWN;
}

const char *ssacli_volume_subject(Arena *a, const SsacliFacts *f, const SsacliVolume *volume) {
        return text_format(a, "%s/%s%s", f->controllers[volume->controller].subject, volume->array,
                           volume->number);
}

const char *ssacli_drive_subject(Arena *a, const SsacliFacts *f, const SsacliDrive *d) {
        return text_format(a, "%s:%s", f->controllers[d->controller].subject, d->place);
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
        r->unassigned = false;
}

static void drive_begin(Reader *r, Span place) {
        r->f.drives[r->f.n_drives++] = (SsacliDrive){ .controller = r->f.n_controllers - 1,
                                                      .array = r->array,
                                                      .place = ssacli_copied(r, place),
                                                      .kind = "",
                                                      .model = "",
                                                      .serial = "",
                                                      .wwn = "",
                                                      .block = "",
                                                      .state = NULL,
                                                      .temperature = UNKNOWN,
                                                      .hours = UNKNOWN,
                                                      .wear = UNKNOWN };
}

static void volume_begin(Reader *r, Span number) {
        r->f.volumes[r->f.n_volumes++] = (SsacliVolume){ .controller = r->f.n_controllers - 1,
                                                         .array = r->array,
                                                         .number = ssacli_copied(r, number),
                                                         .level = "",
                                                         .state = NULL,
                                                         .block = "",
                                                         .action = "",
                                                         .progress_permille = UNKNOWN,
                                                         .media_errors = UNKNOWN };
}

/* "Array: A", "Array A" where drives alone are told, "array A (SAS, …)" in short; n 0: it is no array's line. */
static Span array_name(Span line) {
        Span name = { line.at, 0 };
        const char *open;

        if (span_starts(line, "Array: "))
                name = ssacli_after(line, 7);
        else if (span_starts(line, "Array ") || span_starts(line, "array "))
                name = ssacli_after(line, 6);
        open = name.n > 0 ? memmem(name.at, name.n, " (", 2) : NULL;
        name.n = open ? (size_t) (open - name.at) : name.n;
        for (size_t i = 0; i < name.n; i++)
                if (name.at[i] < 'A' || name.at[i] > 'Z')
                        return (Span){ line.at, 0 };
        return name;
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
        } else if (array_name(line).n > 0 && r->object != OBJECT_DRIVE) {
                r->array = ssacli_copied(r, array_name(line));
                r->array_indent = indent;
                r->unassigned = false;
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

/* The controller's, volume's or drive's subject, as "hpraid" tells it. */
static const char *item_subject(const Reader *r) {
        const SsacliFacts *f = &r->f;

        if (r->object == OBJECT_ARRAY)
                return text_format(r->a, "%s/%s", f->controllers[f->n_controllers - 1].subject, r->array);
        if (r->object == OBJECT_CONTROLLER)
                return f->controllers[f->n_controllers - 1].subject;
        if (r->object == OBJECT_VOLUME)
                return ssacli_volume_subject(r->a, f, &f->volumes[f->n_volumes - 1]);
        return ssacli_drive_subject(r->a, f, &f->drives[f->n_drives - 1]);
}

/* The word for it; of one that is not known, "unknown", which is said beside it. */
static const char *ssacli_word(Reader *r, const StateWord *words, size_t n, Span key, Span value) {
        const char *theirs = ssacli_copied(r, value), *ours = state_word_find(words, n, theirs);
        const char *name = ours ? "" : item_subject(r);

        if (!ours)
                r->full |= !name || unread_word(r->a, &r->f.unread, name, ssacli_copied(r, key), theirs) < 0;
        return ours ? ours : "unknown";
}
#define WORD_OF(r, words, key, value) ssacli_word(r, words, ARRAY_SIZE(words), key, value)

static void controller_line(Reader *r, Span key, Span value) {
        SsacliController *c = &r->f.controllers[r->f.n_controllers - 1];

        if (span_is(key, "Controller Status"))
                c->state = WORD_OF(r, ssacli_controller_words, key, value);
        else if (span_is(key, "Battery/Capacitor Status") || span_is(key, "Battery Status") ||
                 span_is(key, "Energy Pack Status"))
                c->battery = WORD_OF(r, ssacli_battery_words, key, value);
        else if (span_is(key, "Cache Status"))
                (void) WORD_OF(r, cache_words, key, value);
}

static void volume_line(Reader *r, Span key, Span value) {
        SsacliVolume *v = &r->f.volumes[r->f.n_volumes - 1];
        const char *action;

        if (span_is(key, "Fault Tolerance")) {
                v->level = WORD_OF(r, ssacli_level_words, key,
                                   span_starts(value, "RAID ") ? ssacli_after(value, 5) : value);
        } else if (span_is(key, "Status")) {
                v->state = WORD_OF(r, ssacli_volume_words, key, value);
                action = STATE_WORD(action_words, ssacli_copied(r, value));
                v->action = action ? action : "";
                v->progress_permille = *v->action ? percent_in(value, 10) : UNKNOWN;
        } else if (span_is(key, "Unrecoverable Media Errors")) {
                v->media_errors = !span_is(value, "None");
        } else if (span_is(key, "Disk Name") && span_starts(value, "/dev/")) {
                v->block = ssacli_copied(r, ssacli_after(value, 5));
        }
}

static void drive_line(Reader *r, Span key, Span value) {
        SsacliDrive *d = &r->f.drives[r->f.n_drives - 1];
        int64_t left;

        if (span_is(key, "Status")) {
                d->state = WORD_OF(r, ssacli_drive_words, key, value);
                d->predicted = span_starts(value, "Predictive Failure");
        } else if (span_is(key, "Drive Type")) {
                d->spare = memmem(value.at, value.n, "Spare", 5) != NULL;
                d->raw = span_starts(value, "HBA");
                d->data = span_is(value, "Data Drive");
        } else if (span_is(key, "Interface Type")) {
                d->kind = span_starts(value, "Solid State") ? "ssd"
                          : span_starts(value, "NVMe")      ? "nvme"
                                                            : d->kind;
        } else if (span_is(key, "Rotational Speed")) {
                d->kind = ssacli_number_of(value) > 0 ? "hdd" : d->kind;
        } else if (span_is(key, "Serial Number")) {
                d->serial = ssacli_copied(r, value);
        } else if (span_is(key, "Disk Name") && span_starts(value, "/dev/")) {
                d->block = ssacli_copied(r, ssacli_after(value, 5));
        } else if (span_is(key, "WWID")) {
                d->wwn = ssacli_copied(r, value);
        } else if (span_is(key, "SSD Smart Trip Wearout")) {
                d->wear = span_is(value, "True") ? 100
                                                 : d->wear; /* its controller's word that it is worn out */
        } else if (span_is(key, "Model")) {
                d->model = ssacli_copied(r, value);
        } else if (span_is(key, "Current Temperature (C)")) {
                d->temperature = ssacli_number_of(value);
        } else if (span_is(key, "Power On Hours")) {
                d->hours = ssacli_number_of(value);
        } else if (span_is(key, "Usage remaining")) {
                left = percent_in(value, 1000);
                d->wear = left >= 0 && d->wear < 100 - left / 1000 ? 100 - left / 1000 : d->wear;
        }
}

/* True: it was a drive, or a logical drive, in one line. The object whose lines these are stays what it is: such lines
 * stand within others, too. */
static bool brief_take(Reader *r, Span line) {
        Object whose = r->object;
        SsacliBrief b;

        if (r->f.n_controllers == 0)
                return false;
        if (ssacli_brief_parse(line, "logicaldrive ", &b)) {
                volume_begin(r, b.name);
                r->object = OBJECT_VOLUME;
                if (b.level.n > 0)
                        volume_line(r, ssacli_span("Fault Tolerance"), b.level);
                if (b.status.n > 0)
                        volume_line(r, ssacli_span("Status"), b.status);
        } else if (ssacli_brief_parse(line, "physicaldrive ", &b)) {
                SsacliDrive *d;

                drive_begin(r, b.name);
                r->object = OBJECT_DRIVE;
                d = &r->f.drives[r->f.n_drives - 1];
                d->brief = true;
                d->spare = b.spare;
                d->data = !*d->array && !r->unassigned;
                if (b.status.n > 0)
                        drive_line(r, ssacli_span("Status"), b.status);
        } else {
                return false;
        }
        r->object = whose;
        return true;
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
        r->unassigned |= span_is(line, "unassigned") || span_is(line, "Unassigned");
        if (object_begin(r, line, indent) || brief_take(r, line) || r->object == OBJECT_NONE)
                return;
        colon = memmem(line.at, line.n, ": ", 2);
        if (!colon)
                return;
        key = (Span){ line.at, (size_t) (colon - line.at) };
        value = ssacli_after(line, key.n + 2);
        if (r->object == OBJECT_CONTROLLER)
                controller_line(r, key, value);
        else if (r->object == OBJECT_ARRAY && span_is(key, "Status"))
                (void) WORD_OF(r, array_words, key, value);
        else if (r->object == OBJECT_VOLUME)
                volume_line(r, key, value);
        else if (r->object == OBJECT_DRIVE)
                drive_line(r, key, value);
}

/* Drives in one line that are told in full, or in another line. */
static void brief_drop(SsacliFacts *f) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < f->n_drives; i++) {
                bool known = false;

                for (uint32_t k = 0; k < f->n_drives && f->drives[i].brief && !known; k++)
                        known = (!f->drives[k].brief || k < i) &&
                                f->drives[k].controller == f->drives[i].controller &&
                                strcmp(f->drives[k].place, f->drives[i].place) == 0;
                if (!known)
                        f->drives[n++] = f->drives[i];
        }
        f->n_drives = n;
}

/* What was given no status: its answer is cut off, or it has none. */
static int ssacli_finish(Arena *a, SsacliFacts *f) {
        int k = 0;

        for (uint32_t i = 0; i < f->n_controllers && k == 0; i++)
                if (!f->controllers[i].state) {
                        f->controllers[i].state = "unknown";
                        k = unread_word(a, &f->unread, f->controllers[i].subject, "Controller Status", NULL);
                }
        for (uint32_t i = 0; i < f->n_volumes && k == 0; i++)
                if (!f->volumes[i].state) {
                        const char *name = ssacli_volume_subject(a, f, &f->volumes[i]);

                        f->volumes[i].state = "unknown";
                        k = name ? unread_word(a, &f->unread, name, "Status", NULL) : -ENOMEM;
                }
        for (uint32_t i = 0; i < f->n_drives && k == 0; i++)
                if (!f->drives[i].state) {
                        const char *name = ssacli_drive_subject(a, f, &f->drives[i]);

                        f->drives[i].state = "unknown";
                        k = name ? unread_word(a, &f->unread, name, "Status", NULL) : -ENOMEM;
                }
        return k;
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
        if (r.f.n_controllers == 0)
                return -EBADMSG;
        brief_drop(&r.f);
        *ret = r.f;
        return ssacli_finish(a, ret);
}
