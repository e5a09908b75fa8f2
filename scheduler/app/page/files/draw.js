// SPDX-License-Identifier: Apache-2.0
// Pictures of numbers. A thousand hosts are a handful of elements: all marks of one kind are one path.
import { h } from './dom.js';
import { hostClass, signs, words, label, isAway } from './model.js';
import { pct, plural } from './text.js';

export const sign = (kind, text) => h('span.sign', { class: kind, role: 'img', 'aria-label': text || words[kind] }, signs[kind]);

/** now, with the load line; unknown: hatched. */
export function bar(used, line, kind, name) {
	const at = Math.max(0, Math.min(1, used ?? 0)) * 100, known = used !== null && used !== undefined;
	const words_ = `${name || ''} ${known ? pct(used) : 'unknown'}${line ? `, line ${pct(line)}` : ''}`.trim();
	return h('svg.bar', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', role: 'img', 'aria-label': words_, class: known ? kind : 'unknown' },
		h('rect.back', { x: 0, y: 0, width: 100, height: 10 }),
		known ? h('rect.used', { x: 0, y: 0, width: at.toFixed(1), height: 10 }) : [h('rect.back', { x: 0, y: 0, width: 100, height: 10 }), h('path.hatch', { d: 'M0 10L10 0M10 10L20 0M20 10L30 0M30 10L40 0M40 10L50 0M50 10L60 0M60 10L70 0M70 10L80 0M80 10L90 0M90 10L100 0' })],
		line ? h('line.line', { x1: line * 100, x2: line * 100, y1: 0, y2: 10 }) : null);
}

const tidy = n => Math.round(n * 100) / 100;
/** Of each kind: where its outline begins, from its middle, and the outline from there on: the same for all, so it is written once. */
const marks = {
	within: r => [-r, 0, `a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`],
	above: r => [0, -r * 1.15, `l${tidy(r * 1.15)} ${2 * r}h${tidy(-r * 2.3)}z`],
	failing: r => { const t = tidy(r * 0.55), o = tidy(r * 1.1), w = tidy(o - t); return [-o, -o + t, `l${t} ${-t}l${w} ${w}l${w} ${-w}l${t} ${t}l${-w} ${w}l${w} ${w}l${-t} ${t}l${-w} ${-w}l${-w} ${w}l${-t} ${-t}l${w} ${-w}z`]; },
	unknown: r => { const w = tidy(r * 0.8), t = tidy(r * 1.1), n = tidy(-w); return [-w, -r * 0.35, `c0 ${-t} ${2 * w} ${-t} ${2 * w} 0c0 ${w} ${n} ${tidy(w * 0.6)} ${n} ${tidy(r * 0.95)}m0 ${tidy(r * 0.45)}v${tidy(r * 0.3)}`]; }, // a question mark, as its sign is
};
function paths(points, r_) {
	const r = tidy(r_), d = {}, shapes = {};
	for (const p of points) {
		const [dx, dy, shape] = (shapes[p.kind] ||= marks[p.kind](r));
		(d[p.kind] ||= []).push(`M${tidy(p.x + dx)} ${tidy(p.y + dy)}${shape}`);
	}
	return Object.entries(d).map(([kind, all]) => h('path.mark', { class: kind, d: all.join('') }));
}

