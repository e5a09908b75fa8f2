/* SPDX-License-Identifier: Apache-2.0 */
/* faults_d: a folder in which any tool of the operator drops a small JSON file for what it knows to be
 * failing (docs/fault-file.md). The file is the fault: it is there as long as the fault is. The kernel says
 * when one comes or goes, and then the agent does not wait for its next turn. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/disks/tool_faults.h"
#include "collectors/parse/fault_file.h"
#include "collectors/read/collector_value.h"
#include "collectors/read/file_trust.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"

#define FILES_MOST    256
#define SCRATCH_BYTES (UINT64_C(64) << 20)
#define WATCHED       (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)

extern const Collector collector_fault_files;

typedef struct FaultsState {
        Arena scratch;
        int watch; /* inotify, −1: there is none */
        int wd;    /* −1: the folder is not watched: it was not there */
        bool was_there;
} FaultsState;

typedef struct FaultText {
        const char *text, *why; /* why: its words are not taken */
        size_t n;
} FaultText;

static const char *fault_files_folder(const CollectorEnv *env) {
        return collector_text(env, &collector_fault_files, "dir");
}

#define USUAL_FOLDER "/var/lib/plimsoll-agent/faults.d"

/* Where nobody made the usual folder nothing was dropped. One that was there and is gone is an error, as is one that an operator
 * named: what stood in it may hold still. */
static bool folder_was_never(const FaultsState *s, const CollectorEnv *env) {
        return !s->was_there && *env->root == '\0' && strcmp(fault_files_folder(env), USUAL_FOLDER) == 0;
}

static void folder_watch(FaultsState *s, const CollectorEnv *env) {
        if (s->watch >= 0 && s->wd < 0)
                s->wd = inotify_add_watch(s->watch, fault_files_folder(env), WATCHED | IN_ONLYDIR);
}

static int faults_open(void *state, const CollectorEnv *env) {
        FaultsState *s = state;

        s->watch = s->wd = -1;
        if (!env->root)
                return 1;
        if (*env->root == '\0')
                s->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        folder_watch(s, env);
        return arena_open(SCRATCH_BYTES, &s->scratch);
}

static bool is_fault_file(const char *name) {
        size_t n = strlen(name);

        return name[0] != '.' && n > 5 && strcmp(name + n - 5, ".json") == 0;
}

typedef struct FaultNames {
        const char **names; /* sorted, at most FILES_MOST */
        uint32_t n;
        bool more; /* there are others */
        bool odd;  /* there are some whose name is none */
} FaultNames;

static int files_list(Arena *a, const char *path, FaultNames *ret) {
        const char **names = arena_new(a, const char *, FILES_MOST);
        DIR *dir = opendir(path);
        FaultNames found = { .names = names };
        uint32_t n = 0;

        if (!dir || !names) {
                int error = dir ? ENOMEM : errno;

                if (dir)
                        (void) closedir(dir);
                return -error;
        }
        for (struct dirent *e; (e = readdir(dir));) {
                if (!is_fault_file(e->d_name))
                        continue;
                if (!text_is_name(e->d_name, strlen(e->d_name)) || strlen(e->d_name) > 240) {
                        found.odd = true;
                        continue;
                }
                if (n == FILES_MOST) {
                        found.more = true;
                        break;
                }
                names[n] = text_copy(a, e->d_name, strlen(e->d_name));
                if (!names[n++]) {
                        (void) closedir(dir);
                        return -ENOMEM;
                }
        }
        (void) closedir(dir);
        qsort(names, n, sizeof(*names), compare_strings);
        found.n = n;
        *ret = found;
        return 0;
}

/* Of what is open: 0; -EINVAL, with why: its words are not taken. Fixtures belong to whoever has the source. */
static int file_look(Arena *a, int fd, bool fixture, const char **ret_why) {
        const char *why = NULL;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                why = "it is not a regular file";
        else if (!fixture)
                why = file_trust_reason(a, &st);
        if (!why)
                return 0;
        *ret_why = why;
        return -EINVAL;
}

