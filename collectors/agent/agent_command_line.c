/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/agent_command_line.h"

const OptionDef agent_options[] = {
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Destination:" },
        { "redis", 0, OPTION_TEXT, "URL", 0, 0, 0,
          "send reports to this Redis: redis://host[:port][/db], redis+sentinel://host,host/MASTER, unix:///path, over TLS rediss://. A URL with a password ([user]:password@) is accepted in the "
          "environment (PLIMSOLL_REDIS) or as systemd's credential plimsoll-redis only" },
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0, "the cluster this host belongs to (default: default)" },
        { "metrics", 0, OPTION_TEXT, "[ADDRESS:]PORT", 0, 0, 0,
          "serve the latest readings to Prometheus at http://ADDRESS:PORT/metrics (default address: 127.0.0.1)" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "This host:" },
        { "host", 0, OPTION_TEXT, "NAME", 0, 0, 0, "this host's name in reports (default: its host name)" },
        { "label", 0, OPTION_TEXT, "KEY=VALUE", 0, 0, 0,
          "label of this host, used by rules and settings to select it, such as licence=oracle (may "
          "be repeated); labels in the service's settings override it" },
        { "uri", 0, OPTION_TEXT, "URI", 0, 0, 0, "this host's libvirt (default: qemu:///system)" },
        { "advertise", 0, OPTION_TEXT, "URI", 0, 0, 0,
          "the libvirt URI by which other machines reach this host" },
        { "root", 0, OPTION_TEXT, "DIR", 0, 0, 0,
          "read DIR/proc and DIR/sys instead of /proc and /sys; libvirt is then read only if --uri is given" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Operation:" },
        { "interval", 0, OPTION_DURATION, "TIME", 0, 100 * USEC_PER_MSEC, 3600 * USEC_PER_SEC,
          "report every TIME, 100ms to 1h; default: 5s, with --once 1s" },
        { "collectors", 0, OPTION_TEXT, "A,B", 0, 0, 0, "run only these collectors; default: all" },
        { "set", 0, OPTION_TEXT, "NAME=VALUE", 0, 0, 0,
          "set one setting of a collector, such as smart.every=1h; may be repeated" },
        { "once", 0, OPTION_FLAG, NULL, 0, 0, 0, "read twice, an interval apart, report once, then exit" },
        { "print", 0, OPTION_FLAG, NULL, 0, 0, 0, "print the report; needs no Redis" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print it as JSON, schema plimsoll.agent-report/1" },
        { "help", 'h', OPTION_FLAG, NULL, 0, 0, 0, "show this help" },
        { "version", 'V', OPTION_FLAG, NULL, 0, 0, 0, "show the version" },
        { 0 },
};
