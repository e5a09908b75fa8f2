// SPDX-License-Identifier: Apache-2.0
// Addresses, the head of the page, keys. Each view is a module: load(place, signal) gives its data, draw(data, ctx) its elements.
import { h, put, say } from './dom.js';
import { get, live, onLive, follow, stop, wake, login, logIn, logOut, Problem } from './live.js';
import { heights } from './table.js';
import { clock, exact, span, now } from './text.js';
import { clusters, cluster } from './view_cluster.js';
import { hosts, host } from './view_hosts.js';
import { vms, vm } from './view_vms.js';
import { plans, plan } from './view_plans.js';
import { moves } from './view_moves.js';
import { faults } from './view_faults.js';
import { maintenance } from './view_maintenance.js';
import { audit } from './view_audit.js';
import { settings } from './view_settings.js';

const views = { '': [cluster], hosts: [hosts, host], vms: [vms, vm], plans: [plans, plan], moves: [moves], faults: [faults], maintenance: [maintenance], audit: [audit], settings: [settings] };
const tabs = [['', 'Cluster', 'c'], ['hosts', 'Hosts', 'h'], ['vms', 'VMs', 'v'], ['plans', 'Plans', 'p'], ['moves', 'Moves', 'm'], ['faults', 'Faults', 'f'], ['maintenance', 'Maintenance', 't'], ['audit', 'Audit', 'a'], ['settings', 'Settings', 's']];
const main = document.getElementById('main'), head = document.getElementById('head');

let place = null, view = null, ctx = null, data = null, problem = null;

function parse() {
	const parts = location.pathname.split('/').filter(Boolean).map(decodeURIComponent), query = Object.fromEntries(new URLSearchParams(location.search));
	if (!parts.length) return { view: clusters, tab: null, cluster: null, name: null, query };
	const pair = parts[0] === 'c' && parts[1] ? views[parts[2] || ''] : null, found = pair?.[parts[3] ? 1 : 0];
	return { view: found || null, tab: parts[2] || '', cluster: parts[1] || null, name: parts[3] || null, query };
}

export function go(url, { replace = false, quiet = false } = {}) {
	if (url !== location.pathname + location.search) history[replace ? 'replaceState' : 'pushState'](null, '', url);
	open(quiet);
}

function open(quiet) {
	const next = parse(), same = view === next.view && place?.cluster === next.cluster && place?.name === next.name;
	place = next;
	view = next.view;
	live.cluster = next.cluster;
	if (!same) {
		data = problem = null;
		ctx = { state: {} };
		scrollTo(0, 0);
		if (!quiet) main.focus({ preventScroll: true });
	}
	ctx.place = place;
	begin();
	draw();
}

function begin() {
	if (!view || !live.login || live.login.role === 'none') {
		stop();
		return;
	}
	const own = ctx;
	follow(signal => view.load(place, signal, own), (value, failed) => {
		if (own !== ctx) return;
		if (!failed) data = value;
		problem = failed;
		draw();
	});
}

// ---- the head ----
function freshness() {
	const age = data && view.age ? view.age(data) : null;
	if (live.cut !== null) return h('span.fresh.cut', null, `not live since ${clock(new Date(live.cut).toISOString())}:${String(new Date(live.cut).getSeconds()).padStart(2, '0')}`);
	if (live.heard === null) return h('span.fresh', null, 'connecting');
	return h('span.fresh', { title: `as of ${exact(new Date(now()).toISOString())}` }, age === null ? 'live' : `facts ${span(Math.max(0, Math.round(age)))} old (live)`);
}

/** What has exactly this name is opened; else the list of what has it in its name. */
async function search(e) {
	e.preventDefault();
	const text = e.currentTarget.elements.q.value.trim(), was = location.href;
	if (!text || !place.cluster) return;
	const base = `/c/${encodeURIComponent(place.cluster)}`, name = encodeURIComponent(text), is = list => get(`${list}/${name}`).then(() => true, () => false);
	e.currentTarget.elements.q.blur();
	const [host, vm] = await Promise.all([data?.status?.hosts?.some(x => x.name === text) || is('hosts'), is('vms')]);
	if (location.href !== was) return; // somewhere else meanwhile
	if (host) go(`${base}/hosts/${name}`);
	else if (vm) go(`${base}/vms/${name}`);
	else if (/^[0-9a-f]{5}$/.test(text)) go(`${base}/plans/${text}`);
	else go(`${base}/${place.tab === 'hosts' ? 'hosts' : 'vms'}?q=${encodeURIComponent(text)}`);
}

