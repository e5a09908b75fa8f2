/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster at one instant: what is known, and nothing that is decided.
 *
 * A Snapshot is built once, in an Arena, and is const ever after: the service, the command line, the
 * simulator and the tests all hand the same type to decide/. Written for people: one struct per host and
 * VM, with names and units. All strings live in the same arena. Lists are NULL-terminated only where said.
 *
 * Order: hosts and vms are sorted by name (strcmp), names are unique. Builders ensure it; then the same
 * cluster gives the same plan, whatever order its facts came in.
 *
 * Units: by suffix (units.h); usec_t, in microseconds since the epoch. Owner: the snapshot's arena. Errors:
 * -ENOMEM from snapshot_speeds() and snapshot_huge_sizes() alone; NULL or IX_NONE where there is none. Threads: any, const once built.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/host_admission.h"
#include "scheduler/model/move_hold.h"
#include "scheduler/model/move_lessons.h"
#include "scheduler/model/units.h"

/* The resources every snapshot has; `extra` ones follow them. */
typedef enum ResourceId {
        RES_CPU,    /* MHz in Problem; cores × MHz */
        RES_MEMORY, /* MiB, transient: held on both hosts while a VM moves */
        RES_NET_RX, /* kbit/s */
        RES_NET_TX, /* kbit/s */
        RES_BUILTIN_N,
} ResourceId;

/* Host.headroom_permille: of each built-in resource; then one for each extra resource. */
enum {
        HEADROOM_EXTRA = RES_BUILTIN_N,
        HEADROOM_N,
};

typedef enum HostState {
        HOST_ACTIVE,
        HOST_CORDONED,    /* keeps its VMs, takes no new one */
        HOST_MAINTENANCE, /* to be emptied, takes none */
        HOST_OFFLINE,     /* not reachable: neither source nor target */
        HOST_STATE_N,
} HostState;
extern const char *const host_state_names[HOST_STATE_N]; /* "active", "cordoned", "maintenance", "offline" */

/* Why a host is neither source nor target of balance moves although it may be up: silence is not health
 * (snapshot/build/build.h). */
typedef enum Exclusion {
        EXCLUDED_NONE,
        EXCLUDED_STALE,   /* its last report is older than allowed */
        EXCLUDED_MISSING, /* no report, or a report without what decisions need */
        EXCLUDED_DAEMON,  /* its libvirt does not answer */
        EXCLUDED_SEEN,    /* it is not admitted, or not as what it is now (snapshot/build/host_admit.h) */
        EXCLUDED_CLOCK, /* its clock, or that of who asks, is not the store's: how old its facts are is not known */
        EXCLUDED_N,
} Exclusion;
extern const char *const exclusion_texts[EXCLUDED_N];

typedef struct Strings {
        const char *const *at;
        uint32_t n;
} Strings;

typedef struct Nic {
        const char *name;
        int64_t speed_mbit;       /* UNKNOWN */
        int64_t rx_kbit, tx_kbit; /* UNKNOWN */
        bool carrier;
        const char *mode;        /* of a bond or team; NULL: none, or not known */
        Strings members, active; /* of a bond or team; those that carry its traffic */
        int64_t peers;           /* hosts whose migration address is routed over it; UNKNOWN */
} Nic;

/* A round trip to another host, as this one measured it (docs/distance.md). */
typedef struct PeerRtt {
        const char *name; /* of a host; perhaps of one that is gone */
        int64_t rtt_us;
} PeerRtt;

/* One thing of a host that is failing, or is suspected to be, and who depends on it (docs/faults.md). */
typedef struct Fault {
        const char *device; /* "sda", "md0", "memory mc0" …; unique on its host */
        const char *serial; /* NULL: not known. Another one under the same name is another device */
        const char *hazard; /* which line of hazards.def decided; NULL: a file that does not say */
        const char *why;    /* evidence in words, or NULL */
        int64_t grade;      /* 0 … 4 */
        usec_t since;       /* when it came to this grade; 0: not known */
        usec_t clean_since; /* the facts have been good since then, the grade is held; 0: they are not */
        bool partly;        /* only `vms` use it; false: all of the host does */
        Strings vms;
} Fault;

