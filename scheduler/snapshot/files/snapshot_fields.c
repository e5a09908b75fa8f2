/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/files/snapshot_fields.h"

const char *const exclusion_names[EXCLUDED_N] = { "none", "stale", "missing", "daemon", "seen", "clock" };

/* Cores × MHz and cores × 1000 stay below QUANTITY_MAX. */
#define CORES_MAX (INT64_C(1) << 20)
#define MHZ_MAX   (INT64_C(1) << 20)
/* In the year 2106: up to here a double tells millionths of a second apart (json_number_scaled()). */
#define TIME_MAX (INT64_C(4294967295) * USEC_PER_SEC)

#define AT(type, member) .at = offsetof(type, member)
#define NAME(json, type, member)                                                                             \
        { .name = json, .kind = FIELD_NAME, AT(type, member) }
#define NEEDED_NAME(json, type, member)                                                                      \
        { .name = json, .kind = FIELD_NAME, AT(type, member), .required = true }
#define TEXT(json, type, member)                                                                             \
        { .name = json, .kind = FIELD_TEXT, AT(type, member) }
#define NAMES(json, type, member)                                                                            \
        { .name = json, .kind = FIELD_NAMES, AT(type, member) }
#define BOOL(json, type, member, default)                                                                    \
        { .name = json, .kind = FIELD_BOOL, AT(type, member), .def = default }
#define CHOICE(json, type, member, words, count)                                                             \
        { .name = json, .kind = FIELD_CHOICE, AT(type, member), .choices = words, .n_choices = count }
#define NUMBER(json, type, member, words, factor, decimals, least, most, default)                            \
        {                                                                                                    \
                .name = json, .kind = FIELD_NUMBER, AT(type, member), .unit = words, .scale = factor,        \
                .places = decimals, .min = least, .max = most, .def = default                                \
        }
#define NEEDED_NUMBER(json, type, member, words, least, most)                                                \
        {                                                                                                    \
                .name = json, .kind = FIELD_NUMBER, AT(type, member), .required = true, .unit = words,       \
                .scale = 1, .min = least, .max = most, .def = UNKNOWN                                        \
        }
#define MIB(json, type, member, default) NUMBER(json, type, member, "MiB", 1, 0, 0, QUANTITY_MAX, default)
#define CORES(json, type, member)        NUMBER(json, type, member, "cores", 1000, 3, 0, CORES_MAX * 1000, UNKNOWN)
#define SHARE(json, type, member)        NUMBER(json, type, member, "share", 1000, 3, 0, 1000, UNKNOWN)
#define RATIO(json, type, member)        NUMBER(json, type, member, "ratio", 1000, 3, 100, 100000, 0)
#define MBIT(json, type, member)         NUMBER(json, type, member, "Mbit/s", 1000, 3, 0, QUANTITY_MAX, UNKNOWN)
#define MIB_S(json, type, member)        NUMBER(json, type, member, "MiB/s", 1024, 4, 0, QUANTITY_MAX, UNKNOWN)
#define INSTANT(json, type, member)                                                                          \
        { .name = json, .kind = FIELD_INSTANT, AT(type, member), .max = TIME_MAX }
#define SPECIAL(json, reads, prints)                                                                         \
        { .name = json, .kind = FIELD_SPECIAL, .read = reads, .print = prints }
#define NEEDED_SPECIAL(json, reads, prints)                                                                  \
        { .name = json, .kind = FIELD_SPECIAL, .required = true, .read = reads, .print = prints }

/* clang-format off: rows */
static const FieldDef snapshot_defs[] = {
        NEEDED_SPECIAL("schema", snapshot_read_schema, snapshot_print_schema),
        NEEDED_NAME("cluster", Snapshot, cluster),
        INSTANT("taken_at", Snapshot, taken_at),
        TEXT("demand_by", Snapshot, demand_by),
        BOOL("braked", Snapshot, braked, false),
        BOOL("brake_new", Snapshot, brake_new, false),
        SPECIAL("migrations", snapshot_read_lessons, snapshot_print_lessons),
        SPECIAL("missed", snapshot_read_holds, snapshot_print_holds),
        SPECIAL("bookings", snapshot_read_bookings, snapshot_print_bookings),
        SPECIAL("extra", snapshot_read_extra, snapshot_print_extra),
        NEEDED_SPECIAL("hosts", snapshot_read_hosts, snapshot_print_hosts),
        NEEDED_SPECIAL("vms", snapshot_read_vms, snapshot_print_vms),
        SPECIAL("rules", snapshot_read_rules, snapshot_print_rules),
        SPECIAL("traffic", snapshot_read_traffic, snapshot_print_traffic),
};

