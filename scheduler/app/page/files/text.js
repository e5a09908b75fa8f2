// SPDX-License-Identifier: Apache-2.0
// Numbers and times as people read them. What is null is "unknown", never 0.
export const unknown = 'unknown';
const is = x => typeof x === 'number' && Number.isFinite(x);

export const pct = (x, digits = 0) => (is(x) ? `${(x * 100).toFixed(digits)} %` : unknown);

/** Both of a pair, with a decimal where rounding would hide the change. */
export function pctPair(a, b) {
	const hides = is(a) && is(b) && a !== b && Math.round(a * 100) === Math.round(b * 100);
	return [pct(a, hides ? 1 : 0), pct(b, hides ? 1 : 0)];
}

function scaled(x, units, step) {
	let i = 0;
	while (x >= step * 0.9995 && i + 1 < units.length) {
		x /= step;
		i++;
	}
	return `${x >= 100 || i === 0 ? Math.round(x) : x.toFixed(1).replace(/\.0$/, '')} ${units[i]}`;
}
export const mib = x => (is(x) ? scaled(x, ['MiB', 'GiB', 'TiB', 'PiB'], 1024) : unknown);
export const bytes = x => (is(x) ? scaled(x, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], 1024) : unknown);
export const count = x => (is(x) ? x.toLocaleString('en-US') : unknown);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** 0.42 s, 26 s, 3 min 36 s, 2 h 5 min, 3 d 4 h. */
export function span(s) {
	if (!is(s)) return unknown;
	if (s === 0) return '0 s';
	if (s < 1) return `${s.toFixed(2).replace(/0$/, '')} s`;
	if (s < 9.95) return `${s.toFixed(1).replace(/\.0$/, '')} s`;
	const t = Math.round(s);
	const two = (a, an, b, bn) => (b ? `${a} ${an} ${b} ${bn}` : `${a} ${an}`);
	if (t < 60) return `${t} s`;
	if (t < 3600) return two(Math.floor(t / 60), 'min', t % 60, 's');
	if (t < 86400) return two(Math.floor(t / 3600), 'h', Math.floor((t % 3600) / 60), 'min');
	return two(Math.floor(t / 86400), 'd', Math.floor((t % 86400) / 3600), 'h');
}

/** 26 s (6–30): a prediction with its bounds. */
export function bounded(x, low, high) {
	if (!is(x)) return unknown;
	if (!is(low) || !is(high)) return span(x);
	const short = v => span(v).replace(/ s$/, '');
	return `${span(x)} (${short(low)}–${span(high).replace(/ s$/, '')})`;
}

let ahead = 0; // of the service's clock, in milliseconds
export const clockIs = date => { if (!Number.isNaN(date)) ahead = date - Date.now(); };
export const now = () => Date.now() + ahead;

/** Seconds since; null: unknown. */
export const since = at => (at ? (now() - Date.parse(at)) / 1000 : null);
const words = { 60: s => `${Math.max(0, Math.round(s))} s`, 3600: s => `${Math.round(s / 60)} min`, 86400: s => `${Math.round(s / 3600)} h` };
function rough(s) {
	for (const [most, text] of Object.entries(words)) if (s < most) return text(s);
	return `${Math.round(s / 86400)} d`;
}
export function ago(at) {
	const s = since(at);
	if (s === null) return unknown;
	return s < -1 ? `in ${rough(-s)}` : s < 1 ? 'now' : `${rough(s)} ago`;
}
const pad = n => String(n).padStart(2, '0');
/** Of today the time, of another day its date too. */
export function clock(at) {
	if (!at) return unknown;
	const d = new Date(Date.parse(at)), today = new Date(now());
	const time = `${pad(d.getHours())}:${pad(d.getMinutes())}`;
	return d.toDateString() === today.toDateString() ? time : `${d.getDate()} ${d.toLocaleString('en-US', { month: 'short' })} ${time}`;
}
export function exact(at) {
	const d = new Date(Date.parse(at)), zone = -d.getTimezoneOffset();
	return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())} UTC${zone < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(zone) / 60))}:${pad(Math.abs(zone) % 60)}`;
}

export const kinds = {
	evacuation: 'leave a failing host', maintenance: 'leave for maintenance', repair: 'repair rules', load: 'relieve hosts above their line',
	balance: 'balance', manual: 'asked for by a person',
};
export const kindName = k => kinds[k] || k || 'other';
