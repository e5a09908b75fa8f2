/* VMs that were moved lately, as a JSON text in the store (state "cool-downs", schema plimsoll.cool-downs/1):
 * so that a restart, or another leader, does not move them back and forth.
 */
#pragma once

#include "scheduler/app/round.h"
#include "scheduler/base/text.h"

#define COOL_DOWNS_NAME "cool-downs"

/* Those past `now` are left out. 0 or -ENOMEM. */
int cool_downs_print(Arena *a, const CoolDown *list, uint32_t n, usec_t now, const char **ret,
                     size_t *ret_n) must_check;

/* 0; -EBADMSG; -ENOMEM. The order is by VM. */
int cool_downs_parse(Arena *a, const char *text, size_t n, const CoolDown **ret, uint32_t *ret_n) must_check;

/* The list with `vm` held until then (or longer, when it was). In `a`. */
int cool_downs_add(Arena *a, const CoolDown *list, uint32_t n, CoolDown one, const CoolDown **ret,
                   uint32_t *ret_n) must_check;