/* Memory set aside as pages of one size. */
typedef struct Hugepages {
        int64_t kib; /* a page */
        int64_t total_mib, free_mib;
} Hugepages;

/* What ties a VM to its host, so that libvirt does not migrate it (qemuMigrationSrcIsAllowed), or nobody should. */
typedef enum Tie {
        TIE_NONE,
        TIE_DEVICE,         /* a device, a folder or a TPM of its host */
        TIE_SNAPSHOTS,      /* while it has any */
        TIE_BLOCK_JOB,      /* while one runs on a disk */
        TIE_TRANSIENT_DISK, /* a disk that forgets what is written */
        TIE_INVTSC,         /* an invariant TSC without a frequency */
        TIE_N,
} Tie;
extern const char *const tie_names[TIE_N]; /* "none", "device", "snapshots", "block-job", … */

/* A device of its host that a VM has. */
typedef enum HostDeviceKind {
        HOST_DEVICE_PCI,
        HOST_DEVICE_SR_IOV, /* a virtual function */
        HOST_DEVICE_MDEV,   /* mediated: a vGPU … */
        HOST_DEVICE_USB,
        HOST_DEVICE_SCSI,
        HOST_DEVICE_NVME,
        HOST_DEVICE_VDPA,
        HOST_DEVICE_VHOST_USER_DISK, /* a server on the host, by its socket: these two do not tie it */
        HOST_DEVICE_VHOST_USER_NIC,
        HOST_DEVICE_TPM,
        HOST_DEVICE_FOLDER,
        HOST_DEVICE_MEMORY, /* shared with others of the host */
        HOST_DEVICE_OTHER,
        HOST_DEVICE_N,
} HostDeviceKind;
extern const char *const host_device_names[HOST_DEVICE_N]; /* "pci", "sr-iov", "mdev", "usb", … */

typedef struct HostDevice {
        HostDeviceKind kind;
        const char *name; /* its address, UUID, socket … */
} HostDevice;

/* What a VM needs that a target may lack, beside networks, pools and CPU. */
typedef struct VmTies {
        Tie tie;
        int64_t snapshots, checkpoints, block_jobs; /* UNKNOWN */
        Strings images;                             /* local ones it reads: paths */
        Strings portgroups;                         /* "network/group" */
        const char *cpu_pins;                       /* of the host's CPUs: "60-62"; NULL: none */
        const char *numa_nodes;                     /* of the host, its memory must be on; NULL: none */
        const char *numa_cells;                     /* its own topology, in words; NULL: one cell */
        const char *
                numa_bound; /* cells whose memory must be on nodes (model/bound_cells.h); NULL: none is known */
        const HostDevice *devices;
        uint32_t n_devices;
} VmTies;

typedef struct NumaNode {
        int64_t id;
        const char *cpus;             /* "0-15,32-47"; NULL: not known */
        int64_t memory_mib, free_mib; /* UNKNOWN */
        const Hugepages *hugepages;   /* of the host's, what is on it; each size once; n == 0: not known */
        uint32_t n_hugepages;
        int64_t available_mib; /* free, and what its caches can give back; UNKNOWN */
} NumaNode;

/* What a host is, beside its CPUs and memory. */
typedef struct HostPlatform {
        const char *hypervisor, *libvirt;    /* versions; NULL: not known */
        const char *cpu_list;                /* numbers of its CPUs: "0-63"; NULL: not known */
        int64_t hugepages_default_kib;       /* UNKNOWN */
        Strings portgroups, images;          /* "network/group", paths; n == 0: not known, unless … */
        bool portgroups_known, images_known; /* … it is known that there are none */
        const NumaNode *numa;                /* by id; n == 0: not known */
        uint32_t n_numa;
} HostPlatform;