static const FieldDef extra_defs[] = {
        NEEDED_NAME("name", ExtraResource, name),
        BOOL("transient", ExtraResource, transient, false),
};

static const FieldDef host_defs[] = {
        NEEDED_NAME("name", Host, name),
        TEXT("uri", Host, uri),
        CHOICE("state", Host, state, host_state_names, HOST_STATE_N),
        INSTANT("leave_by", Host, leave_by),
        BOOL("for_good", Host, for_good, false),
        INSTANT("marked_at", Host, marked_at),
        BOOL("several", Host, several, false),
        NAMES("domains", Host, domains),
        CHOICE("brake", Host, brake, host_brake_names, BRAKE_N),
        INSTANT("brake_at", Host, brake_at),
        NAME("brake_kind", Host, brake_kind),
        CHOICE("fence", Host, excluded, exclusion_names, EXCLUDED_N),
        TEXT("fence_why", Host, excluded_why),
        NAME("uuid", Host, uuid),
        TEXT("no_entry_why", Host, no_entry_why),
        TEXT("unread", Host, unread),
        INSTANT("seen_at", Host, seen_at),
        INSTANT("vms_as_of", Host, vms_as_of),
        SPECIAL("faults", host_read_faults, host_print_faults),
        NEEDED_NUMBER("cpus", Host, cpus, "cores", 0, CORES_MAX),
        NUMBER("cpu_mhz", Host, cpu_mhz, "MHz", 1, 0, 1, MHZ_MAX, UNKNOWN),
        NEEDED_NUMBER("memory_mib", Host, memory_mib, "MiB", 0, QUANTITY_MAX),
        CORES("cpu_busy", Host, cpu_busy_mcores),
        MIB("memory_used_mib", Host, memory_used_mib, UNKNOWN),
        MIB("memory_reclaimable_mib", Host, memory_reclaimable_mib, UNKNOWN),
        SHARE("cpu_pressure", Host, cpu_pressure_permille),
        SHARE("memory_pressure", Host, memory_pressure_permille),
        SPECIAL("contention", host_read_contention, host_print_contention),
        SPECIAL("platform", host_read_platform, host_print_platform),
        SPECIAL("headroom", host_read_headroom, host_print_headroom),
        MIB("reserved_mib", Host, reserved_mib, 0),
        NAME("zone", Host, zone),
        NAME("rack", Host, rack),
        NAME("neighborhood", Host, neighborhood),
        { .name = "labels", .kind = FIELD_HOST_LABELS, AT(Host, labels) },
        NAME("arch", Host, arch),
        NAME("cpu_model", Host, cpu_model),
        SPECIAL("networks", host_read_networks, host_print_networks),
        SPECIAL("pools", host_read_pools, host_print_pools),
        NAMES("switches", Host, switches),
        SPECIAL("rtt_seconds", host_read_peers, host_print_peers),
        SPECIAL("rtt_us", host_read_peers_us, host_print_nothing), /* as it was written before */
        NAMES("machines", Host, machines),
        NAMES("emulators", Host, emulators),
        NAMES("cpu_models", Host, cpu_models),
        NAMES("cpu_features", Host, cpu_features),
        RATIO("overcommit_cpu", Host, overcommit_cpu_permille),
        RATIO("overcommit_memory", Host, overcommit_memory_permille),
        SPECIAL("hugepages", host_read_hugepages, host_print_hugepages),
        SPECIAL("nics", host_read_nics, host_print_nics),
        SPECIAL("extra", host_read_extra, host_print_extra),
};

static const FieldDef hugepages_defs[] = {
        NUMBER("kib", Hugepages, kib, "KiB", 1, 0, 1, QUANTITY_MAX, 2048),
        NEEDED_NUMBER("total_mib", Hugepages, total_mib, "MiB", 0, QUANTITY_MAX),
        NEEDED_NUMBER("free_mib", Hugepages, free_mib, "MiB", 0, QUANTITY_MAX),
};

