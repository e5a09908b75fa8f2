/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/smart_ata.h"

#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define LIFE_ATTRIBUTE_WORN 1 /* the least a normalized value can be: the count stops there */

/* ATA attributes whose raw value is a plain count; `predicts`: of those at their threshold. */
static const struct {
        int64_t id;
        size_t at;
        bool predicts;
} smart_ata_counts[] = {
        { 5, offsetof(SmartFacts, reallocated), true }, { 10, offsetof(SmartFacts, spin_retry), true },
        { 187, offsetof(SmartFacts, reported), true },  { 196, offsetof(SmartFacts, reallocations), false },
        { 197, offsetof(SmartFacts, pending), true },   { 198, offsetof(SmartFacts, uncorrectable), true },
        { 199, offsetof(SmartFacts, crc), false },
};

/* Attributes whose normalized value is the endurance left; numbers mean other things with other makers, so the
 * name counts, as smartctl's drive database has it. */
static const struct {
        int64_t id;
        const char *name; /* a beginning */
} life_attributes[] = {
        { 233, "Media_Wearout_Indicator" }, /* Intel, Solidigm */
        { 230, "Media_Wearout_Indicator" }, /* SanDisk */
        { 202, "Percent_Lifetime_Remain" }, /* Crucial, Micron */
        { 202, "Percent_Lifetime_Used" },   { 202, "Perc_Rated_Life_Used" },
        { 231, "SSD_Life_Left" },                                           /* Kingston, Phison, SandForce */
        { 231, "Percent_Lifetime_Remain" }, { 177, "Wear_Leveling_Count" }, /* Samsung */
        { 169, "Remaining_Lifetime_Perc" }, { 245, "Percent_Life_Remaining" },
        { 245, "Drive_Life_Remaining" },    { 248, "Perc_Rated_Life_Remain" },
        { 173, "Media_Wearout_Indicator" },
};

/* What smartctl shows as the count: raw values may hold more beside it ("8 (0 5)", "31 (Min/Max 20/35)"), in
 * ways that its drive database knows. */
static int64_t raw_count(const json_t *attribute) {
        const char *shown = json_text_at(attribute, "raw.string");
        size_t n = shown ? strspn(shown, "0123456789") : 0;
        int64_t value;

        if (n > 0 && (shown[n] == '\0' || shown[n] == ' ') &&
            text_to_int(shown, n, 0, bound_of(BOUND_TOOL_NUMBER), &value) == 0)
                return value;
        return json_whole_at(attribute, "raw.value");
}

/* Three counts of 16 bits: all that timed out, those over 5 s, those over 7.5 s (Seagate; elsewhere the upper
 * two are 0). As one number it looks like billions. */
static void timeouts_take(const json_t *attribute, SmartFacts *f) {
        int64_t raw = json_whole_at(attribute, "raw.value");

        if (raw < 0 || raw >= INT64_C(1) << 48)
                return;
        f->timeouts = raw & 0xffff;
        f->timeouts_5s = raw >> 16 & 0xffff;
        f->timeouts_7s = raw >> 32;
}

static void name_append(char *list, size_t size, const char *name) {
        size_t n = strlen(list);

        if (name && *name && !strchr(name, ',') && text_is_name(name, strlen(name)) &&
            n + strlen(name) + 2 <= size)
                (void) snprintf(list + n, size - n, "%s%s", n > 0 ? "," : "", name);
}

static bool is_temperature(int64_t id, const char *name) {
        return id == 190 || id == 194 || strstr(name, "Temperature");
}

/* Whether it means a failure that it is at its threshold. Where its maker's flag is not told, it does. */
static bool predicts_failure(const json_t *attribute, int64_t id, const char *name) {
        const json_t *prefail = json_at(attribute, "flags.prefailure");

        if (is_temperature(id, name))
                return false;
        if (id == 188)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(smart_ata_counts); i++)
                if (smart_ata_counts[i].id == id)
                        return smart_ata_counts[i].predicts;
        return !prefail || json_is_true(prefail);
}