/* What a host lacks, beyond what is used of it. Each UNKNOWN where its kernel does not tell. Shares are of time:
 * _pressure PSI's average of 10 s, _stalled by PSI's totals since the reading before. */
typedef struct HostContention {
        int64_t steal_mcores; /* taken by a hypervisor below it */
        int64_t iowait_mcores;
        int64_t cpu_stalled;
        int64_t memory_pressure_full, memory_stalled, memory_stalled_full;
        int64_t io_pressure, io_pressure_full, io_stalled, io_stalled_full;
        int64_t swap_used_mib, swap_in_kib_s, swap_out_kib_s;
} HostContention;

/* What a VM waits for; each UNKNOWN where nobody tells. Shares of time, permille. */
typedef struct VmContention {
        int64_t cpu_throttled; /* its own limit held its vCPUs back: no move helps */
        int64_t cpu_stalled, cpu_stalled_full, memory_stalled, memory_stalled_full, io_stalled,
                io_stalled_full;
        int64_t memory_swapped_mib;            /* of its memory, by its host */
        int64_t swap_in_kib_s, swap_out_kib_s; /* inside the guest: it is too small, no move helps */
} VmContention;

/* What was decided about emptying a host that is to be emptied (snapshot/health/brake.h), as it is remembered from one
 * round to the next. */
typedef enum HostBrake {
        BRAKE_NONE,     /* nothing: it is not to be emptied, or newly */
        BRAKE_PASSED,   /* it is emptied */
        BRAKE_HELD,     /* it is not, until an operator releases it */
        BRAKE_RELEASED, /* by an operator; or an operator's own request */
        BRAKE_PAST,     /* it was to be emptied a moment ago, and counts still */
        BRAKE_N,
} HostBrake;
extern const char *const host_brake_names[BRAKE_N]; /* "none", "passed", "held", "released", "past" */

typedef struct Host {
        const char *name;
        const char *uri; /* libvirt URI other hosts and the service reach it by; NULL: not known */
        HostState state;
        usec_t leave_by;  /* in maintenance: its VMs should have left by then; 0: no deadline */
        bool for_good;    /* in maintenance: its VMs that are off are to leave, too */
        usec_t marked_at; /* when an operator said what state it is in; 0: not known */
        bool several;     /* in maintenance, and the operator knew that many are */
        Strings domains;  /* what it fails by together with others, as the settings name it: a UPS, a room */
        HostBrake brake;  /* as it is remembered, since brake_at, for a signal of brake_kind */
        usec_t brake_at;
        const char *brake_kind;
        const char *held; /* it is to be emptied and is not now: why, in words; NULL: it is not held */
        Exclusion excluded;
        const char *excluded_why; /* in words, or NULL */
        const char *no_entry_why; /* it takes no VM, since not all that runs on it is known; NULL: it may */
        const char *uuid;         /* of the machine, as its libvirt reports; NULL: not known */
        const HostAdmission *admitted; /* NULL: never, or by a pattern just now, or nobody asks for it */
        usec_t seen_at;                /* when its facts were read; 0: from a file without times */
        usec_t vms_as_of; /* of a host that is excluded: its VMs are as they were last known, then; 0: it is not, or none are known */
        int64_t fault_grade;   /* 0 … 4 (docs/faults.md) */
        const char *fault_why; /* evidence in words, or NULL */
        const Fault *faults;   /* sorted by device; then fault_grade is the worst of them */
        uint32_t n_faults;     /* 0 with a grade: nobody says of what; it concerns all VMs */
        int64_t cpus, cpu_mhz; /* cpu_mhz UNKNOWN: as fast as the others */
        int64_t memory_mib;
        int64_t cpu_busy_mcores; /* measured use of the whole host, VMs included; UNKNOWN */
        int64_t memory_used_mib; /* measured, VMs and pages set aside included, not the page cache; UNKNOWN */
        int64_t memory_reclaimable_mib; /* of it, what is given back when it is needed: ZFS' cache; UNKNOWN */
        int64_t cpu_pressure_permille, memory_pressure_permille; /* PSI some avg10; UNKNOWN */
        const HostContention *contention;                        /* NULL: nothing is known */
        const HostPlatform *platform;                            /* NULL: nothing is known */
        int64_t headroom_permille[HEADROOM_N];  /* kept free below capacity; UNKNOWN: settings */
        int64_t reserved_mib;                   /* memory that is not for VMs */
        const char *zone, *rack, *neighborhood; /* NULL: one for all */
        Strings labels;                         /* "key=value", by key, each key once (model/host_label.h) */
        const char *arch, *cpu_model;           /* NULL: not known */
        Strings switches;                       /* its NICs are cabled to; n == 0: not known */
        const PeerRtt *peers;                   /* by name; a few of the other hosts */
        uint32_t n_peers;
        Strings networks, pools;            /* n == 0: not known, no restriction, unless … */
        bool networks_known, pools_known;   /* … it is known that there are none */
        Strings machines, emulators;        /* machine types, paths; n == 0: not known */
        Strings cpu_models, cpu_features;   /* that its hypervisor can give a VM; n == 0: not known */
        int64_t overcommit_cpu_permille;    /* vCPUs allocated at most, per CPU; 0: settings */
        int64_t overcommit_memory_permille; /* memory allocated at most, of what it has; 0: settings */
        const char *unread;                 /* what its agent could not read, and why; NULL: nothing */
        const Hugepages *hugepages;         /* each size once; n == 0: not known */
        uint32_t n_hugepages;
        const Nic *nics;
        uint32_t n_nics;
        const int64_t *extra; /* [Snapshot.n_extra], or NULL when there are none */
} Host;

