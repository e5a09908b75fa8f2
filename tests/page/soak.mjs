// SPDX-License-Identifier: Apache-2.0
// The dashboard, open for hours, while loads change and VMs move: what it holds of memory, nodes and listeners, and how much it asks, as a
// table. Not so: the heap, the nodes or the listeners have grown by more than a tenth since the first tenth of the time. Each look
// goes round the views and back to the cluster, and collects garbage first, so that like is compared with like.
//   node tests/page/soak.mjs build/dev [MINUTES]       (tests/long/page_soak)
import { launch, tab } from './browser.mjs';
import { World, cluster, chance, until } from './world.mjs';

const build = process.argv[2] || 'build/dev', minutes = Number(process.argv[3] || 480);
if (!(minutes >= 1)) {
	console.error('page_soak: MINUTES is 1 or more');
	process.exit(2);
}
const GROWTH = 1.1, LOOKS = Math.max(6, Math.min(60, Math.floor(minutes * 6))), VIEWS = ['Hosts', 'VMs', 'Plans', 'Moves', 'Faults', 'Audit', 'Cluster'];
const wait = ms => new Promise(r => setTimeout(r, ms));
const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const draw = chance(11), hosts = cluster(40), world = await World.open(build, { hosts, mode: 'auto', moveMs: 2500 });
let moves = 0;
const moved = world.moved.bind(world);
world.moved = (...words) => { moves++; moved(...words); };
const usual = new Map(hosts.flatMap(h => h.vms.map(v => [v.name, v.mcores])));
// Every few seconds some VMs are busier or idler than usual: hosts go above their line and back, and VMs move.
const weather = setInterval(() => world.hosts.forEach(h => h.vms.forEach(v => {
	if (draw() < 0.05) v.mcores = Math.round(usual.get(v.name) * (0.3 + 1.6 * draw()));
})), 5000);
// An operator moves a VM now and then; what may not be is refused.
const operator = setInterval(() => {
	const from = hosts[Math.floor(draw() * hosts.length)], to = hosts[Math.floor(draw() * hosts.length)], vm = from.vms[Math.floor(draw() * from.vms.length)];
	try {
		if (vm && from !== to) world.plimsoll('move', vm.name, to.name, '--yes', '--no-wait');
	} catch { /* refused */ }
}, 6000);
const browser = await launch();
let failed = 1, ended = false;
process.on('SIGINT', () => { ended = true; });
process.on('SIGTERM', () => { ended = true; });
try {
	await until(60, 'a round', async () => (await world.api('status')).service?.round_at);
	const page = await tab(browser, world, 'operate'), session = await page.context().newCDPSession(page);
	const round = async () => {
		for (const view of VIEWS) {
			await page.locator('nav[aria-label=Views]').getByRole('link', { name: view, exact: true }).click();
			await page.locator('main h1').first().waitFor({ timeout: 30000 });
		}
		await page.locator('.racks').first().waitFor({ timeout: 30000 });
	};
	for (let i = 0; i < 20; i++) await round(); // what is made once is there
	let asked = 0, bytes = 0;
	page.on('request', () => { asked++; });
	page.on('response', r => { bytes += Number(r.headers()['content-length'] || 0); });
	await session.send('Performance.enable');
	const begun = Date.now(), every = minutes * 60000 / LOOKS, looks = [];
	console.log(`${'MINUTE'.padStart(8)}${'HEAP KIB'.padStart(10)}${'NODES'.padStart(8)}${'LISTENERS'.padStart(11)}${'REQUESTS/MIN'.padStart(14)}${'KIB/MIN'.padStart(9)}${'MOVES'.padStart(7)}`);
	for (let i = 1; i <= LOOKS && !ended; i++) {
		const from = asked, sent = bytes, since = Date.now();
		while (Date.now() < begun + i * every && !ended) await wait(Math.min(500, Math.max(1, begun + i * every - Date.now())));
		const per = (Date.now() - since) / 60000, requests = per > 0 ? (asked - from) / per : 0, kib = per > 0 ? (bytes - sent) / 1024 / per : 0; // of the cluster's view alone
		await round();
		await session.send('HeapProfiler.collectGarbage');
		const { metrics } = await session.send('Performance.getMetrics'), of = name => metrics.find(m => m.name === name).value;
		const look = { heap: of('JSHeapUsedSize') / 1024, nodes: of('Nodes'), listeners: of('JSEventListeners') };
		looks.push(look);
		console.log(`${((Date.now() - begun) / 60000).toFixed(1).padStart(8)}${look.heap.toFixed(0).padStart(10)}${String(look.nodes).padStart(8)}${String(look.listeners).padStart(11)}${requests.toFixed(1).padStart(14)}${kib.toFixed(0).padStart(9)}${String(moves).padStart(7)}`);
	}
	const tenth = Math.max(1, Math.floor(looks.length / 10)), first = looks.slice(0, tenth + 1), last = looks.slice(-tenth - 1);
	failed = looks.length < 3 ? 1 : 0;
	for (const what of ['heap', 'nodes', 'listeners']) {
		const was = median(first.map(l => l[what])), is = median(last.map(l => l[what])), bad = is > was * GROWTH;
		failed |= bad;
		console.log(`${bad ? 'FAILED ' : 'ok     '} ${what}: ${was.toFixed(0)} in the first tenth, ${is.toFixed(0)} in the last: ${((is / was - 1) * 100).toFixed(1)} %`);
	}
	if (page.complaints.length) failed = 1;
	page.complaints.forEach(c => console.log(`FAILED  the console: ${c}`));
} finally {
	clearInterval(weather);
	clearInterval(operator);
	await browser.close();
	await world.close();
}
process.exit(failed);