static const FieldDef nic_defs[] = {
        NEEDED_NAME("name", Nic, name),
        NUMBER("speed_mbit", Nic, speed_mbit, "Mbit/s", 1, 0, 0, QUANTITY_MAX / 1000, UNKNOWN),
        MBIT("rx_mbit", Nic, rx_kbit),
        MBIT("tx_mbit", Nic, tx_kbit),
        BOOL("carrier", Nic, carrier, true),
        NAME("mode", Nic, mode),
        NAMES("members", Nic, members),
        NAMES("active", Nic, active),
        NUMBER("peers", Nic, peers, "hosts", 1, 0, 0, HOSTS_MAX, UNKNOWN),
};

static const FieldDef traffic_defs[] = {
        NEEDED_SPECIAL("vms", traffic_read_vms, traffic_print_vms),
        { .name = "mbit",
          .kind = FIELD_NUMBER,
          AT(Traffic, kbit),
          .required = true,
          .unit = "Mbit/s",
          .scale = 1000,
          .places = 3,
          .max = QUANTITY_MAX },
};

static const FieldDef vm_defs[] = {
        NEEDED_NAME("name", Vm, name),
        NAME("uuid", Vm, uuid),
        NEEDED_SPECIAL("host", vm_read_host, vm_print_host),
        CHOICE("state", Vm, state, vm_state_names, VM_STATE_TOLD_N),
        SPECIAL("in_flight", vm_read_in_flight, vm_print_in_flight),
        NAMES("running_on", Vm, running_on),
        BOOL("movable", Vm, movable, true),
        TEXT("unmovable_why", Vm, unmovable_why),
        CHOICE("hold", Vm, hold, hold_names, HOLD_N),
        TEXT("calm_why", Vm, calm_why),
        CHOICE("mode", Vm, mode, vm_mode_names, VM_MODE_N),
        TEXT("mode_rule", Vm, mode_rule),
        NUMBER("stay_weight", Vm, stay_weight, "points", 1, 0, 0, STAY_WEIGHT_MAX, 0),
        NUMBER("moves_a_day", Vm, moves_a_day, "moves", 1, 0, 0, 1000, 0),
        NEEDED_NUMBER("vcpus", Vm, vcpus, "vCPUs", 0, CORES_MAX),
        NEEDED_NUMBER("memory_mib", Vm, memory_mib, "MiB", 0, QUANTITY_MAX),
        CORES("cpu", Vm, cpu_mcores),
        MIB("memory_used_mib", Vm, memory_used_mib, UNKNOWN),
        SHARE("cpu_delay", Vm, cpu_delay_permille),
        SPECIAL("contention", vm_read_contention, vm_print_contention),
        SPECIAL("ties", vm_read_ties, vm_print_ties),
        SPECIAL("net_mbit", vm_read_net, vm_print_net),
        SPECIAL("measured", vm_read_measured, vm_print_measured),
        MIB_S("disk_mib_s", Vm, disk_kib_s),
        MIB_S("dirty_mib_s", Vm, dirty_kib_s),
        MIB_S("dirty_burst_mib_s", Vm, dirty_burst_kib_s),
        NUMBER("dirty_window_seconds", Vm, dirty_window_ms, "seconds", 1000, 3, 0, 86400000, 0),
        MIB("memory_resident_mib", Vm, memory_resident_mib, UNKNOWN),
        CHOICE("post_copy", Vm, post_copy, post_copy_names, POST_COPY_N),
        MIB("local_disk_mib", Vm, local_disk_mib, 0),
        NUMBER("priority", Vm, priority, "points", 1, 0, 1, 1000, 100),
        NAME("arch", Vm, arch),
        NAME("cpu_model", Vm, cpu_model),
        NAME("machine", Vm, machine),
        NAME("emulator", Vm, emulator),
        NAMES("cpu_features", Vm, cpu_features),
        NUMBER("hugepages_kib", Vm, hugepages_kib, "KiB", 1, 0, 0, QUANTITY_MAX, 0),
        NAMES("networks", Vm, networks),
        NAMES("pools", Vm, pools),
        NAMES("groups", Vm, groups),
        { .name = "labels", .kind = FIELD_LABELS, AT(Vm, labels) },
        SPECIAL("extra", vm_read_extra, vm_print_extra),
};