/* What a VM used at its last reading; each UNKNOWN where nobody read it. */
typedef struct VmLoad {
        int64_t cpu_mcores, memory_used_mib, rx_kbit, tx_kbit;
        int64_t cpu_waited_mcores; /* it also wanted, and its full host had not: demand, too; 0: none, or not known */
} VmLoad;

typedef enum VmState {
        VM_RUNNING,
        VM_PAUSED,
        VM_OFF, /* only defined: it needs no CPU, and a host's measured use has nothing of it */
        VM_BOOKED, /* room that a person holds for it (model/booking.h): it needs all that it will need, the measured use has
                      nothing of it, and nothing moves it. Not in facts: of those the decision's snapshot is made */
        VM_STATE_N,
        VM_STATE_TOLD_N = VM_BOOKED, /* those that facts tell */
} VmState;
extern const char *const vm_state_names[VM_STATE_N]; /* "running", "paused", "off", "booked" */

/* Why a VM is not movable, where an operator's rule or what was done to it lately says so. */
typedef enum Hold {
        HOLD_NONE,    /* another reason, or none */
        HOLD_NEVER,   /* it never moves */
        HOLD_WINDOW,  /* only in a window, and none is open */
        HOLD_MOVES,   /* it has been moved as often as it may be in a day */
        HOLD_FOR_NOW, /* a person moved it lately, or how a move of it ended is not known yet */
        HOLD_MISSED,  /* moving it failed lately (move_hold.h) */
        HOLD_MODE,    /* its moves are a person's: VmMode */
        HOLD_N,
} Hold;
extern const char
        *const hold_names[HOLD_N]; /* "none", "never", "window", "moves", "for-now", "missed", "mode" */

/* What the service does with a move of the VM, at most: the stricter of this and of its own mode holds. */
typedef enum VmMode {
        VM_MODE_AUTO,    /* carried out */
        VM_MODE_CONFIRM, /* … once a person has said yes */
        VM_MODE_ADVISE,  /* shown */
        VM_MODE_N,
} VmMode;
extern const char *const vm_mode_names[VM_MODE_N + 1]; /* "auto", "confirm", "advise", NULL */

#define STAY_WEIGHT_MAX 1000000

/* Whether it may be migrated by post-copy: a VM that is lost when the network fails meanwhile. */
typedef enum PostCopy {
        POST_COPY_UNSAID, /* as the settings say */
        POST_COPY_NEVER,
        POST_COPY_IF_NEEDED,
        POST_COPY_N,
} PostCopy;
extern const char *const post_copy_names[POST_COPY_N]; /* "as-set", "never", "if-needed" */