/** A dot a host, by its use of a resource: stacked where several are alike. `go(host)` is a click. */
export function dots(hosts, resource, width, title, go, hint) {
	const used = `${resource}_used`, line = `${resource}_load_line`;
	const known = hosts.filter(x => x[used] !== null && x[used] !== undefined && !x.fenced), left = 6, right = 14, high = 78;
	const sorted = [...known].sort((a, b) => a[used] - b[used] || (a.name < b.name ? -1 : 1));
	const most = Math.max(1, Math.min(1.25, sorted.length ? sorted[sorted.length - 1][used] : 1)), scale = (width - left - right) / most;
	let r = 5, wide, columns, tallest; // wide: a column with its gap
	for (;; r -= r > 2 ? 0.5 : 0.25) {
		wide = 2 * r + Math.min(1, r * 0.3);
		columns = new Map();
		tallest = 0;
		for (const host of sorted) {
			const c = Math.round((host[used] * scale) / wide), list = columns.get(c) || [];
			list.push(host);
			columns.set(c, list);
			tallest = Math.max(tallest, list.length);
		}
		if (tallest * wide <= high || r <= 0.75) break;
	}
	const step = Math.min(wide, high / Math.max(1, tallest)), points = [], bottom = 86;
	for (const [c, list] of columns)
		list.forEach((host, i) => points.push({ host, kind: host.fault_grade >= 3 ? 'failing' : host[used] > host[line] ? 'above' : 'within', x: left + Math.min(c * wide, width - left - right), y: bottom - r - 1 - i * step }));
	const lines = [...new Set(known.map(x => x[line]))].filter(x => x !== null);
	const above = sorted.filter(x => x[used] > x[line]), unknown = hosts.length - known.length, top = sorted[sorted.length - 1];
	const summary = `${above.length ? `${above.length} above ${lines.length === 1 ? pct(lines[0]) : 'their line'}` : known.length ? `none above ${lines.length === 1 ? pct(lines[0]) : 'its line'}` : 'nothing is known'}${top ? `, highest ${top.name} ${pct(top[used])}` : ''}${unknown ? `; ${unknown} unknown` : ''}`;
	const near = e => {
		const box = e.currentTarget.getBoundingClientRect(), x = ((e.clientX - box.left) / box.width) * width, y = ((e.clientY - box.top) / box.height) * 104;
		let best = null, least = 14 ** 2;
		for (const p of points) {
			const d = (p.x - x) ** 2 + (p.y - y) ** 2;
			if (d < least) least = d, best = p;
		}
		return best?.host || null;
	};
	const tick = [0, 0.2, 0.4, 0.6, 0.8, 1].filter(x => x <= most);
	return h('figure.dots', { key: resource },
		h('figcaption', null, h('strong', null, title), ' ', h('span.soft', null, 'use of capacity, a dot a host')),
		h('svg', {
			viewBox: `0 0 ${width} 104`, width, height: 104, role: 'img', 'aria-label': `${title}, use of capacity by host: ${summary}`,
			onclick: e => { const host = near(e); if (host) go(host); },
			onpointermove: e => { const host = near(e); e.currentTarget.classList.toggle('over', !!host); hint(resource, host ? `${host.name}: ${title} ${pct(host[used])}, line ${pct(host[line])}` : null); },
			onpointerleave: () => hint(resource, null),
		},
		h('line.axis', { x1: left, x2: width - right, y1: bottom + 0.5, y2: bottom + 0.5 }),
		tick.map(x => h('text.tick', { x: left + x * scale, y: 101, 'text-anchor': x === 0 ? 'start' : x === most ? 'end' : 'middle' }, x === 1 ? '100 %' : String(x * 100))),
		lines.slice(0, 3).map(x => h('line.load', { x1: left + x * scale, x2: left + x * scale, y1: 2, y2: bottom + 5 })),
		paths(points, r)),
		h('p.soft', { 'data-hint': resource }, summary));
}