/* Read into a RuleDraft, whose first member is the Rule that is printed. */
static const FieldDef rule_defs[] = {
        NAME("name", Rule, name),
        { .name = "kind",
          .kind = FIELD_CHOICE,
          AT(Rule, kind),
          .required = true,
          .choices = rule_kind_names,
          .n_choices = RULE_KIND_N },
        CHOICE("level", Rule, level, level_names, LEVEL_N),
        BOOL("must", Rule, must, true),
        BOOL("evacuate", Rule, evacuate, false),
        NUMBER("weight", Rule, weight, "points", 1, 0, 1, 1000000, 0),
        NUMBER("k", Rule, k, "places", 1, 0, 1, HOSTS_MAX, 0),
        SPECIAL("vms", rule_read_vms, rule_print_vms),
        SPECIAL("group", rule_read_group, rule_print_nothing),
        SPECIAL("near_vms", rule_read_near_vms, rule_print_near_vms),
        SPECIAL("near_group", rule_read_near_group, rule_print_nothing),
        SPECIAL("hosts", rule_read_hosts, rule_print_hosts),
};

static const FieldDef headroom_defs[HEADROOM_N] = {
        SHARE("cpu", Host, headroom_permille[RES_CPU]),
        SHARE("memory", Host, headroom_permille[RES_MEMORY]),
        SHARE("net_rx", Host, headroom_permille[RES_NET_RX]),
        SHARE("net_tx", Host, headroom_permille[RES_NET_TX]),
        SHARE("extra", Host, headroom_permille[HEADROOM_EXTRA]),
};

static const FieldDef fault_defs[] = {
        NUMBER("grade", Host, fault_grade, "grade", 1, 0, 0, 4, 0),
        TEXT("why", Host, fault_why),
};

static const FieldDef fault_device_defs[] = {
        NEEDED_NAME("device", Fault, device),
        NAME("serial", Fault, serial),
        NAME("hazard", Fault, hazard),
        NEEDED_NUMBER("grade", Fault, grade, "grade", 0, 4),
        TEXT("why", Fault, why),
        INSTANT("since", Fault, since),
        INSTANT("clean_since", Fault, clean_since),
        SPECIAL("vms", fault_read_vms, fault_print_vms),
};

static const FieldDef net_defs[] = {
        MBIT("rx", Vm, rx_kbit),
        MBIT("tx", Vm, tx_kbit),
};

#define FACTOR(json, type, member, most) NUMBER(json, type, member, "share", 1000, 3, 0, most, 0)
#define COUNTED(json, type, member)      NUMBER(json, type, member, "", 1, 0, 0, QUANTITY_MAX, 0)

static const FieldDef lessons_defs[] = {
        COUNTED("jobs", MoveLessons, jobs),
        NUMBER("fixed_seconds", MoveLessons, fixed_ms, "seconds", 1000, 3, 0, 86400000, 0),
        NUMBER("switch_seconds", MoveLessons, switch_ms, "seconds", 1000, 3, 0, 86400000, 0),
        FACTOR("speed", MoveLessons, speed_permille, 10000),
        FACTOR("bytes", MoveLessons, bytes_permille, 10000),
        FACTOR("unsure", MoveLessons, unsure_permille, 1000),
        SPECIAL("ways", lessons_read_routes, lessons_print_routes),
        SPECIAL("vms", lessons_read_vms, lessons_print_vms),
};

static const FieldDef route_lesson_defs[] = {
        NEEDED_NAME("from", RouteLesson, from),
        NEEDED_NAME("to", RouteLesson, to),
        FACTOR("speed", RouteLesson, speed_permille, 10000),
        COUNTED("jobs", RouteLesson, jobs),
};

static const FieldDef vm_lesson_defs[] = {
        NEEDED_NAME("vm", VmLesson, vm),
        FACTOR("bytes", VmLesson, bytes_permille, 10000),
        FACTOR("dirty", VmLesson, dirty_permille, 20000),
        COUNTED("jobs", VmLesson, jobs),
};

static const FieldDef move_hold_defs[] = {
        NAME("vm", MoveHold, vm),
        NAME("uuid", MoveHold, uuid),
        NAME("from", MoveHold, from),
        NAME("to", MoveHold, to),
        { .name = "miss",
          .kind = FIELD_CHOICE,
          AT(MoveHold, miss),
          .required = true,
          .choices = move_miss_names,
          .n_choices = MOVE_MISS_N },
        NUMBER("tries", MoveHold, tries, "moves", 1, 0, 0, 1000, 1),
        INSTANT("at", MoveHold, at),
        INSTANT("until", MoveHold, until),
        NAME("as", MoveHold, as),
        TEXT("why", MoveHold, why),
};