typedef struct Vm {
        const char *name, *uuid; /* uuid NULL: not known */
        HostIx host;             /* where it runs; IX_NONE: nowhere yet, only in what-if (decide/trial.h) */
        VmState state;
        bool in_flight;      /* a migration not known to be ended: never moved, counted on both hosts */
        HostIx in_flight_to; /* its other host, or IX_NONE */
        Strings running_on; /* hosts that say it runs there, where several do and no migration of it is seen: a claim of one of
                               them is false, or it runs twice. Then it is in flight and not movable */
        bool movable; /* false: `unmovable_why` says why */
        VmMode mode;
        const char *mode_rule;     /* that says so; NULL: none does */
        const char *unmovable_why; /* in words, or NULL */
        Hold hold;
        const char *
                calm_why; /* it was moved lately, and balance leaves it where it is; in words; NULL: it does not */
        int64_t stay_weight; /* of wishes that it stays where it is, 0 … STAY_WEIGHT_MAX: in its price */
        int64_t moves_a_day; /* at most; 0: no limit */
        int64_t vcpus, memory_mib; /* allocated */
        int64_t cpu_mcores;        /* demand; UNKNOWN */
        int64_t memory_used_mib;   /* UNKNOWN */
        int64_t cpu_delay_permille; /* share of time its vCPUs waited for a core, not for their own limit; UNKNOWN */
        const VmContention *contention; /* NULL: nothing is known */
        const VmTies *ties;             /* NULL: nothing is known */
        int64_t rx_kbit, tx_kbit;       /* UNKNOWN */
        const VmLoad *measured;    /* the last reading, where the four above are estimates from history; NULL:
                                      they are the reading */
        int64_t disk_kib_s;        /* read and written; UNKNOWN */
        int64_t dirty_kib_s;       /* memory it dirties; UNKNOWN */
        int64_t dirty_burst_kib_s; /* the same within one second; UNKNOWN */
        int64_t dirty_window_ms;   /* dirty_kib_s was measured over; 0: not said */
        int64_t memory_resident_mib; /* on its host, with what QEMU itself needs; UNKNOWN */
        PostCopy post_copy;
        int64_t local_disk_mib; /* disks on storage the other hosts do not see */
        int64_t priority;       /* 1 … 1000, default 100: weight when not all can be saved in time */
        const char *arch, *cpu_model, *machine;  /* NULL: not known */
        const char *emulator;                    /* path of its QEMU; NULL: not known */
        Strings cpu_features;                    /* it requires beyond its model's */
        int64_t hugepages_kib;                   /* its memory is backed by pages of this size; 0: not */
        Strings networks, pools, groups, labels; /* labels: "key=value" */
        const int64_t *extra;                    /* [Snapshot.n_extra], or NULL */
} Vm;

static inline bool vm_is_doubled(const Vm *vm) {
        return vm->running_on.n > 1;
}

/* What an operator asked for. Built from the file's `rules` or the settings; names are resolved. */
typedef enum RuleKind {
        RULE_APART,    /* at most one VM of the group per domain of `level` */
        RULE_TOGETHER, /* all of the group in one domain */
        RULE_SPREAD,   /* at least k domains hold a VM of the group */
        RULE_NEAR,     /* each VM of group has one of group_b in its domain */
        RULE_AVOID,    /* no VM of group shares a domain with one of group_b; none is in both */
        RULE_ON,       /* only on `hosts` */
        RULE_NOT_ON,   /* never on `hosts` */
        RULE_SPAN,     /* at most k domains hold a VM of the group, those on hosts that are emptied aside */
        RULE_KIND_N,
} RuleKind;
extern const char *const rule_kind_names
        [RULE_KIND_N]; /* "apart", "together", "spread", "near", "avoid", "on", "not-on", "span" */

