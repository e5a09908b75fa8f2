/* SPDX-License-Identifier: Apache-2.0 */
/* All that the service has of the world outside: time, chance, the store, what moves VMs and what sees them,
 * and the wishes of whoever runs it. Every part of the service takes it as an argument, so that the whole can
 * run in another world: in simulated time, on a simulated executor (tests/integration/world_test.c).
 *
 * Facts come from the store alone. A store keeps the time itself (expiry, the lease, the names of entries):
 * it must be a store that lives in this world's time; Redis with its clock replaced is one.
 *
 * Owner: the program; it outlives the service. Threads: each function may be called from any.
 */
#pragma once

#include "scheduler/act/executor.h"
#include "scheduler/act/libvirt/domain_state.h"
#include "scheduler/act/run_waves.h"
#include "scheduler/base/clock.h"
#include "scheduler/store/store.h"

typedef struct ServiceWorld {
        void *self;
        const Clock *clock; /* NULL: the real one */
        usec_t nap;         /* while the service rests it looks so often whether something calls */
        bool guards;        /* leases may be renewed by a thread of their own, in real time (leadership.h) */
        uint64_t (*random)(void *self);
        /* A name that no other life of any service has. */
        void (*identify)(void *self, char *buf, size_t size);
        /* As store_open(). */
        int (*open_store)(void *self, const StoreOptions *options, Store **ret, TextFault *reterr_fault);
        /* 0 or a negative errno. The executor is the caller's. */
        int (*open_executor)(void *self, Executor *ret);
        /* As domain_state_read(): where a VM is, after a crash. 0; a negative errno: nothing can be asked. */
        int (*look)(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret);
        /* As domain_speed_set_aside(): a migration whose leader died may have so much, in MiB/s; 0: whatever it gets.
         * NULL: nothing is done. */
        void (*hasten)(void *self, LibvirtAt at, const char *uuid, int64_t mib_s);
        StopRequest (*stop_request)(void *stop_arg); /* what whoever runs the service wants of it */
        void *stop_arg;
        unsigned (*reloads)(void *self); /* how often the settings were to be read again so far */
} ServiceWorld;

/* This machine, its Redis, libvirt, and signals (stop_signal.h). */
extern const ServiceWorld service_world_real;
