#include "scheduler/app/cool_downs.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "plimsoll.cool-downs/1"

int cool_downs_print(Arena *a, const CoolDown *list, uint32_t n, usec_t now, const char **ret,
                     size_t *ret_n) {
        json_t *vms = json_object(), *o;
        char *text;

        for (uint32_t i = 0; i < n; i++)
                if (list[i].until > now)
                        (void) json_object_set_new(vms, list[i].vm, json_integer(list[i].until));
        o = json_pack("{s:s, s:o}", "schema", SCHEMA, "vms", vms);
        text = o ? json_dumps(o, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
        json_decref(o);
        if (!text)
                return -ENOMEM;
        *ret_n = strlen(text);
        *ret = text_copy(a, text, *ret_n);
        free(text);
        return *ret ? 0 : -ENOMEM;
}

static int compare_vm(const void *a, const void *b) {
        const CoolDown *x = a, *y = b;

        return strcmp(x->vm, y->vm);
}

static int vms_parse(Arena *a, json_t *o, const CoolDown **ret, uint32_t *ret_n) {
        const char *schema = NULL, *vm;
        json_t *vms = NULL, *until;
        CoolDown *list;
        uint32_t n = 0;

        if (json_unpack(o, "{s:s, s:o}", "schema", &schema, "vms", &vms) < 0 || strcmp(schema, SCHEMA) != 0 ||
            !json_is_object(vms))
                return -EBADMSG;
        list = arena_new(a, CoolDown, json_object_size(vms));
        if (!list)
                return -ENOMEM;
        json_object_foreach(vms, vm, until) {
                if (!json_is_integer(until))
                        return -EBADMSG;
                list[n] =
                        (CoolDown){ .vm = text_copy(a, vm, strlen(vm)), .until = json_integer_value(until) };
                if (!list[n++].vm)
                        return -ENOMEM;
        }
        if (n > 0)
                qsort(list, n, sizeof(*list), compare_vm);
        *ret = list;
        *ret_n = n;
        return 0;
}

int cool_downs_parse(Arena *a, const char *text, size_t n, const CoolDown **ret, uint32_t *ret_n) {
        json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? vms_parse(a, o, ret, ret_n) : -EBADMSG;

        json_decref(o);
        return r;
}

int cool_downs_add(Arena *a, const CoolDown *list, uint32_t n, CoolDown one, const CoolDown **ret,
                   uint32_t *ret_n) {
        CoolDown *longer = arena_new(a, CoolDown, (size_t) n + 1);

        if (!longer)
                return -ENOMEM;
        if (n > 0)
                memcpy(longer, list, sizeof(*list) * n);
        *ret = longer;
        *ret_n = n;
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(longer[i].vm, one.vm) == 0) {
                        longer[i].until = one.until > longer[i].until ? one.until : longer[i].until;
                        return 0;
                }
        longer[n] = one;
        *ret_n = n + 1;
        return 0;
}
