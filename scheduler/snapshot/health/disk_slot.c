/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/disk_slot.h"

#include <string.h>

typedef struct Place {
        const char *text;
        size_t n, fields;
} Place;

/* False: it does not say where it is, or not in fields of letters and digits. */
static bool place_of(const Device *d, Place *ret) {
        const char *text =
                device_is_word(d) || d->kind != DEVICE_STORAGE ? NULL : device_text(d, METRIC_DISK_SLOT);
        Place p = { .text = text, .fields = 1 };
        bool empty = true;

        for (; text && text[p.n]; p.n++) {
                char c = text[p.n];
                bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

                if (!letter && (c != ':' || empty))
                        return false;
                p.fields += c == ':';
                empty = c == ':';
        }
        *ret = p;
        return !empty;
}

/* Whether the shorter is the end of the longer. */
static bool places_fit(const Place *left, const Place *right) {
        const Place *longer = left->n >= right->n ? left : right, *shorter = longer == left ? right : left;
        size_t from = longer->n - shorter->n;

        return strncmp(longer->text + from, shorter->text, shorter->n) == 0 &&
               (from == 0 || longer->text[from - 1] == ':');
}

static bool disk_slot_has_source(const Device *d, const char *source) {
        for (; d; d = d->other)
                if (strcmp(d->source, source) == 0)
                        return true;
        return false;
}

/* The last word of it: "ATA     MB4000" and "MB4000" are one. */
static const char *model_of(const Device *d) {
        const char *model = device_text(d, METRIC_DISK_MODEL), *blank = model ? strrchr(model, ' ') : NULL;

        return blank ? blank + 1 : model;
}

static bool texts_differ(const char *left, const char *right) {
        return left && right && *left && *right && strcmp(left, right) != 0;
}

/* Serial numbers that differ were compared before: a disk is not in two sources' words under two of them. */
static bool disks_contradict(const Device *left, const Device *right) {
        return texts_differ(model_of(left), model_of(right)) ||
               texts_differ(device_text(left, METRIC_DISK_KIND), device_text(right, METRIC_DISK_KIND)) ||
               (device_text(left, METRIC_DISK_SERIAL) && device_text(right, METRIC_DISK_SERIAL)) ||
               (device_text(left, METRIC_DISK_WWN) && device_text(right, METRIC_DISK_WWN));
}

/* All of the source that say where they are say the same of all but the last field. */
static bool is_one_enclosure(const DeviceTable *t, const char *source, const Place *like) {
        size_t head = like->n;

        while (head > 0 && like->text[head - 1] != ':')
                head--;
        for (uint32_t i = 0; i < t->names.n; i++) {
                Place p;

                if (strcmp(t->devices[i].source, source) == 0 && place_of(&t->devices[i], &p) &&
                    (p.fields != like->fields || strncmp(p.text, like->text, head) != 0))
                        return false;
        }
        return true;
}

/* The only device of `source` whose place fits; NULL: none or several. */
static Device *only_one_at(const DeviceTable *t, const Place *at, const char *source) {
        Device *found = NULL;

        for (uint32_t i = 0; i < t->names.n; i++) {
                Device *d = &t->devices[i];
                Place p;

                if (strcmp(d->source, source) != 0 || !place_of(d, &p) || !places_fit(at, &p))
                        continue;
                if (found)
                        return NULL;
                found = d;
        }
        return found;
}

static bool bare_is_enough(const DeviceTable *t, const Device *left, const Place *at, const Device *right,
                           const Place *there) {
        const char *x = model_of(left), *y = model_of(right);

        if (at->fields > 1 && there->fields > 1)
                return true;
        return x && y && *x && *y && is_one_enclosure(t, left->source, at) &&
               is_one_enclosure(t, right->source, there);
}

Device *disk_by_slot(const DeviceTable *t, const Device *d) {
        Place at, there;
        Device *found = NULL;

        if (!place_of(d, &at))
                return NULL;
        for (uint32_t i = 0; i < t->names.n; i++) {
                Device *other = &t->devices[i];

                if (other == d || disk_slot_has_source(d, other->source) || !place_of(other, &there) ||
                    !places_fit(&at, &there) || only_one_at(t, &at, other->source) != other ||
                    only_one_at(t, &there, d->source) != d || disks_contradict(d, other) ||
                    !bare_is_enough(t, d, &at, other, &there))
                        continue;
                if (found) /* of a third source: which of them is not asked */
                        return NULL;
                found = other;
        }
        return found;
}
