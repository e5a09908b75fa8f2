/* SPDX-License-Identifier: Apache-2.0 */
/* What past migrations taught, and those that failed, as a snapshot file has it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/file_reader.h"

int snapshot_read_lessons(FileReader *reader, void *object) {
        MoveLessons *lessons = arena_new(reader->json.arena, MoveLessons, 1);
        int k = lessons ? fields_read(reader, &lessons_fields, lessons) : -ENOMEM;

        if (k == 0)
                ((Snapshot *) object)->lessons = lessons;
        return k;
}

int lessons_read_routes(FileReader *reader, void *object) {
        MoveLessons *lessons = object;
        ObjectArray array;
        int k = objects_read(reader, &route_lesson_fields, sizeof(RouteLesson), LESSONS_MAX, &array);

        if (k < 0)
                return k;
        lessons->routes = array.objects;
        lessons->n_routes = array.n;
        return 0;
}

int lessons_read_vms(FileReader *reader, void *object) {
        MoveLessons *lessons = object;
        ObjectArray array;
        int k = objects_read(reader, &vm_lesson_fields, sizeof(VmLesson), LESSONS_MAX, &array);

        if (k < 0)
                return k;
        lessons->vms = array.objects;
        lessons->n_vms = array.n;
        return 0;
}

/* VMs and hosts are not looked up: one may have left since. */
static int lessons_read_hold(FileReader *reader, const MoveHold *hold, uint32_t i) {
        if (!hold->vm && !hold->from && !hold->to)
                return FAULT_AT(reader, "missed", i, NULL,
                                "a lesson without VM and host; accepted: vm, from, to");
        if (hold->why && strlen(hold->why) >= MOVE_HOLD_WHY_SIZE)
                return FAULT_AT(reader, "missed", i, "why", "longer than %d bytes", MOVE_HOLD_WHY_SIZE - 1);
        return 0;
}

int snapshot_read_holds(FileReader *reader, void *object) {
        Snapshot *s = object;
        ObjectArray array;
        MoveHold *holds;
        int k = objects_read(reader, &move_hold_fields, sizeof(MoveHold), MOVE_HOLDS_MAX, &array);

        if (k < 0)
                return k;
        holds = array.objects;
        for (uint32_t i = 0; k == 0 && i < array.n; i++)
                k = lessons_read_hold(reader, &holds[i], i);
        if (k == 0 && array.n > 0)
                qsort(holds, array.n, sizeof(*holds), move_hold_compare);
        for (uint32_t i = 1; k == 0 && i < array.n; i++)
                if (move_hold_compare(&holds[i - 1], &holds[i]) == 0)
                        return json_reader_refuse(&reader->json, "%s is listed twice",
                                                  holds[i].vm   ? holds[i].vm
                                                  : holds[i].to ? holds[i].to
                                                                : holds[i].from);
        s->holds = (MoveHolds){ .at = holds, .n = array.n };
        return k;
}
