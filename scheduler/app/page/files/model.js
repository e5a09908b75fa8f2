// SPDX-License-Identifier: Apache-2.0
// What the status of a cluster means for who looks: of each host one word, and of the cluster one sentence.
import { plural, since } from './text.js';

export const signs = { within: '•', above: '▲', failing: '✕', unknown: '?', maintenance: 'm', moving: '→' };
export const words = { within: 'within its load line', above: 'above its load line', failing: 'failing', unknown: 'unknown', maintenance: 'in maintenance', moving: 'moving' };

/** What is worst about a host. Facts that are not there are no good ones. */
export function hostClass(host) {
	if (host.fault_grade >= 3) return 'failing';
	if (host.fenced || host.cpu_used === null || host.memory_used === null) return 'unknown';
	return host.above_load_line ? 'above' : 'within';
}
export const isAway = host => host.state && host.state !== 'active';
const rank = { failing: 0, unknown: 1, above: 2, within: 3 };
/** By how much the resource that is worst is above its line; unknown: the most. */
export const excess = h => Math.max((h.cpu_used ?? 9) - (h.cpu_load_line ?? 1), (h.memory_used ?? 9) - (h.memory_load_line ?? 1));
export const worstFirst = (a, b) => rank[hostClass(a)] - rank[hostClass(b)] || excess(b) - excess(a) || (a.name < b.name ? -1 : 1);

export const label = (host, key) => (host.labels || []).find(l => l.startsWith(`${key}=`))?.slice(key.length + 1) || null;
export const moving = status => (status.service?.moves || []).filter(m => m.phase === 'running' || m.phase === 'verifying');

export function counts(status) {
	const c = { above: 0, failing: 0, unknown: 0, within: 0, maintenance: 0, moving: moving(status).length };
	for (const host of status.hosts) {
		c[hostClass(host)]++;
		if (host.state === 'maintenance') c.maintenance++;
	}
	return c;
}

/** Seconds since the newest of the facts; null: there are none. */
export function factsAge(status) {
	let newest = null;
	for (const h of status.hosts) if (h.seen_at && (newest === null || h.seen_at > newest)) newest = h.seen_at;
	return since(newest);
}
/** Why what is shown may not be what is: null, or a sentence. */
export function staleWhy(status) {
	const s = status.service, late = s?.next_by ? since(s.next_by) : null;
	if (!s) return 'No service has written its state: what is planned and what moves is unknown.';
	if (late !== null && late > 0) return `The service has made no round since ${plural(Math.round(since(s.round_at)), 'second')} ago: plans and moves may be out of date.`;
	return null;
}

/** The worst thing first; {grade: within|above|failing|unknown, text}. */
export function sentence(status, waiting) {
	const c = counts(status), n = status.hosts.length, parts = [];
	const add = (grade, text) => parts.push({ grade, text });
	if (status.doubled.length) add('failing', `${plural(status.doubled.length, 'VM runs', 'VMs run')} on two hosts at once: look on both, start nothing`);
	if (n === 0) return { grade: 'unknown', text: 'No host has reported yet' };
	if (status.blind) return { grade: 'unknown', text: 'Blind: of no host are the facts good, so nothing is planned or moved' };
	if (status.store_forgotten && !status.store_forgotten.acknowledged) add('failing', 'The store has lost data: nothing moves until an admin acknowledges it');
	if (status.stop) add('above', `Stopped by ${status.stop.by || 'an operator'}: no move starts`);
	if (status.late.length) add('failing', `${plural(status.late.length, 'host is', 'hosts are')} not empty in time`);
	const stuck = status.service?.stays_all || 0;
	if (c.failing) add('failing', plural(c.failing, 'host is failing', 'hosts are failing'));
	if (stuck) add('failing', plural(stuck, 'VM must leave and cannot', 'VMs must leave and cannot'));
	if (c.unknown) add('unknown', plural(c.unknown, 'host is silent', 'hosts are silent'));
	if (c.above) add('above', plural(c.above, 'host is above its load line', 'hosts are above their load line'));
	const text = parts.length ? parts.slice(0, 3).map(p => p.text).join(', ') : 'Every host is within its load line';
	const more = waiting > 1 ? `; ${waiting} plans wait for you` : waiting === 1 ? '; a plan waits for you' : c.moving ? `; ${plural(c.moving, 'VM moves', 'VMs move')} now` : '';
	return { grade: parts[0]?.grade || 'within', text: text + more };
}