/* A Booking begins with its Vm. */
static const FieldDef booking_defs[] = {
        NEEDED_NAME("name", Booking, vm.name),
        NAME("uuid", Booking, vm.uuid),
        NEEDED_NAME("host", Booking, host),
        NEEDED_NAME("by", Booking, by),
        INSTANT("at", Booking, at),
        INSTANT("until", Booking, until),
        NEEDED_NUMBER("vcpus", Booking, vm.vcpus, "vCPUs", 0, CORES_MAX),
        NEEDED_NUMBER("memory_mib", Booking, vm.memory_mib, "MiB", 0, QUANTITY_MAX),
        NUMBER("cpu", Booking, vm.cpu_mcores, "cores", 1000, 3, 0, CORES_MAX * 1000, 0),
        SPECIAL("net_mbit", vm_read_net, vm_print_net),
        NUMBER("hugepages_kib", Booking, vm.hugepages_kib, "KiB", 1, 0, 0, QUANTITY_MAX, 0),
        SPECIAL("ties", vm_read_ties, vm_print_ties),
        NUMBER("priority", Booking, vm.priority, "points", 1, 0, 1, 1000, 100),
        NAMES("groups", Booking, vm.groups),
        { .name = "labels", .kind = FIELD_LABELS, AT(Booking, vm.labels) },
        SPECIAL("extra", vm_read_extra, vm_print_extra),
};

static const FieldDef measured_defs[] = {
        CORES("cpu", VmLoad, cpu_mcores),
        NUMBER("cpu_waited", VmLoad, cpu_waited_mcores, "cores", 1000, 3, 0, CORES_MAX * 1000, 0),
        MIB("memory_used_mib", VmLoad, memory_used_mib, UNKNOWN),
        MBIT("rx_mbit", VmLoad, rx_kbit),
        MBIT("tx_mbit", VmLoad, tx_kbit),
};

static const FieldDef platform_defs[] = {
        NAME("hypervisor", HostPlatform, hypervisor),
        NAME("libvirt", HostPlatform, libvirt),
        TEXT("cpu_list", HostPlatform, cpu_list),
        NUMBER("hugepages_default_kib", HostPlatform, hugepages_default_kib, "KiB", 1, 0, 1, QUANTITY_MAX,
               UNKNOWN),
        SPECIAL("portgroups", platform_read_portgroups, platform_print_portgroups),
        SPECIAL("images", platform_read_images, platform_print_images),
        SPECIAL("numa", platform_read_numa, platform_print_numa),
};

static const FieldDef numa_defs[] = {
        NEEDED_NUMBER("id", NumaNode, id, "node", 0, 65535),
        TEXT("cpus", NumaNode, cpus),
        MIB("memory_mib", NumaNode, memory_mib, UNKNOWN),
        MIB("free_mib", NumaNode, free_mib, UNKNOWN),
        MIB("available_mib", NumaNode, available_mib, UNKNOWN),
        SPECIAL("hugepages", numa_read_hugepages, numa_print_hugepages),
};

static const FieldDef ties_defs[] = {
        CHOICE("tie", VmTies, tie, tie_names, TIE_N),
        NUMBER("snapshots", VmTies, snapshots, "", 1, 0, 0, QUANTITY_MAX, UNKNOWN),
        NUMBER("checkpoints", VmTies, checkpoints, "", 1, 0, 0, QUANTITY_MAX, UNKNOWN),
        NUMBER("block_jobs", VmTies, block_jobs, "", 1, 0, 0, QUANTITY_MAX, UNKNOWN),
        NAMES("images", VmTies, images),
        NAMES("portgroups", VmTies, portgroups),
        TEXT("cpu_pins", VmTies, cpu_pins),
        TEXT("numa_nodes", VmTies, numa_nodes),
        TEXT("numa_cells", VmTies, numa_cells),
        TEXT("numa_bound", VmTies, numa_bound),
        SPECIAL("devices", ties_read_devices, ties_print_devices),
};

static const FieldDef host_device_defs[] = {
        { .name = "kind",
          .kind = FIELD_CHOICE,
          AT(HostDevice, kind),
          .required = true,
          .choices = host_device_names,
          .n_choices = HOST_DEVICE_N },
        NEEDED_NAME("name", HostDevice, name),
};

