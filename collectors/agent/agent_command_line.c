/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/agent_command_line.h"

const OptionDef agent_options[] = {
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Where to:" },
        { "redis", 0, OPTION_TEXT, "URL", 0, 0, 0,
          "where reports go: redis://host[:port][/db], redis+sentinel://host,host/MASTER, unix:///path, over TLS rediss://. With a password ([user]:password@) it is given in the "
          "environment (PLIMSOLL_REDIS) or as systemd's credential plimsoll-redis" },
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0, "the cluster this host belongs to (default: default)" },
        { "metrics", 0, OPTION_TEXT, "[ADDRESS:]PORT", 0, 0, 0,
          "serve what was read at http://ADDRESS:PORT/metrics, for Prometheus (default address: 127.0.0.1)" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "This host:" },
        { "host", 0, OPTION_TEXT, "NAME", 0, 0, 0, "this host's name in reports (default: its host name)" },
        { "label", 0, OPTION_TEXT, "KEY=VALUE", 0, 0, 0,
          "a label of this host, such as licence=oracle, for rules and settings to select it by (may "
          "be given often); the scheduler's settings win over it" },
        { "uri", 0, OPTION_TEXT, "URI", 0, 0, 0, "this host's libvirt (default: qemu:///system)" },
        { "advertise", 0, OPTION_TEXT, "URI", 0, 0, 0,
          "the libvirt URI by which other machines reach this host" },
        { "root", 0, OPTION_TEXT, "DIR", 0, 0, 0,
          "read DIR/proc and DIR/sys in place of this host's (then no libvirt but by --uri)" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "interval", 0, OPTION_DURATION, "TIME", 0, 100 * USEC_PER_MSEC, 3600 * USEC_PER_SEC,
          "how often to report: 100ms to 1h (default: 5s; 1s with --once)" },
        { "collectors", 0, OPTION_TEXT, "A,B", 0, 0, 0, "only these collectors" },
        { "set", 0, OPTION_TEXT, "NAME=VALUE", 0, 0, 0,
          "a setting of a collector, such as smart.every=1h (may be given often)" },
        { "once", 0, OPTION_FLAG, NULL, 0, 0, 0, "two readings an interval apart, one report, then end" },
        { "print", 0, OPTION_FLAG, NULL, 0, 0, 0, "show the report; no Redis is needed" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "show it as JSON" },
        { "help", 'h', OPTION_FLAG, NULL, 0, 0, 0, "this text" },
        { "version", 'V', OPTION_FLAG, NULL, 0, 0, 0, "show the version" },
        { 0 },
};