typedef enum Level {
        LEVEL_HOST,
        LEVEL_RACK,
        LEVEL_ZONE,
        LEVEL_NEIGHBORHOOD,
        LEVEL_N,
} Level;
extern const char *const level_names[LEVEL_N]; /* "host", "rack", "zone", "neighborhood" */

/* Did somebody tell the host's rack, zone or neighborhood? Each host is its own at LEVEL_HOST. */
bool host_place_is_known(const Host *host, Level level);

typedef struct Rule {
        RuleKind kind;
        const char *name;
        Level level;
        bool must;     /* false: `weight` is its price */
        bool evacuate; /* waived for its VMs that must leave their host; of "apart" … "not-on", not of "near" */
        int64_t weight; /* 1 … 1000000 when !must */
        int64_t k;      /* RULE_SPREAD, RULE_SPAN */
        const VmIx *vms, *near_vms;
        const HostIx *hosts;
        uint32_t n_vms, n_near_vms, n_hosts;
        const char *group, *near_group;     /* the group a VM joins the rule by; NULL: it names its VMs */
        const struct Selection *hosts_said; /* the words a new host joins the rule by; NULL: it names them */
} Rule;

/* It says on which hosts VMs may be, and nothing of each other. */
static inline bool rule_is_about_hosts(const Rule *rule) {
        return rule->kind == RULE_ON || rule->kind == RULE_NOT_ON;
}

/* A resource beyond the built-in ones: "extra" in a snapshot file. */
typedef struct ExtraResource {
        const char *name;
        bool transient;
} ExtraResource;

/* Two VMs that talk to each other. */
typedef struct Traffic {
        VmIx a, b; /* a < b */
        int64_t kbit;
} Traffic;

enum {
        SNAPSHOT_NO_BALANCE = 1,     /* moves for even use and for wishes; the same bits as Action's */
        SNAPSHOT_NO_LOAD = 2,        /* moves off hosts above their load line */
        SNAPSHOT_NO_EVACUATION = 4,  /* VMs that leave failing hardware (grade 3 and 4) */
        SNAPSHOT_NO_REPAIR = 8,      /* VMs whose moving mends a rule that must hold, or an overfull host */
        SNAPSHOT_NO_MAINTENANCE = 16 /* VMs that leave a host in maintenance */
};

typedef struct Snapshot {
        const char *cluster;
        usec_t taken_at;            /* 0: a file that does not say */
        const char *demand_by;      /* the estimator that says what VMs need; NULL: the last reading does */
        const MoveLessons *lessons; /* what past migrations taught; NULL: nothing yet */
        MoveHolds holds;            /* migrations that failed, and are not tried again for a while */
        uint32_t n_hosts, n_vms, n_rules, n_extra;
        const Host *hosts;
        const Vm *vms;
        const Vm *off; /* by name: those that are off and stay, of which no decision takes notice; in `vms`
                          until off_vms_part() has parted them */
        uint32_t n_off;
        const struct Booking *
                bookings; /* by name: room that is held (model/booking.h); in `vms`, too, from rules_apply() on */
        uint32_t n_bookings;
        const Rule *rules;
        const ExtraResource *extra;
        const Traffic *traffic; /* by (a, b); what is known of it: mostly nothing is */
        uint32_t n_traffic;
        bool braked;      /* what the hosts' brake says is known: newly emptied hosts are counted */
        bool brake_new;   /* … from now on: signals that were there before it are none of its business */
        unsigned not_now; /* SNAPSHOT_NO_…: kinds of action that an operator does not want now */
        Strings notes;    /* what is to be said of the rules: one that selects nothing … */
} Snapshot;

/* The CPU speed of each host in MHz, as everything is computed with: what it says, or the median of those
 * that do (*ret_usual), or 1000. 0 or -ENOMEM. In `a`. */
int snapshot_speeds(Arena *a, const Snapshot *s, int64_t **ret, int64_t *ret_usual) must_check;

/* A host, and a VM that runs nowhere, of which nothing is known: what a reader of facts begins with. */
Host host_unknown(void);
Vm vm_unknown(void);