function drawHead() {
	const base = place.cluster ? `/c/${encodeURIComponent(place.cluster)}` : null, who = live.login;
	const known = !who || who.role !== 'none'; // not known yet: the same room is taken, so that nothing shifts
	put(head,
		h('div.top', null,
			h('a.brand', { href: '/' }, h('svg.logo', { viewBox: '0 0 32 32', 'aria-hidden': 'true' }, h('circle', { cx: 16, cy: 16, r: 11 }), h('path', { d: 'M1 16h30' })), 'Plimsoll'),
			place.cluster ? h('a.cluster', { href: base }, place.cluster) : null,
			base && known ? h('form.search', { role: 'search', onsubmit: search }, h('input', { name: 'q', type: 'search', placeholder: 'Search host, VM, plan', 'aria-label': 'Search host, VM or plan', 'aria-keyshortcuts': '/', autocomplete: 'off', spellcheck: 'false' })) : null,
			known ? freshness() : null,
			known ? h('span.who', null, who ? [who.who || '', ', ', h('strong', null, who.role)] : null) : null,
			known && (!who || who.until) ? h('button.plain', { type: 'button', class: who ? null : 'hidden', onclick: () => logOut().then(draw) }, 'Log out') : null),
		base && known ? h('nav', { 'aria-label': 'Views' }, h('ul', null, tabs.map(([id, name]) => h('li', null, h('a', { href: id ? `${base}/${id}` : base, 'aria-current': place.tab === id ? (place.name ? 'true' : 'page') : null }, name))))) : null);
}

// ---- the view ----
function cutBanner() {
	return live.cut === null ? null : h('div.banner.unknown', { role: 'alert' }, h('strong', null, `Cut off: ${live.why || 'the service does not answer'}.`), ` What you see is as of ${exact(new Date(live.cut).toISOString())}; nothing can be done from here until the connection is back. Trying again by itself. `, h('button', { type: 'button', onclick: wake }, 'Try now'));
}

export function problemBox(p, again) {
	return h('div.banner.failing', { role: 'alert' }, h('strong', null, p.title || 'It failed'), `: ${p.message}`, p.id ? [' Request ', h('code', null, p.id), '.'] : null, again ? [' ', h('button', { type: 'button', onclick: again }, 'Try again')] : null);
}

function loginForm() {
	const send = async e => {
		e.preventDefault();
		const form = e.currentTarget;
		try {
			await logIn(form.elements.token.value.trim());
			form.reset();
			ctx.state.refused = data = problem = null; // what was known before the login ended may be long ago
			open();
		} catch (failed) {
			ctx.state.refused = failed;
			draw();
		}
	};
	return h('section.login', null, h('h1', null, 'Log in'),
		h('p', null, 'With a token: ', h('code', null, 'plimsoll token add NAME --role view'), ' prints one. Roles: view looks, operate answers plans and empties hosts, admin takes brakes off.'),
		ctx.state.refused ? problemBox(ctx.state.refused) : null,
		h('form', { onsubmit: send }, h('label', null, 'Token', h('input', { name: 'token', type: 'password', autocomplete: 'current-password', required: true, spellcheck: 'false' })), h('button.go', { type: 'submit' }, 'Log in')),
		h('p.soft', null, 'The login lasts 12 hours, in this browser. No token is needed where the unix socket is forwarded: ', h('code', null, 'ssh -L 9180:/run/plimsoll/api.sock HOST'), ', then http://localhost:9180/.'));
}

let drawing = false;
export function draw() {
	if (drawing || !place) return;
	drawing = true;
	try {
		drawHead();
		main.classList.toggle('stale', live.cut !== null && data !== null);
		if (!live.login) put(main, problem ? problemBox(problem, start) : h('p.loading', null, 'Loading'));
		else if (live.login.role === 'none') put(main, loginForm());
		else if (!view) put(main, h('h1', null, 'Nothing is here'), h('p', null, 'This address is no view of the page. ', h('a', { href: '/' }, 'To the clusters')));
		else if (data === null && problem?.isEmpty) put(main, h('h1', null, view.title(place)), h('p.empty', { role: 'status' }, 'No host has reported to this cluster yet. Start plimsoll-agent on each host; it is shown here as soon as it reports.'));
		else if (data === null && problem) put(main, cutBanner(), h('h1', null, view.title(place)), problem.status === 404 && view.gone ? view.gone(place, problem, context()) : problemBox(problem, wake));
		else if (data === null) put(main, cutBanner(), h('h1', null, view.title(place)), h('div.skeleton', { 'aria-busy': 'true' }, h('p.loading', null, 'Loading')));
		else put(main, cutBanner(), problem && live.cut === null ? problemBox(problem, wake) : null, view.draw(data, context()));
		heights(main);
		document.title = `${view && live.login?.role !== 'none' ? `${view.title(place)} · ` : ''}${place.cluster || 'Plimsoll'}`;
	} catch (e) {
		console.error(e);
		put(main, problemBox(new Problem(0, 'This page failed', `${e.message}: please report it. plimsoll status shows the same on the command line`, null)));
	} finally {
		drawing = false;
	}
}

