/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/store_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/store/admin/export_file.h"
#include "scheduler/store/admin/store_import.h"

/* The file of the command line, "-" for standard input or output; NULL: it was complained. */
static const char *store_copy_file(Invocation *in) {
        if (in->options.n_arguments == 2)
                return in->options.arguments[1];
        (void) command_complain(in, EXIT_BAD_INPUT, "%s: no file given. Name one, or - for standard %s",
                                in->options.arguments[0],
                                strcmp(in->options.arguments[0], "export") == 0 ? "output" : "input");
        return NULL;
}

static ExitStatus store_copy_away(Invocation *in, const Store *store, int error) {
        return command_complain(in, EXIT_FAILED, "%s",
                                error == -ENOMEM ? "out of memory" : store_error(store));
}

static const char *store_copy_keys(uint32_t n) {
        return n == 1 ? "key" : "keys";
}

/* ---- out ---- */

static ExitStatus store_copy_write(Invocation *in, const StoreExport *content, const char *file,
                                   size_t *ret_n) {
        TextFault fault = { 0 };
        char *text = NULL;
        FILE *out = open_memstream(&text, ret_n);
        ExitStatus status = EXIT_DONE;
        int r = out ? export_file_print(content, out) : -ENOMEM;

        if (out && fclose(out) != 0 && r == 0)
                r = -ENOMEM;
        if (r < 0)
                status = command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r));
        else if (file_write(file, text, *ret_n, &fault) < 0)
                status = command_complain_fault(in, EXIT_FAILED, file, &fault);
        free(text);
        return status;
}

ExitStatus store_copy_export(Invocation *in, const Settings *settings, Store *store, const char *cluster) {
        const char *file = store_copy_file(in);
        char size[HUMAN_SIZE];
        StoreExport content;
        ExitStatus status;
        size_t n = 0;
        int r;

        (void) settings;
        if (!file)
                return EXIT_BAD_INPUT;
        r = store_export_read(store, in->arena, &content);
        if (r < 0)
                return store_copy_away(in, store, r);
        status = store_copy_write(in, &content, file, &n);
        if (status != EXIT_DONE)
                return status;
        (void) out_say(in->err.out, "%u %s of cluster %s exported, %s\n", content.n,
                       store_copy_keys(content.n), cluster, human_bytes((int64_t) n, size));
        (void) out_say(in->err.out,
                       "left out: reports, leases and other keys that say what is alive now, and requests "
                       "of operators that are still open\n");
        if (content.n_left > 0)
                (void) out_say(in->err.out, "left out: %u values that are not UTF-8 text\n", content.n_left);
        if (in->json && strcmp(file, "-") != 0)
                (void) json_print(json_done(), in->out.out);
        return content.n_left > 0 ? EXIT_BLOCKED : EXIT_DONE;
}

/* ---- in ---- */

static ExitStatus store_copy_read(Invocation *in, const char *file, StoreExport *ret) {
        TextFault fault = { 0 };
        const char *text;
        size_t n;
        int r;

        if (file_read(in->arena, file, &text, &n, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, file, &fault);
        r = export_file_parse(in->arena, text, n, ret, &fault);
        if (r == -EBADMSG)
                return command_complain_fault(in, EXIT_BAD_INPUT, file, &fault);
        return r < 0 ? command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r)) : EXIT_DONE;
}

static ExitStatus store_copy_say(Invocation *in, const StoreExport *content, const ImportResult *result,
                                 const char *cluster) {
        FILE *text = in->json ? in->err.out : in->out.out;

        switch (result->outcome) {
        case IMPORT_SAME:
                (void) out_say(text, "cluster %s has the same %u %s already: nothing to do\n", cluster,
                               content->n, store_copy_keys(content->n));
                if (in->json)
                        (void) json_print(json_done(), in->out.out);
                return EXIT_DONE;
        case IMPORT_FULL:
                return command_complain(
                        in, EXIT_BLOCKED,
                        "the store has data of cluster %s: %s. Nothing was changed. Replace it with "
                        "--replace; export it first",
                        cluster, result->there);
        case IMPORT_LED:
                return command_complain(
                        in, EXIT_BLOCKED,
                        "service %s leads cluster %s. Nothing was changed. Stop the service first, or "
                        "use --while-led",
                        result->leader, cluster);
        case IMPORT_CHANGED:
                return command_complain(
                        in, EXIT_BLOCKED,
                        "the store was changed by another program meanwhile. Nothing was imported; try again");
        case IMPORT_LATER:
                return command_complain(
                        in, EXIT_BLOCKED,
                        "the file was taken after the time of the server's clock. Nothing was changed. "
                        "Set the server's clock (NTP)");
        default:
                break;
        }
        (void) out_say(text, "%u %s imported into cluster %s", result->n_keys,
                       store_copy_keys(result->n_keys), cluster);
        if (result->n_expired > 0)
                (void) out_say(text, "; %u had expired since the export", result->n_expired);
        (void) out_say(text, "\nhosts appear with their agents' next reports\n");
        if (in->json)
                (void) json_print(json_done(), in->out.out);
        return EXIT_DONE;
}

ExitStatus store_copy_import(Invocation *in, const Settings *settings, Store *store, const char *cluster) {
        const ImportOrder order = { .replace = option_given(&in->options, "replace"),
                                    .while_led = option_given(&in->options, "while-led") };
        const char *file = store_copy_file(in);
        ImportResult result;
        ExitStatus status;
        StoreExport content = { 0 };
        int r;

        (void) settings;
        if (!file)
                return EXIT_BAD_INPUT;
        status = store_copy_read(in, file, &content);
        if (status != EXIT_DONE)
                return status;
        assert(content.cluster);
        if (strcmp(content.cluster, cluster) != 0 && !option_given(&in->options, "cluster"))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "%s is of cluster %s, and service.cluster is %s. To import it into one of them: "
                        "--cluster NAME",
                        file, content.cluster, cluster);
        r = store_import(store, in->arena, &content, order, &result);
        return r < 0 ? store_copy_away(in, store, r) : store_copy_say(in, &content, &result, cluster);
}
