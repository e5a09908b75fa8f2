// SPDX-License-Identifier: Apache-2.0
import { h } from './dom.js';
import { ago, clock, exact, unknown } from './text.js';

/** "3 min ago", exact on focus. */
export const when = (at, how = ago) => (at ? h('time', { datetime: at, title: exact(at), tabindex: -1 }, how(at)) : unknown);
export const at = time => when(time, clock);