/** A mark a host, by rack. */
export function rackMap(hosts, width, go, hint, moves = []) {
	const racks = new Map(), busy = new Set(moves.flatMap(m => [m.from, m.to]));
	for (const host of hosts) {
		const rack = label(host, 'rack') || '';
		racks.set(rack, [...(racks.get(rack) || []), host]);
	}
	const size = hosts.length > 400 ? 11 : hosts.length > 120 ? 15 : 22, r = size * 0.3, gap = 12, head = 15;
	const points = [], outlines = [], texts = [];
	let x = 1, y = 0, row = 0;
	for (const [rack, list] of [...racks].sort((a, b) => !a[0] - !b[0] || a[0].localeCompare(b[0], 'en', { numeric: true }))) {
		const across = Math.max(1, Math.min(list.length, Math.max(4, Math.min(20, Math.floor((width - 2) / size))), hosts.length > 400 ? 10 : 20)), down = Math.ceil(list.length / across);
		const wide = Math.max(across * size, rack.length * 7 + 8);
		if (x > 1 && x + wide > width) x = 1, y += row + gap, row = 0;
		texts.push(h('text.tick', { x, y: y + 10 }, rack || 'no rack'));
		list.forEach((host, i) => {
			const p = { host, kind: hostClass(host), x: x + (i % across) * size + size / 2, y: y + head + Math.floor(i / across) * size + size / 2 };
			points.push(p);
			if (isAway(host) || busy.has(host.name)) outlines.push(`M${tidy(p.x - size * 0.44)} ${tidy(p.y - size * 0.44)}h${tidy(size * 0.88)}v${tidy(size * 0.88)}h${tidy(-size * 0.88)}z`);
		});
		x += wide + gap;
		row = Math.max(row, head + down * size);
	}
	const high = y + row + 2;
	const near = e => {
		const box = e.currentTarget.getBoundingClientRect(), px = ((e.clientX - box.left) / box.width) * width, py = ((e.clientY - box.top) / box.height) * high;
		return points.find(p => Math.abs(p.x - px) <= size / 2 && Math.abs(p.y - py) <= size / 2)?.host || null;
	};
	const n = {};
	points.forEach(p => { n[p.kind] = (n[p.kind] || 0) + 1; });
	const summary = `Hosts by rack: ${Object.entries(n).map(([k, v]) => `${v} ${words[k]}`).join(', ')}`;
	return h('figure.racks', { key: 'racks' },
		h('svg', {
			viewBox: `0 0 ${width} ${high}`, width, height: high, role: 'img', 'aria-label': summary,
			onclick: e => { const host = near(e); if (host) go(host); },
			onpointermove: e => { const host = near(e); e.currentTarget.classList.toggle('over', !!host); hint('racks', host ? `${host.name}: ${words[hostClass(host)]}${isAway(host) ? `, ${host.state}` : ''}, CPU ${pct(host.cpu_used)}, memory ${pct(host.memory_used)}` : null); },
			onpointerleave: () => hint('racks', null),
		}, texts, outlines.length ? h('path.outline', { d: outlines.join('') }) : null, paths(points, r)),
		h('p.soft', { 'data-hint': 'racks' }, legend(n, outlines.length)));
}
const legend = (n, outlined) => ['within', 'above', 'failing', 'unknown'].filter(k => n[k]).map(k => [sign(k), ` ${n[k]} ${words[k]}  `]).concat(outlined ? [[h('span.boxed', { 'aria-hidden': 'true' }, ' '), ` ${plural(outlined, 'host')} in maintenance, cordoned or moving VMs`]] : []);

/** What fewer moves buy: the share of all that can be gained, by number of moves; the knee is marked. A click picks the nearest. */
export function frontier(f, width, chosen, choose) {
	const points = f.points, most = Math.max(1, ...points.map(p => p.move_count)), left = 38, right = 14, top = 10, high = 132, bottom = high - 24;
	const x = p => left + Math.sqrt(p.move_count / most) * (width - left - right), y = p => bottom - (p.gained ?? 0) * (bottom - top);
	const pick = e => {
		const box = e.currentTarget.getBoundingClientRect(), at = ((e.clientX - box.left) / box.width) * width;
		let best = points.length - 1;
		points.forEach((p, i) => { if (p.move_count > 0 && Math.abs(x(p) - at) < Math.abs(x(points[best]) - at)) best = i; });
		choose(best);
	};
	return h('svg.frontier', { viewBox: `0 0 ${width} ${high}`, width, height: high, role: 'img', 'aria-label': `What fewer moves buy: ${points.map(p => `${plural(p.move_count, 'move')} ${pct(p.gained)}`).join(', ')}`, onclick: pick },
		[0, 0.5, 1].map(v => [h('line.grid', { x1: left, x2: width - right, y1: y({ gained: v }), y2: y({ gained: v }) }), h('text.tick', { x: left - 5, y: y({ gained: v }) + 4, 'text-anchor': 'end' }, `${v * 100} %`)]),
		h('polyline.curve', { points: points.map(p => `${tidy(x(p))},${tidy(y(p))}`).join(' ') }),
		points.map((p, i) => h('circle.point', { cx: tidy(x(p)), cy: tidy(y(p)), r: i === f.knee ? 6 : 4, class: `${i === f.knee ? 'knee' : ''} ${i === chosen ? 'chosen' : ''}` })),
		points.filter((p, i) => i === 0 || i === points.length - 1 || i === f.knee).map(p => h('text.tick', { x: tidy(x(p)), y: high - 6, 'text-anchor': x(p) > width - 60 ? 'end' : x(p) < left + 30 ? 'start' : 'middle' }, plural(p.move_count, 'move'))));
}