/* 0; 1: it is gone; -EINVAL with why; negative errno. No pipe is waited for, and no link followed. */
static int file_take(Arena *a, const char *path, bool fixture, FaultText *ret) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW), r;
        char *text = arena_new(a, char, FAULT_FILE_MOST + 2);
        ssize_t n = 0;

        if (fd < 0 && errno == ELOOP) {
                ret->why = "it is a symbolic link; accepted: a regular file";
                return -EINVAL;
        }
        if (fd < 0)
                return errno == ENOENT ? 1 : -errno;
        r = file_look(a, fd, fixture, &ret->why);
        for (size_t got = 0; r == 0 && text && got <= FAULT_FILE_MOST; got += (size_t) n) {
                n = read(fd, text + got, FAULT_FILE_MOST + 1 - got);
                if (n < 0 && errno == EINTR)
                        n = 0;
                else if (n < 0)
                        r = -errno;
                else if (n == 0)
                        break;
                ret->n = got + (size_t) (n > 0 ? n : 0);
        }
        (void) close(fd);
        ret->text = text;
        return text ? r : -ENOMEM;
}

static int file_emit(FaultsState *s, const char *dir, const char *name, bool fixture, SampleSink *sink) {
        ArenaMark mark = arena_mark(&s->scratch);
        const char *path = text_format(&s->scratch, "%s/%s", dir, name);
        FaultText file = { 0 };
        int r = path ? file_take(&s->scratch, path, fixture, &file) : -ENOMEM;

        if (r == 0)
                r = tool_faults_emit(&s->scratch, name, file.text, file.n, clock_now(), sink);
        else if (r == 1)
                r = 0;
        else if (r == -EINVAL && file.why)
                r = tool_faults_refuse(name, file.why, sink);
        else if (r != -ENOMEM)
                r = tool_faults_complain(name, strerrordesc_np(-r), sink);
        arena_rewind(&s->scratch, mark);
        return r;
}

static int faults_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        FaultsState *s = state;
        const bool fixture = *env->root != '\0';
        const char *dir, *why = NULL;
        FaultNames found = { 0 };
        int r;

        (void) now;
        arena_rewind(&s->scratch, 0);
        folder_watch(s, env); /* before the reading: what comes after it is heard of */
        dir = text_format(&s->scratch, "%s%s", env->root, fault_files_folder(env));
        if (dir && !fixture && dir[0] == '/' && file_trust_path(&s->scratch, dir, &why) == 1)
                return tool_faults_refuse("faults.d", why, sink);
        r = dir ? files_list(&s->scratch, dir, &found) : -ENOMEM;
        if (r == -ENOENT && folder_was_never(s, env))
                return 0;
        s->was_there = s->was_there || r == 0;
        for (uint32_t i = 0; r == 0 && i < found.n; i++)
                r = file_emit(s, dir, found.names[i], fixture, sink);
        if (r == 0 && found.odd)
                r = tool_faults_refuse(
                        "faults.d",
                        "files with invalid names are ignored; accepted: at most 240 bytes of UTF-8 without "
                        "control characters",
                        sink);
        if (r == 0 && found.more)
                r = tool_faults_complain("faults.d", "more than 256 files; the others are ignored", sink);
        return r;
}

static void faults_close(void *state) {
        FaultsState *s = state;

        if (s->watch >= 0)
                (void) close(s->watch);
        arena_close(&s->scratch);
}

static int faults_fd(const void *state) {
        return ((const FaultsState *) state)->watch;
}

/* Something came or went: what it is the reading tells. */
static bool faults_ready(void *state, const CollectorEnv *env) {
        FaultsState *s = state;
        char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

        (void) env;
        while (read(s->watch, events, sizeof(events)) > 0)
                ;
        return true;
}

static const SettingDef fault_files_settings[] = {
        { .name = "dir",
          .type = SETTING_TEXT,
          .def_text = USUAL_FOLDER,
          .doc = "Directory in which tools report faults, one file NAME.json per fault (docs/fault-file.md)." },
        { 0 },
};

const Collector collector_fault_files = {
        .name = "faults_d",
        .summary = "faults reported by the operator's own tools as files",
        .runs = RUNS_ON_HOST,
        .settings = fault_files_settings,
        .state_size = sizeof(FaultsState),
        .open = faults_open,
        .read = faults_read,
        .close = faults_close,
        .fd = faults_fd,
        .ready = faults_ready,
};
