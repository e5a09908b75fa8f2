/* SPDX-License-Identifier: Apache-2.0 */
/* Redfish resources of what all of a host depends on (ComputerSystem, Chassis, Thermal and Power, ThermalSubsystem
 * and PowerSubsystem, controllers) → samples. Pure but for jansson's own memory.
 *
 * Heat and power come to grade 1 at most: a room that is hot, or on one feed, is so for every host of it. A system's,
 * chassis' or storage's health is a coarse word: where something finer is told to be unwell it is that again.
 *
 * Units: as metrics.def says of each metric. Owner: the document is the caller's; samples are the sink's.
 * Errors: 0 or what the sink returns. Threads: any, a document belongs to one.
 */
#pragma once

#include <jansson.h>

#include "collectors/read/sample_list.h"

/* Each 0 or a negative errno of the sink. */

/* A Storage resource with its StorageControllers, or a StorageController. */
int redfish_controller(SampleSink *sink, const json_t *controller) must_check;
int redfish_thermal(SampleSink *sink, const char *chassis, const json_t *thermal) must_check;
int redfish_power(SampleSink *sink, const char *chassis, const json_t *power) must_check;
/* A Fan of ThermalSubsystem; a PowerSupply or Battery of PowerSubsystem. */
int redfish_fan(SampleSink *sink, const char *chassis, const json_t *fan) must_check;
int redfish_supply(SampleSink *sink, const char *chassis, const json_t *supply) must_check;
/* A ComputerSystem: the health of its memory and processors. */
int redfish_system(SampleSink *sink, const json_t *system) must_check;

/* The health of a resource as a whole: `kind` as in "system", `explained`: something in it is told to be unwell. */
int redfish_coarse(SampleSink *sink, const char *kind, const json_t *resource, bool explained) must_check;

/* Whether a sample says that something is unwell: what explains a coarse word. */
bool redfish_is_unwell(const Sample *sample);