static void attribute_take(const json_t *attribute, SmartFacts *f) {
        int64_t id = json_whole_at(attribute, "id");
        const char *failed = json_text_at(attribute, "when_failed"), *name = json_text_at(attribute, "name");
        char number[32];

        (void) snprintf(number, sizeof(number), "%lld", (long long) id);
        name = name && *name ? name : number;
        for (size_t i = 0; i < ARRAY_SIZE(smart_ata_counts); i++)
                if (smart_ata_counts[i].id == id)
                        *(int64_t *) ((char *) f + smart_ata_counts[i].at) = raw_count(attribute);
        if (id == 188)
                timeouts_take(attribute, f);
        if ((id == 194 || id == 190) && f->temperature < 0)
                f->temperature = raw_count(attribute);
        if (!failed || !*failed || strcmp(failed, "-") == 0)
                return;
        if (strcmp(failed, "past") == 0) {
                if (!is_temperature(id, name))
                        name_append(f->failed_once, sizeof(f->failed_once), name);
                return;
        }
        if (strcmp(failed, "now") != 0) { /* a word that is not known is not taken for less */
                char odd[80];

                (void) snprintf(odd, sizeof(odd), "%.40s: when_failed %.20s", name, failed);
                name_append(f->unread, sizeof(f->unread), odd);
        }
        if (predicts_failure(attribute, id, name))
                name_append(f->failing_now, sizeof(f->failing_now), name);
        else
                name_append(f->warned_now, sizeof(f->warned_now), name);
}

/* ---- device statistics (ACS-4, 9.5) ---- */
enum { PAGE_ROTATING = 3, PAGE_ERRORS = 4, PAGE_SOLID_STATE = 7 };

static int64_t smart_ata_statistic(const json_t *j, int64_t number, int64_t offset) {
        const json_t *pages = json_at(j, "ata_device_statistics.pages"), *page, *row;
        size_t i, k;

        json_array_foreach(pages, i, page) {
                const json_t *table = json_object_get(page, "table");

                if (json_whole_at(page, "number") != number)
                        continue;
                json_array_foreach(table, k, row) {
                        if (json_whole_at(row, "offset") == offset &&
                            json_is_true(json_at(row, "flags.valid")))
                                return json_whole_at(row, "value");
                }
        }
        return UNKNOWN;
}

/* The extended log, where it was read, holds the standard one's errors too. */
static int64_t smart_ata_either(const json_t *j, const char *extended, const char *standard) {
        int64_t value = json_whole_at(j, extended);

        return value >= 0 ? value : json_whole_at(j, standard);
}

void smart_ata_take(const json_t *j, SmartFacts *f) {
        const json_t *table = json_at(j, "ata_smart_attributes.table"), *attribute;
        size_t i;

        json_array_foreach(table, i, attribute) {
                attribute_take(attribute, f);
        }
        if (f->reallocated < 0)
                f->reallocated = smart_ata_statistic(j, PAGE_ROTATING, 32);
        if (f->reported < 0)
                f->reported = smart_ata_statistic(j, PAGE_ERRORS, 8);
        if (f->pending < 0)
                f->pending = json_whole_at(j, "ata_pending_defects_log.count");
        f->error_log = smart_ata_either(j, "ata_smart_error_log.extended.count",
                                        "ata_smart_error_log.summary.count");
        if (json_at(j, "ata_smart_self_test_log.standard") ||
            json_at(j, "ata_smart_self_test_log.extended")) {
                f->selftest_failed = smart_ata_either(j, "ata_smart_self_test_log.extended.error_count_total",
                                                      "ata_smart_self_test_log.standard.error_count_total");
                f->selftest_failed = f->selftest_failed >= 0 ? f->selftest_failed : 0; /* an empty log */
        }
}

int64_t smart_ata_wear(const json_t *j) {
        const json_t *table = json_at(j, "ata_smart_attributes.table"), *attribute;
        int64_t wear = smart_ata_statistic(j, PAGE_SOLID_STATE, 8);
        size_t i;

        if (wear >= 0)
                return wear;
        json_array_foreach(table, i, attribute) {
                int64_t id = json_whole_at(attribute, "id"), value = json_whole_at(attribute, "value");
                const char *name = json_text_at(attribute, "name");

                for (size_t k = 0; name && value >= 0 && value <= 100 && k < ARRAY_SIZE(life_attributes); k++)
                        if (life_attributes[k].id == id &&
                            strncmp(name, life_attributes[k].name, strlen(life_attributes[k].name)) == 0) {
                                int64_t used = value <= LIFE_ATTRIBUTE_WORN ? 100 : 100 - value;

                                wear = used > wear ? used : wear;
                        }
        }
        return wear;
}
