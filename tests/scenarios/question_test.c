/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: tests/scenarios/questions.d/NAME/{README, cluster.json, command, answer}. `command` is what is
 * asked of plimsoll, without "--from cluster.json"; its last word may be "=> 3", the exit status when it is
 * not 0, and one that begins with '@' is a file of the story's folder. Each line of `answer` is found in what
 * it prints (standard output, then standard error), blanks counted as one; of one that begins with "! " the rest is not.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/command.h"

#define STORIES   SOURCE_DIR "/tests/scenarios/questions.d"
#define WORDS_MAX 40

typedef struct Question {
        char name[64];
} Question;

static char *slurp(const char *story, const char *file) {
        char path[512], *text = calloc(1, 1 << 16);
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s/%s", STORIES, story, file);
        f = fopen(path, "rb");
        cr_assert(f && text, "%s is missing", path);
        cr_assert_lt(fread(text, 1, (1 << 16) - 1, f), (1 << 16) - 1);
        (void) fclose(f);
        return text;
}

/* Runs of blanks become one. */
static void squeeze(char *s) {
        char *to = s;

        for (; *s; s++)
                if (*s != ' ' || to[-1] != ' ')
                        *to++ = *s;
        *to = '\0';
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const Question *) a)->name, ((const Question *) b)->name);
}

ParameterizedTestParameters(questions, question) {
        Question *list = cr_malloc(sizeof(Question) * 128);
        DIR *dir = opendir(STORIES);
        size_t n = 0;

        for (struct dirent *e; dir && n < 128 && (e = readdir(dir));)
                if (e->d_name[0] != '.' && strlen(e->d_name) < sizeof(list->name))
                        memcpy(list[n++].name, e->d_name, strlen(e->d_name) + 1);
        if (dir)
                (void) closedir(dir);
        qsort(list, n, sizeof(*list), by_name);
        return cr_make_param_array(Question, list, n);
}

/* "@web9.xml": the file's path, in `room`. */
static char *file_word(const char *story, char *word, char *room, size_t size) {
        if (word[0] != '@')
                return word;
        (void) snprintf(room, size, "%s/%s/%s", STORIES, story, word + 1);
        return room;
}

static char *ask(const char *story, char *command, int *ret_status) {
        char *argv[WORDS_MAX] = { (char *) "plimsoll" }, path[512], file[512], *text = NULL, *rest = NULL;
        size_t n = 0;
        static const char *const bare[] = { "memory.keep_for_host=0MiB",
                                            "memory.per_vm=0MiB" }; /* round figures */
        int argc = 1;
        FILE *out = open_memstream(&text, &n);

        for (char *w = strtok_r(command, " \n", &rest); w && argc < WORDS_MAX - 7;
             w = strtok_r(NULL, " \n", &rest))
                argv[argc++] = file_word(story, w, file, sizeof(file));
        (void) snprintf(path, sizeof(path), "%s/%s/cluster.json", STORIES, story);
        for (size_t i = 0; i < 2; i++) {
                argv[argc++] = (char *) "--set";
                argv[argc++] = (char *) bare[i];
        }
        argv[argc++] = (char *) "--from";
        argv[argc++] = path;
        cr_assert_not_null(out);
        *ret_status = command_main(argc, argv, out, out);
        (void) fclose(out);
        return text;
}

ParameterizedTest(Question *question, questions, question) {
        char *command = slurp(question->name, "command"), *answer = slurp(question->name, "answer"),
             *readme = slurp(question->name, "README"), *rest = NULL;
        char *wanted = strstr(command, "=>"), *text;
        int expected = 0, status;

        if (wanted) {
                expected = atoi(wanted + 2);
                *wanted = '\0';
        }
        text = ask(question->name, command, &status);
        squeeze(text);
        cr_expect_eq(status, expected, "%s: exit %d\n%s", question->name, status, text);
        cr_assert_neq(answer[0], '\0');
        for (char *line = strtok_r(answer, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (strncmp(line, "! ", 2) == 0)
                        cr_expect(!strstr(text, line + 2), "%s: says\n%s\nin\n%s", question->name, line + 2,
                                  text);
                else
                        cr_expect(strstr(text, line), "%s: does not say\n%s\nbut\n%s", question->name, line,
                                  text);
        free(command);
        free(answer);
        free(readme);
        free(text);
}
