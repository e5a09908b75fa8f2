/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_GUARDED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_GUARDED 1
#endif
#endif
#ifdef ARENA_GUARDED
#include <sanitizer/asan_interface.h>

/* With ASan what was given back may not be touched before it is taken again. Memory that the arena was only given
 * (arena_over: it has no key) is somebody's stack or heap, which ASan knows better. Lists have a gap before them, so that
 * nobody reads one past the end of the list before; pieces of bytes have none: a text grows in place (text_writer.c). */
#define ARENA_GAP ((size_t) 16)

static bool arena_guarded(const Arena *a) {
        return a->key.k0 != 0 || a->key.k1 != 0;
}

static void arena_forbid(const Arena *a, size_t from, size_t to) {
        if (arena_guarded(a))
                __asan_poison_memory_region(a->base + from, to - from);
}

static void arena_allow(const Arena *a, size_t from, size_t to) {
        if (arena_guarded(a))
                __asan_unpoison_memory_region(a->base + from, to - from);
}

static size_t arena_gap(const Arena *a, size_t align) {
        return arena_guarded(a) && align > 1 ? ARENA_GAP : 0;
}

/* What follows the last piece, until it is taken. */
static size_t arena_past(const Arena *a, size_t end) {
        return a->limit - end < ARENA_GAP ? a->limit : end + ARENA_GAP;
}
#else
#define arena_forbid(a, from, to) ((void) 0)
#define arena_allow(a, from, to)  ((void) 0)
#define arena_gap(a, align)       ((size_t) 0)
#define arena_past(a, end)        (end)
#endif

#define ARENA_KEPT ((size_t) 4 << 20)
#define TRIM_UNIT  ((size_t) 64 << 10) /* no page is larger */

Arena arena_over(void *memory, size_t limit) {
        assert(memory || limit == 0);
        return (Arena){ .base = memory, .limit = limit, .dirty = limit };
}

/* Without a source of chance (none is known to fail) the place in memory is one. */
static HashKey arena_key(const void *base) {
        HashKey key = { .k0 = (uintptr_t) base };

        if (getrandom(&key, sizeof(key), GRND_NONBLOCK) != (ssize_t) sizeof(key))
                key.k1 = (uintptr_t) &key;
        return key;
}

int arena_open(size_t limit, Arena *ret) {
        void *base =
                mmap(NULL, limit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (base == MAP_FAILED)
                return -ENOMEM;
        *ret = (Arena){ .base = base, .limit = limit, .reserved = true, .key = arena_key(base) };
        return 0;
}

void arena_close(Arena *a) {
        arena_allow(a, 0, arena_past(a, a->dirty));
        if (a->reserved)
                (void) munmap(a->base, a->limit);
        *a = (Arena){ 0 };
}

void *arena_take(Arena *a, size_t n, size_t size, size_t align) {
        size_t start, bytes, end;

        assert(a->used <= a->limit);
        assert(align > 0 && (align & (align - 1)) == 0);

        start = (a->used + arena_gap(a, align) + align - 1) & ~(align - 1);
        if (__builtin_mul_overflow(n, size, &bytes) || start > a->limit || bytes > a->limit - start)
                return NULL;

        end = start + bytes;
        arena_allow(a, start, end);
        arena_forbid(a, end, arena_past(a, end));
        if (start < a->dirty && bytes > 0) /* fresh pages are zero already: do not touch them */
                memset(a->base + start, 0, (end < a->dirty ? end : a->dirty) - start);
        if (end > a->dirty)
                a->dirty = end;
        a->used = end;
        return a->base + start;
}

int arena_split(Arena *a, size_t limit, Arena *ret) {
        size_t start = (a->used + 63) & ~(size_t) 63;

        if (start > a->limit || limit > a->limit - start)
                return -ENOMEM;
        *ret = (Arena){ .base = a->base + start, .limit = limit, .key = a->key };
        ret->dirty = a->dirty > start ? (a->dirty - start < limit ? a->dirty - start : limit) : 0;
        a->used = start + limit;
        if (a->dirty < a->used)
                a->dirty = a->used; /* what the worker writes is not seen from here */
        return 0;
}

ArenaMark arena_mark(const Arena *a) {
        return a->used;
}

/* Of an arena that is empty again the last eighth of what it once held goes back to the kernel: what a round needs each
 * time it keeps, nearly, and what one round alone needed (new settings, a cluster that was larger) is given up over the next
 * ones. Of a small arena that is not worth a call. */
static void arena_trim(Arena *a) {
        size_t from;

        if (!a->reserved || a->dirty <= ARENA_KEPT)
                return;
        from = a->dirty - a->dirty / 8;
        from = ((from > ARENA_KEPT ? from : ARENA_KEPT) + TRIM_UNIT - 1) & ~(size_t) (TRIM_UNIT - 1);
        if (from < a->dirty && madvise(a->base + from, a->dirty - from, MADV_DONTNEED) == 0)
                a->dirty = from;
}

void arena_rewind(Arena *a, ArenaMark mark) {
        assert(mark <= a->used);
        arena_forbid(a, mark, a->used);
        a->used = mark;
        if (mark == 0)
                arena_trim(a);
}

void *arena_copy_longer(Arena *a, const void *old, size_t n, size_t room, size_t size, size_t align) {
        void *longer = arena_take(a, room, size, align);

        assert(n <= room);
        if (longer && n > 0)
                memcpy(longer, old, n * size);
        return longer;
}

void *arena_room(Arena *a, void *list, size_t n, size_t size) {
        if (n > 0 && (n & (n - 1)) != 0)
                return list;
        return arena_copy_longer(a, list, n, n > 0 ? 2 * n : 1, size, _Alignof(max_align_t));
}
