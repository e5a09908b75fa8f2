// SPDX-License-Identifier: Apache-2.0
// What is rarely seen is readable, too: axe finds nothing, and nothing is wider than the screen, before a login, for a viewer, at 200 %
// zoom, of a cluster without hosts, of one of which no facts are good, and while the service is away. Pictures: build/page-shots/3.
import { mkdirSync } from 'node:fs';
import { World, cluster, until } from '../world.mjs';
import { against, tab } from '../browser.mjs';

const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 360, height: 780 }, zoomed: { width: 640, height: 450 } }; // 1280 px at 200 %

export default async function story({ browser, build, check }) {
	const hosts = cluster(3), shots = 'build/page-shots/3', all = [];
	mkdirSync(shots, { recursive: true });
	const look = async (page, name, sizes = Object.keys(SIZES)) => {
		for (const size of sizes) {
			await page.setViewportSize(SIZES[size]);
			all.push(...await against(page, `${name}, ${size}`, { check, picture: `${shots}/${name}-${size}.png` }));
		}
		await page.setViewportSize(SIZES.wide);
	};
	const world = await World.open(build, { hosts, settings: ['snapshot.stale_after=5s'] });
	try {
		const waits = async () => (await world.api('plans')).items.find(p => !p.answer), plan = await until(60, 'a plan waits', waits);
		const stranger = await tab(browser, world, null), viewer = await tab(browser, world, 'view'), operator = await tab(browser, world, 'operate');
		const settled = async page => { await page.locator('main h1').first().waitFor(); await page.waitForFunction(() => !document.querySelector('.skeleton, .loading')); };

		await stranger.goto(`${world.url}/`);
		await stranger.getByRole('button', { name: 'Log in' }).waitFor();
		await look(stranger, 'login');
		for (const [name, path] of Object.entries({ cluster: '', plan: `/plans/${plan.id}`, maintenance: '/maintenance', vms: '/vms' })) {
			await viewer.goto(`${world.url}/c/t${path}`);
			await settled(viewer);
			await look(viewer, `viewer-${name}`);
			if (name === 'plan') { // a browser is zoomed, a tablet turned: what was open is drawn as it fits now
				await viewer.setViewportSize(SIZES.zoomed);
				await viewer.locator('details.kind[open] li').first().waitFor({ timeout: 5000 });
				await viewer.setViewportSize(SIZES.wide);
				await viewer.locator('details.kind[open] tbody tr').first().waitFor({ timeout: 5000 });
			}
		}
		for (const view of ['hosts', 'faults', 'audit', 'settings']) {
			await operator.goto(`${world.url}/c/t/${view}`);
			await settled(operator);
			await look(operator, view, ['zoomed']);
		}

		await operator.goto(`${world.url}/c/t`);
		for (const h of hosts) h.silent = true;
		await operator.locator('main h1').filter({ hasText: 'Blind' }).waitFor({ timeout: 30000 });
		await look(operator, 'blind');
		await viewer.goto(`${world.url}/c/t/hosts`);
		await settled(viewer);
		await look(viewer, 'blind-hosts');

		await world.stopService();
		await operator.locator('.fresh.cut').filter({ hasText: 'not live since' }).waitFor({ timeout: 30000 });
		await look(operator, 'cut');
	} finally {
		await world.close();
	}
	const none = await World.open(build, { hosts: [] });
	try {
		const page = await tab(browser, none, 'operate');
		await page.goto(`${none.url}/c/t`);
		await page.getByText('No host has reported to this cluster yet.').waitFor();
		check('a cluster without hosts is not cut off', await page.locator('.fresh.cut').count() === 0 && await page.locator('[role=alert]').count() === 0);
		for (const [name, path] of Object.entries({ cluster: '', hosts: '/hosts', vms: '/vms', plans: '/plans', moves: '/moves', faults: '/faults', maintenance: '/maintenance', audit: '/audit' })) {
			await page.goto(`${none.url}/c/t${path}`);
			await page.locator('main h1').first().waitFor();
			await page.waitForFunction(() => !document.querySelector('.skeleton'));
			await look(page, `empty-${name}`, ['wide', 'phone']);
		}
		check('the console has nothing against it', page.complaints.length === 0, page.complaints.join('\n'));
	} finally {
		await none.close();
	}
	check('axe finds nothing', all.length === 0, all.join('\n'));
}
