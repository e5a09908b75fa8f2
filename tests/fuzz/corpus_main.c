/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzer's entry on every file of the folders named: the corpus as a plain test, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int run_file(const char *path) {
        FILE *f = fopen(path, "rb");
        uint8_t *data;
        size_t n = 0;
        long size;

        if (!f)
                return -1;
        size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
        rewind(f);
        data = size >= 0 ? malloc((size_t) size + 1)
                         : NULL; /* exact size, so that ASan sees a read past it */
        if (data) {
                n = fread(data, 1, (size_t) size, f);
                (void) LLVMFuzzerTestOneInput(data, n);
        }
        free(data);
        (void) fclose(f);
        return data ? 0 : -1;
}

int main(int argc, char **argv) {
        unsigned files = 0;

        for (int i = 1; i < argc; i++) {
                DIR *dir = opendir(argv[i]);

                for (struct dirent *e; dir && (e = readdir(dir));) {
                        char path[4096];

                        if (e->d_name[0] == '.')
                                continue;
                        (void) snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
                        if (run_file(path) < 0) {
                                (void) fprintf(stderr, "cannot read %s\n", path);
                                return 1;
                        }
                        files++;
                }
                if (dir)
                        (void) closedir(dir);
        }
        printf("%u corpus files ran\n", files);
        return files > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