const hints = {};
/** What is under the pointer, in the line under its picture. */
export function hint(key, text) {
	const el = document.querySelector(`[data-hint="${key}"]`);
	if (!el) return;
	if (text && hints[key] === undefined) hints[key] = [...el.childNodes];
	if (text) el.textContent = text;
	else if (hints[key] !== undefined) {
		el.replaceChildren(...hints[key]);
		delete hints[key];
	}
}

function context() {
	const own = ctx, wide = main.clientWidth || innerWidth, base = place.cluster ? `/c/${encodeURIComponent(place.cluster)}` : '';
	return Object.assign(ctx, {
		go, draw, wake, hint, say, width: wide, isWide: wide >= 860, isLive: live.cut === null, isOpen: () => own === ctx, base,
		hostUrl: name => `${base}/hosts/${encodeURIComponent(name)}`, vmUrl: name => `${base}/vms/${encodeURIComponent(name)}`, planUrl: id => `${base}/plans/${encodeURIComponent(id)}`,
	});
}

// ---- keys ----
let prefix = 0;
const keysAreOn = () => localStorage.getItem('plimsoll.keys') !== 'off';
const rows = () => [...main.querySelectorAll('tbody tr:not(.space) a, li.item > a')].filter((a, i, all) => !i || a.closest('tr, li') !== all[i - 1].closest('tr, li'));
function step(by) {
	const all = rows(), at = all.indexOf(document.activeElement);
	all[Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
}
function help() {
	const dialog = h('dialog.help', { 'aria-labelledby': 'help-title' }, h('h2', { id: 'help-title' }, 'Keys'),
		h('dl', null, [['/', 'search'], ['j  k', 'next, previous row'], ['Enter', 'open it'], ['Esc', 'close; leave the search'], ...tabs.map(([, name, key]) => [`g ${key}`, name]), ['?', 'this help']].map(([k, v]) => [h('dt', null, h('kbd', null, k)), h('dd', null, v)])),
		h('p', null, 'No key approves, rejects or moves anything.'),
		h('label.check', null, h('input', { type: 'checkbox', checked: keysAreOn(), onchange: e => localStorage.setItem('plimsoll.keys', e.currentTarget.checked ? 'on' : 'off') }), ' single keys are on'),
		h('button', { type: 'button', onclick: e => e.currentTarget.closest('dialog').close() }, 'Close'));
	document.body.append(dialog);
	dialog.addEventListener('close', () => dialog.remove());
	dialog.showModal();
}
document.addEventListener('keydown', e => {
	const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
	if (e.key === 'Escape' && typing) e.target.blur();
	if (typing || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
	if (e.key === '?') help();
	if (!keysAreOn()) return;
	const going = Date.now() - prefix < 1500;
	prefix = 0;
	if (going) {
		const tab = tabs.find(t => t[2] === e.key);
		if (tab && place.cluster) go(`/c/${encodeURIComponent(place.cluster)}${tab[0] ? `/${tab[0]}` : ''}`);
	} else if (e.key === 'g') prefix = Date.now();
	else if (e.key === '/') document.querySelector('.search input')?.focus();
	else if (e.key === 'j') step(1);
	else if (e.key === 'k') step(-1);
	else return;
	e.preventDefault();
});

// ---- links stay in the page ----
document.addEventListener('click', e => {
	const a = e.target.closest?.('a[href^="/"]');
	if (!a || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || a.hasAttribute('download') || a.getAttribute('href').startsWith('/api/')) return;
	e.preventDefault();
	go(a.getAttribute('href'), { quiet: a.hasAttribute('data-quiet') });
});
addEventListener('popstate', () => open());
let resized = null;
addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(draw, 150); });
onLive(draw);
setInterval(() => { if (!document.hidden && place && live.login && live.login.role !== 'none') drawHead(); }, 1000);

async function start() {
	problem = null;
	place = parse();
	view = place.view;
	ctx = { state: {}, place };
	live.cluster = place.cluster;
	draw();
	try {
		await login();
	} catch (e) {
		problem = e;
		draw();
		setTimeout(start, 3000);
		return;
	}
	open(true);
}
start();
