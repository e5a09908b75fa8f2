// SPDX-License-Identifier: Apache-2.0
// Elements from words, and a tree that becomes another one without losing focus, selection or scroll: what is the same stays.
const SVG = 'http://www.w3.org/2000/svg';
const isSvg = new Set(['svg', 'g', 'path', 'rect', 'circle', 'line', 'text', 'defs', 'pattern', 'title', 'polyline']);

/** h('a.name', {href, onclick, key}, 'text', other…): text is text, whatever it holds. */
export function h(what, props, ...children) {
	const [tag, ...classes] = what.split('.');
	const el = isSvg.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
	if (classes.length) el.setAttribute('class', classes.join(' '));
	for (const [name, value] of Object.entries(props || {})) {
		if (value === null || value === undefined || value === false) continue;
		if (name.startsWith('on')) el[name] = value;
		else if (name === 'value') el.setAttribute('value', value), el.value = value;
		else if (name === 'class') el.setAttribute('class', [el.getAttribute('class'), value].filter(Boolean).join(' '));
		else if (name === 'key') el.dataKey = String(value);
		else el.setAttribute(name, value === true ? '' : String(value));
	}
	add(el, children);
	return el;
}

function add(el, children) {
	for (const child of children) {
		if (child === null || child === undefined || child === false) continue;
		if (Array.isArray(child)) add(el, child);
		else el.append(child instanceof Node ? child : String(child));
	}
}

const handlers = ['onclick', 'onchange', 'oninput', 'onsubmit', 'onkeydown', 'onpointermove', 'onpointerleave', 'ontoggle', 'onfocus', 'onblur', 'onscroll'];

function same(a, b) {
	return a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.dataKey === b.dataKey;
}

function morphOne(from, to) {
	if (from.nodeType === Node.TEXT_NODE) {
		if (from.data !== to.data) from.data = to.data;
		return;
	}
	if (to.keep) return; // its insides are its own
	for (const name of from.getAttributeNames())
		if (!to.hasAttribute(name) && !(name === 'open' && (from.nodeName === 'DETAILS' || from.nodeName === 'DIALOG'))) from.removeAttribute(name);
	for (const name of to.getAttributeNames())
		if (from.getAttribute(name) !== to.getAttribute(name)) from.setAttribute(name, to.getAttribute(name));
	for (const name of handlers) from[name] = to[name];
	if ('data' in to && to.nodeType === 1) from.data = to.data;
	if (from.nodeName === 'INPUT' || from.nodeName === 'SELECT' || from.nodeName === 'TEXTAREA') {
		if (document.activeElement !== from && from.nodeName === 'INPUT' && to.hasAttribute('value')) from.value = to.getAttribute('value');
	}
	const was = chosen(from), is = chosen(to);
	morph(from, [...to.childNodes]);
	if (was !== is && is !== null) from.value = is; // what a person has chosen stays until the page chooses otherwise
}
const chosen = el => (el.nodeName === 'SELECT' ? [...el.options].find(o => o.hasAttribute('selected'))?.value ?? null : null);

/** The element's children become these. */
export function morph(el, wanted) {
	const keyed = new Map();
	for (const child of el.childNodes) if (child.dataKey !== undefined) keyed.set(child.dataKey, child);
	let at = el.firstChild;
	for (const to of wanted) {
		if (to.dataKey !== undefined) {
			const own = keyed.get(to.dataKey);
			if (own && same(own, to)) {
				keyed.delete(to.dataKey);
				if (own === at) at = at.nextSibling;
				else el.insertBefore(own, at);
				morphOne(own, to);
			} else {
				el.insertBefore(to, at);
			}
			continue;
		}
		while (at && at.dataKey !== undefined && keyed.get(at.dataKey) === at && same(at, to) === false && !wanted.some(w => w.dataKey === at.dataKey)) {
			const gone = at;
			at = at.nextSibling;
			gone.remove();
		}
		if (at && same(at, to)) {
			const next = at.nextSibling;
			morphOne(at, to);
			at = next;
		} else {
			el.insertBefore(to, at);
		}
	}
	while (at) {
		const next = at.nextSibling;
		at.remove();
		at = next;
	}
}

export const put = (el, ...children) => {
	const holder = document.createDocumentFragment();
	add(holder, children);
	morph(el, [...holder.childNodes]);
};

let lastSaid = 0, waiting = null;
/** For screen readers: one sentence in ten seconds, the newest. */
export function say(sentence) {
	const speak = () => {
		document.getElementById('spoken').textContent = sentence;
		lastSaid = Date.now();
		waiting = null;
	};
	clearTimeout(waiting);
	const rest = lastSaid + 10000 - Date.now();
	if (rest <= 0) speak();
	else waiting = setTimeout(speak, rest);
}
