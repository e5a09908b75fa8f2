/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/notify_settings.h"

#include "scheduler/base/clock.h"

const SettingDef notify_settings[] = {
        { "webhook", SETTING_TEXT, 0, 0, 0, "", NULL,
          "URL to which notices are posted as signed JSON (docs/notices.md). Empty: none. A change needs a restart, as of all "
          "of this section." },
        { "secret_file", SETTING_TEXT, 0, 0, 0, "", NULL,
          "File with the secret by which notices to the webhook are signed: whsec_ and base64 of 24 to 64 bytes. Other users "
          "must not be able to read it. The environment variable PLIMSOLL_WEBHOOK_SECRET and the systemd credential "
          "plimsoll-webhook are used instead where they are given." },
        { "alertmanager", SETTING_TEXT, 0, 0, 0, "", NULL,
          "URL of an Alertmanager that gets notices as alerts: http://alertmanager.example:9093. Empty: none." },
        { "link", SETTING_TEXT, 0, 0, 0, "", NULL,
          "Where people reach the pages of the service: https://drs.example. Notices then have a link to what they are about." },
        { "ca_file", SETTING_TEXT, 0, 0, 0, "", NULL,
          "File with CA certificates of the receivers. Empty: the system's CA certificates." },
        { "timeout", SETTING_DURATION, 10 * USEC_PER_SEC, USEC_PER_SEC, 120 * USEC_PER_SEC, NULL, NULL,
          "Timeout of one try to send a notice. A notice that was not taken is retried, after 1 s at first and 15 min at "
          "most, for a day." },
        { 0 },
};
