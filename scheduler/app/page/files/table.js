// SPDX-License-Identifier: Apache-2.0
// Tables: sorted by their address (?sort=name, ?sort=-cpu), and of long ones only the rows that are seen are elements.
import { h, morph } from './dom.js';

const ROW = 34, SEEN = 60, WINDOWED = 80;

/** The address of this view with other values behind "?". */
export function withQuery(changes) {
	const url = new URL(location.href);
	for (const [k, v] of Object.entries(changes)) {
		if (v === null || v === '' || v === undefined) url.searchParams.delete(k);
		else url.searchParams.set(k, v);
	}
	return url.pathname + url.search;
}

const compare = (a, b) => {
	if (a === b) return 0;
	if (a === null || a === undefined) return 1; // unknown comes last, either way
	if (b === null || b === undefined) return -1;
	return a < b ? -1 : 1;
};

/** Text as a file of the browser's. */
export function download(name, text) {
	const a = h('a', { href: URL.createObjectURL(new Blob([text], { type: 'text/csv' })), download: name });
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 60000);
}

/** RFC 4180; what a spreadsheet would take for a formula is text to it. */
const quoted = x => {
	const text = typeof x === 'number' ? String(x) : String(x ?? '').replace(/^[-=+@\t\r]/, "'$&");
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
/** Numbers that have a unit as they are, all else as it is shown. */
export function csv(columns, rows) {
	const field = (c, row) => (c.unit ? c.value(row) : c.csv ? c.csv(row) : h('td', null, c.cell(row)).textContent);
	return [columns.map(c => (c.unit ? `${c.label} [${c.unit}]` : c.label)), ...rows.map(row => columns.map(c => field(c, row)))].map(line => `${line.map(quoted).join(',')}\r\n`).join('');
}

/**
 * columns: [{id, label, value(row), cell(row), num, wide, sort: false, unit: of value(row), csv(row)}]; rows; key(row); name: of the
 * table, for screen readers and its CSV. usual: what it is sorted by where the address says nothing; null: as the rows come.
 */
export function table({ columns, rows, key, name, usual, empty, rowClass, total }) {
	const wanted = new URLSearchParams(location.search).get('sort') || usual || '', down = wanted.startsWith('-'), id = wanted.replace('-', '');
	const by = columns.find(c => c.id === id && c.value);
	let sorted = rows;
	if (by)
		sorted = [...rows].sort((a, b) => {
			const x = by.value(a), y = by.value(b);
			if (x === null || x === undefined || y === null || y === undefined) return compare(x, y);
			return (down ? -1 : 1) * compare(x, y) || compare(key(a), key(b));
		});
	if (!rows.length) return h('p.empty', { key: `${name}-empty` }, empty || 'Nothing is here.');
	const head = h('thead', null, h('tr', null, columns.map(c => h('th', { scope: 'col', class: [c.num ? 'num' : '', c.wide ? 'wide' : '', c.text ? 'text' : ''].join(' ').trim() || null, 'aria-sort': by === c ? (down ? 'descending' : 'ascending') : null },
		c.value && c.sort !== false ? h('a', { href: withQuery({ sort: by === c && !down ? `-${c.id}` : c.id, page: null }), 'data-quiet': true }, c.label, by === c ? h('span', { 'aria-hidden': 'true' }, down ? ' ↓' : ' ↑') : null) : c.label))));
	const line = (row, i) => h('tr', { key: `${name}:${key(row)}`, 'aria-rowindex': i + 2, class: rowClass?.(row) || null }, columns.map((c, k) => h(k === 0 ? 'th' : 'td', { scope: k === 0 ? 'row' : null, class: [c.num ? 'num' : '', c.wide ? 'wide' : '', c.text ? 'text' : ''].join(' ').trim() || null }, c.cell(row))));
	const n = rows.length.toLocaleString('en-US'), isCut = total !== undefined && total !== null && total > rows.length;
	const cut = h('p.soft.below', null, h('button.plain', { type: 'button', onclick: () => download(`${name.replace(/[^A-Za-z0-9._-]+/g, '-')}.csv`, csv(columns, sorted)), 'aria-label': `${name} as CSV` }, 'CSV'), isCut ? ` ${n} of ${total.toLocaleString('en-US')} are shown` : null);
	if (sorted.length <= WINDOWED)
		return h('div', { key: `${name}-whole` }, h('div.tablebox', { key: name }, h('table', { 'aria-label': name, 'aria-rowcount': sorted.length + 1 }, head, h('tbody', null, sorted.map(line)))), cut);

	const spacer = n => h('tr.space', { 'aria-hidden': 'true', 'data-high': n * ROW }, h('td', { colspan: columns.length }));
	const body = first => {
		const from = Math.max(0, Math.min(first, sorted.length - SEEN));
		return [spacer(from), ...sorted.slice(from, from + SEEN).map((row, i) => line(row, from + i)), spacer(sorted.length - from - SEEN)];
	};
	const box = h('div.tablebox.windowed', { key: name, tabindex: 0, role: 'region', 'aria-label': `${name}, ${sorted.length} rows; scroll` },
		h('table', { 'aria-label': name, 'aria-rowcount': sorted.length + 1 }, head, h('tbody', null)));
	const shown = [...document.querySelectorAll('.tablebox.windowed')].find(el => el.dataKey === name), first = shown ? Math.max(0, Math.floor(shown.scrollTop / ROW) - 15) : 0;
	box.querySelector('tbody').append(...body(first));
	box.onscroll = e => {
		const tbody = e.currentTarget.querySelector('tbody'), top = Math.max(0, Math.floor(e.currentTarget.scrollTop / ROW) - 15);
		if (Math.abs(top - (tbody.shownFrom ?? 0)) < 8) return;
		tbody.shownFrom = top;
		morph(tbody, body(top));
		heights(tbody);
	};
	return h('div', { key: `${name}-whole` }, box, cut);
}

/** Heights of what is not there: the CSP allows no style attribute. */
export function heights(root) {
	for (const tr of root.querySelectorAll('tr.space')) {
		const high = `${tr.getAttribute('data-high')}px`;
		if (tr.firstChild.style.height !== high) tr.firstChild.style.height = high;
	}
}