/* By name (binary search), or IX_NONE. */
HostIx snapshot_host(const Snapshot *s, const char *name);

/* *io becomes a copy of the snapshot with VMs of its own, which may be changed: they are returned. NULL: the arena is full, and
 * *io is as it was. */
Vm *snapshot_own_vms(Arena *a, const Snapshot **io);

/* How many hosts are excluded; and whether no host takes part (all are excluded or offline; a cluster without hosts is not
 * blind). */
uint32_t snapshot_excluded(const Snapshot *s);
bool snapshot_is_blind(const Snapshot *s);

/* How many VMs there are, room that is booked for one not counted. */
uint32_t snapshot_n_vms(const Snapshot *s);

/* How many VMs run on several hosts at once, by what these say (Vm.running_on). */
uint32_t snapshot_doubled(const Snapshot *s);

/* Whether the VM is on the host, or may be: its own, the other one of a migration, those that say it runs there. */
bool snapshot_vm_is_on(const Snapshot *s, VmIx v, HostIx h);

/* The first other host that has this one's machine UUID, or IX_NONE: which of the two it is, nobody knows. */
HostIx snapshot_same_machine(const Snapshot *s, HostIx h);
VmIx snapshot_vm(const Snapshot *s, const char *name);

/* The worst grade of those faults of its host that concern the VM; *ret_fault, unless NULL, is that fault, or
 * NULL where the host has a grade alone. */
int64_t snapshot_vm_fault(const Snapshot *s, VmIx v, const Fault **ret_fault);

/* The host's huge pages of this size, or NULL. */
const Hugepages *host_hugepages(const Host *host, int64_t kib);

/* Sizes of huge pages that are kept account of: at most two at once, no machine has more in use. Where VMs have more,
 * those that VMs of most hosts have (of as many, the smaller): one host's odd VMs do not decide. A VM of another size is
 * not moved. */
#define HUGE_SIZES_MAX 2
typedef struct HugeSizes {
        int64_t kib[HUGE_SIZES_MAX]; /* as they first come in the order of VMs */
        uint32_t n;
} HugeSizes;

/* 0 or -ENOMEM. Of the arena nothing is kept. */
int snapshot_huge_sizes(Arena *a, const Snapshot *s, HugeSizes *ret) must_check;

/* The VM has pages of a size of which no account is kept. */
bool vm_has_odd_pages(const HugeSizes *sizes, const Vm *vm);

/* The NIC migrations take: of those with a carrier the one over which most other hosts' migration addresses
 * are routed (the first by name, of several); where no agent told of routes, the only one there is. NULL: not
 * known. Its speed and rates may be UNKNOWN; its rates hold whatever flows, migrations under way too. */
const Nic *host_migration_nic(const Host *host);

/* What it used at its last reading, whatever it is taken to need. */
VmLoad vm_measured(const Vm *vm);

/* What it wanted then: what it used, and the cores that it waited for where that is demand. */
VmLoad vm_wanted(const Vm *vm);

/* Cores for which its vCPUs waited at its last reading, on whatever host; UNKNOWN: nobody tells. */
int64_t vm_waited_mcores(const Vm *vm);

/* Permille of the CPU time it wanted that it got: used / (used + waited). UNKNOWN, too, where it wanted none. */
int64_t vm_score_permille(const Vm *vm);

/* The word is one of them; false for NULL. */
bool strings_have(const Strings *words, const char *word);
bool strings_sorted_have(const Strings *words, const char *word); /* they are in strcmp()'s order */

/* Every number of the list `a` ("0-3,8") is in `b`. A list that is NULL, or none, restricts nothing. */
bool number_list_within(const char *left, const char *right);

/* Has the host every NUMA node of the list ("0-1")? True where its nodes are not known. */
bool host_has_numa_nodes(const Host *host, const char *nodes);

/* host-passthrough, host-model, maximum: a CPU that is whatever the host has, and runs only on the same. */
bool cpu_follows_host(const char *model);