#define OF_HOST_SHARE(member) SHARE(#member, HostContention, member)
static const FieldDef host_contention_defs[] = {
        CORES("steal", HostContention, steal_mcores),
        CORES("iowait", HostContention, iowait_mcores),
        OF_HOST_SHARE(cpu_stalled),
        OF_HOST_SHARE(memory_pressure_full),
        OF_HOST_SHARE(memory_stalled),
        OF_HOST_SHARE(memory_stalled_full),
        OF_HOST_SHARE(io_pressure),
        OF_HOST_SHARE(io_pressure_full),
        OF_HOST_SHARE(io_stalled),
        OF_HOST_SHARE(io_stalled_full),
        MIB("swap_used_mib", HostContention, swap_used_mib, UNKNOWN),
        MIB_S("swap_in_mib_s", HostContention, swap_in_kib_s),
        MIB_S("swap_out_mib_s", HostContention, swap_out_kib_s),
};

#define OF_VM_SHARE(member) SHARE(#member, VmContention, member)
static const FieldDef vm_contention_defs[] = {
        OF_VM_SHARE(cpu_throttled),
        OF_VM_SHARE(cpu_stalled),
        OF_VM_SHARE(cpu_stalled_full),
        OF_VM_SHARE(memory_stalled),
        OF_VM_SHARE(memory_stalled_full),
        OF_VM_SHARE(io_stalled),
        OF_VM_SHARE(io_stalled_full),
        MIB("memory_swapped_mib", VmContention, memory_swapped_mib, UNKNOWN),
        MIB_S("swap_in_mib_s", VmContention, swap_in_kib_s),
        MIB_S("swap_out_mib_s", VmContention, swap_out_kib_s),
};
/* clang-format on */

static void host_init(void *object) {
        Host *h = object;

        for (int r = 0; r < HEADROOM_N; r++)
                h->headroom_permille[r] = UNKNOWN;
}

static void vm_init(void *object) {
        Vm *v = object;

        v->in_flight_to = IX_NONE;
        v->rx_kbit = v->tx_kbit = UNKNOWN;
}

static void booking_init(void *object) {
        Booking *booking = object;

        booking->vm = vm_unknown();
}

#define TABLE(words, rows, fn)                                                                               \
        { .object = words, .defs = rows, .n = ARRAY_SIZE(rows), .init = fn }
const FieldTable snapshot_fields = TABLE("a snapshot", snapshot_defs, NULL);
const FieldTable extra_fields = TABLE("an extra resource", extra_defs, NULL);
const FieldTable host_fields = TABLE("a host", host_defs, host_init);
const FieldTable hugepages_fields = TABLE("huge pages", hugepages_defs, NULL);
const FieldTable nic_fields = TABLE("a NIC", nic_defs, NULL);
const FieldTable vm_fields = TABLE("a VM", vm_defs, vm_init);
const FieldTable rule_fields = TABLE("a rule", rule_defs, NULL);
const FieldTable traffic_fields = TABLE("traffic", traffic_defs, NULL);
const FieldTable headroom_fields = TABLE("headroom", headroom_defs, NULL);
const FieldTable fault_fields = TABLE("faults", fault_defs, NULL);
const FieldTable fault_device_fields = TABLE("a fault", fault_device_defs, NULL);
const FieldTable net_fields = TABLE("net_mbit", net_defs, NULL);
const FieldTable measured_fields = TABLE("measured", measured_defs, NULL);
const FieldTable host_contention_fields = TABLE("contention of a host", host_contention_defs, NULL);
const FieldTable vm_contention_fields = TABLE("contention of a VM", vm_contention_defs, NULL);
const FieldTable platform_fields = TABLE("platform", platform_defs, NULL);
const FieldTable numa_fields = TABLE("a NUMA node", numa_defs, NULL);
const FieldTable ties_fields = TABLE("ties", ties_defs, NULL);
const FieldTable host_device_fields = TABLE("a device", host_device_defs, NULL);
const FieldTable lessons_fields = TABLE("migrations", lessons_defs, NULL);
const FieldTable route_lesson_fields = TABLE("a path", route_lesson_defs, NULL);
const FieldTable move_hold_fields = TABLE("a missed move", move_hold_defs, NULL);
const FieldTable booking_fields = TABLE("a booking", booking_defs, booking_init);
const FieldTable vm_lesson_fields = TABLE("a VM", vm_lesson_defs, NULL);
