// SPDX-License-Identifier: Apache-2.0
// All that comes from the service comes through here: reads, actions, and looking again. The service pushes nothing that a look does
// not say, too; where it has events (/api/v1/events) they only say that it is time to look.
import { clockIs } from './text.js';

const API = '/api/v1/';
const EVERY = 3000, LEAST = 1000, MOST = 60000, TIMEOUT = 20000;

export class Problem extends Error {
	constructor(status, title, detail, id, blocks = []) {
		super(detail || title);
		Object.assign(this, { status, title, detail, id, isEmpty: blocks.some(b => b.kind === 'hosts') }); // isEmpty: no host has reported yet
	}
}

/** What the page as a whole knows. login: who asks; cut: since when nothing was heard (ms), or null. */
export const live = { login: null, cut: null, heard: null, why: '', cluster: null };
const listeners = new Set();
export const onLive = f => listeners.add(f);
const changed = () => listeners.forEach(f => f());

async function ask(path, options = {}) {
	const stop = new AbortController(), timer = setTimeout(() => stop.abort(), options.timeout || TIMEOUT);
	const forward = () => stop.abort();
	options.signal?.addEventListener('abort', forward);
	let r, text;
	try {
		r = await fetch(API + path, { credentials: 'same-origin', cache: 'no-store', ...options, signal: stop.signal });
		text = await r.text();
	} catch (e) {
		if (options.signal?.aborted) throw e;
		throw new Problem(0, 'The service cannot be reached', stop.signal.aborted ? `no answer within ${(options.timeout || TIMEOUT) / 1000} s` : 'the connection failed', null);
	} finally {
		clearTimeout(timer);
		options.signal?.removeEventListener('abort', forward);
	}
	clockIs(Date.parse(r.headers.get('Date')));
	let value = null;
	try { value = JSON.parse(text); } catch { /* not JSON: said below */ }
	if (r.ok && value !== null) return { value, etag: r.headers.get('ETag'), status: r.status };
	throw new Problem(r.status, value?.title || `HTTP ${r.status}`, value?.detail || (r.ok ? 'the answer is no JSON' : ''), (value?.instance || '').split(':').pop() || r.headers.get('X-Request-Id'), value?.blocked_by);
}

const inCluster = (path, query = {}) => {
	const q = new URLSearchParams(Object.entries({ ...(live.cluster ? { cluster: live.cluster } : {}), ...query }).filter(([, v]) => v !== null && v !== undefined && v !== ''));
	return `${path}${[...q].length ? `?${q}` : ''}`;
};

export const get = async (path, query, options) => (await ask(inCluster(path, query), options)).value;
export const getTagged = (path, query, options) => ask(inCluster(path, query), options);
export const bare = async (path, options) => (await ask(path, options)).value;

/** A list page by page, at most `most` items; {items, total, as_of}: items are fewer where it was cut. */
export async function list(path, query = {}, { most = 500, keep = null, signal } = {}) {
	const items = [];
	let next = null, page;
	do {
		page = await get(path, { ...query, limit: 500, next }, { signal });
		items.push(...(keep ? page.items.filter(keep) : page.items));
		next = page.next;
	} while (next && items.length < most);
	return { items: items.slice(0, most), total: keep ? (next ? null : items.length) : page.total, as_of: page.as_of };
}

/** PUT or DELETE of a wanted state. */
export async function act(method, path, body, headers = {}, options = {}) {
	const answer = await ask(inCluster(path), {
		method, headers: { 'Content-Type': 'application/json', ...headers }, body: body ? JSON.stringify(body) : undefined, timeout: 60000, ...options,
	});
	wake();
	return answer.value;
}

/** What a command prints, of those that the service runs for others (plimsoll --api). */
export async function printed(command, words, signal) {
	const said = (await ask(inCluster(`commands/${command}`), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ words }), signal })).value;
	if (said.exit === 2) throw new Problem(502, 'It failed', said.err.trim(), null);
	return said.out;
}

// ---- who asks ----
const nobody = { who: null, role: 'none', until: null };
export async function login() {
	live.login = await bare('login').catch(e => {
		if (e.status !== 401) throw e;
		return nobody;
	});
	changed();
	return live.login;
}
export async function logIn(token) {
	await ask('login', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }) });
	return login();
}
export async function logOut() {
	await ask('login', { method: 'DELETE', headers: { 'Content-Type': 'application/json' } });
	live.login = nobody;
	stop();
	changed();
}
const order = ['none', 'view', 'operate', 'admin'];
export const may = role => order.indexOf(live.login?.role) >= order.indexOf(role);

// ---- looking again and again ----
let watch = null; // {load, done, timer, busy, abort, waits}
let events = null, eventsAreThere = true;

function note(problem) {
	if (!problem) {
		const was = live.cut;
		live.cut = null;
		live.heard = Date.now();
		live.why = '';
		if (was !== null) changed();
		return;
	}
	if (live.cut === null) live.cut = live.heard || Date.now();
	live.why = problem.message;
	changed();
}

async function look(w) {
	if (w !== watch || w.busy) return;
	clearTimeout(w.timer);
	w.timer = null;
	if (document.hidden) return; // looks when it is seen again
	w.busy = true;
	let value, problem = null;
	try {
		value = await w.load(w.abort.signal);
	} catch (e) {
		if (w !== watch) return;
		problem = e instanceof Problem ? e : new Problem(0, 'This page failed', e.message, null);
		if (!(e instanceof Problem)) console.error(e);
	}
	w.busy = false;
	if (w !== watch) return;
	if (problem?.status === 401) { // an answer: the connection is there
		live.login = nobody;
		stop();
		note(null);
		changed();
		return;
	}
	const lost = problem && !problem.isEmpty && (problem.status === 0 || problem.status >= 500 || problem.status === 429);
	note(lost ? problem : null);
	w.wait = lost ? Math.min(w.wait * 2, MOST) : LEAST;
	try {
		w.done(value, problem);
	} catch (e) {
		console.error(e);
	}
	if (w === watch) w.timer = setTimeout(look, lost ? w.wait + Math.random() * 500 : w.again ? LEAST : EVERY, w);
	w.again = false;
}

/** load() is asked now and every few seconds; done(value, problem) is told. There is one watch at a time: the view's. */
export function follow(load, done) {
	stop();
	watch = { load, done, timer: null, busy: false, wait: LEAST, abort: new AbortController() };
	look(watch);
	listen();
}
export function wake() {
	if (!watch) return;
	if (watch.busy) watch.again = true;
	else look(watch);
}
export function stop() {
	if (!watch) return;
	clearTimeout(watch.timer);
	watch.abort.abort();
	watch = null;
	quiet();
}

// A browser has six connections to a server: hidden tabs give theirs back.
function quiet() {
	events?.close();
	events = null;
}
function listen() {
	if (events || !eventsAreThere || document.hidden || !watch || typeof EventSource === 'undefined') return;
	events = new EventSource(API + inCluster('events'));
	let opened = false;
	events.onopen = () => { opened = true; };
	for (const name of ['changes', 'reset']) events.addEventListener(name, wake);
	events.onerror = () => {
		if (opened) return; // the browser tries again by itself
		eventsAreThere = false;
		quiet();
	};
}
document.addEventListener('visibilitychange', () => {
	if (document.hidden) {
		quiet();
	} else {
		listen();
		wake();
	}
});
