/* SPDX-License-Identifier: Apache-2.0 */
/* What past migrations taught, as a snapshot file has it. */
#include <errno.h>

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
