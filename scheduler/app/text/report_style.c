/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/report_style.h"

#include "scheduler/app/text/html_say.h"

/* Black on white wherever it is printed; a table's head on each page, and no row across two. */
#define REPORT_STYLE                                                                                                           \
        ":root{--text:#1d2127;--soft:#5b6470;--back:#fff;--edge:#d5dae1;--within:#2f76b5;--above:#b95200}"                     \
        "@media screen and (prefers-color-scheme:dark){:root{--text:#e8eaee;--soft:#a3abb6;--back:#16191e;"                    \
        "--edge:#3a414b;--within:#4f9bdc;--above:#f0953f}}"                                                                    \
        "*{box-sizing:border-box}html{color:var(--text);background:var(--back);font:15px/1.5 system-ui,"                       \
        "\"DejaVu Sans\",sans-serif}body{max-width:1100px;margin:0 auto;padding:28px 24px 60px}"                               \
        "h1{font-size:1.6rem;line-height:1.25;margin:0 0 6px}h2{font-size:1.15rem;margin:30px 0 8px}"                          \
        "p{margin:4px 0;max-width:75ch}.soft{color:var(--soft)}.sum{font-size:1.1rem}"                                         \
        ".warn{border-left:5px solid var(--above);padding:6px 12px;margin:12px 0}"                                             \
        "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 18px;margin:16px 0}"                          \
        "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"                                                             \
        "table{border-collapse:collapse;width:100%%;margin:6px 0}th,td{text-align:left;vertical-align:top;"                    \
        "padding:4px 14px 4px 0;font-weight:400}thead th{color:var(--soft);border-bottom:1px solid "                           \
        "var(--soft)}tbody tr{border-bottom:1px solid var(--edge)}.n{text-align:right;white-space:nowrap;"                     \
        "font-variant-numeric:tabular-nums}.name{overflow-wrap:break-word;font-weight:600}.way{min-width:9em}.few{width:auto}" \
        ".bad{color:var(--above);font-weight:600}.two{display:grid;grid-template-columns:minmax(0,1fr) "                       \
        "max-content;gap:28px;align-items:start}.beside{display:flex;flex-wrap:wrap;gap:0 72px}"                               \
        ".over{border-bottom:0;break-after:avoid}.under td{padding-top:0;color:var(--soft)}figure{margin:0}"                   \
        ".frontier{display:block;width:100%%;overflow:visible}.grid{stroke:var(--edge)}.tick{"                                 \
        "fill:var(--soft);font-size:12px}.curve{fill:none;stroke:var(--within);stroke-width:2}.point{"                         \
        "fill:var(--back);stroke:var(--within);stroke-width:2}.knee{fill:var(--within)}"                                       \
        ".bar{width:90px;height:10px;margin-right:8px;vertical-align:middle}.bar .back{fill:var(--edge)}"                      \
        ".bar .within{fill:var(--within)}.bar .above{fill:var(--above)}.bar line{stroke:var(--text);"                          \
        "stroke-width:1.5;vector-effect:non-scaling-stroke}"                                                                   \
        "@media(max-width:700px){.two{display:block}body{padding:16px 12px}.wide{overflow-x:auto}}"                            \
        "@media print{@page{size:A4;margin:14mm 12mm}html{font-size:9.5pt}body{max-width:none;padding:0}"                      \
        ".two{gap:14px}th,td{padding-right:8px}.bar{width:52px}.wide{overflow:visible}"                                        \
        "thead{display:table-header-group}tr,svg,dl{break-inside:avoid}h2,h2+p{break-after:avoid}"                             \
        "svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}"

void report_style_begin(FILE *out, const char *version, const char *title) {
        html_say(
                out,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
                "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" "
                "content=\"plimsoll %s\">\n<title>%s</title>\n",
                version, title);
        html_say(out, "<style>" REPORT_STYLE);
}
