// SPDX-License-Identifier: Apache-2.0
// axe finds nothing on any page, light, dark and 360 px wide, and nothing is wider than the screen; a picture of each is left in
// build/page-shots/40.
import { mkdirSync } from 'node:fs';
import { World, cluster, until } from '../world.mjs';
import { against, tab } from '../browser.mjs';

export default async function story({ browser, build, check }) {
	const hosts = cluster(40), shots = 'build/page-shots/40';
	hosts[9].faults.push({ device: 'sda', grade: 3, why: '24 sectors cannot be read' });
	const world = await World.open(build, { hosts, settings: ['snapshot.stale_after=10s'] });
	mkdirSync(shots, { recursive: true });
	try {
		world.host('kvm20').silent = true;
		const put = { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{"why": "new memory"}' };
		await until(60, 'a plan waits, and a host is silent', async () => { const s = await world.api('status'); return s.service?.waiting?.length && s.hosts.some(x => x.fenced); });
		await world.api('hosts/kvm30/maintenance', 'operate', put);
		// the plan of before held no more when the host went silent: the one that is looked at is of after
		const left = async () => (await world.api('plans')).items.find(p => p.kinds.includes('maintenance') && !p.answer), waits = await until(60, 'a plan that empties kvm30 waits', left);
		const plan = waits.id, vm = (await world.api(`plans/${plan}/moves`)).items[0].vm;
		const views = { cluster: '', hosts: '/hosts', host: '/hosts/kvm10', silent: '/hosts/kvm20', vms: '/vms', vm: `/vms/${vm}`, plans: '/plans', plan: `/plans/${plan}`, moves: '/moves', faults: '/faults', maintenance: '/maintenance', audit: '/audit', settings: '/settings?q=service', nothing: '/nosuch' };
		const all = [], page = await tab(browser, world, 'operate');
		for (const [kind, options] of Object.entries({ light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' }, phone: { colorScheme: 'light', size: { width: 360, height: 780 } } })) {
			await page.emulateMedia({ colorScheme: options.colorScheme });
			await page.setViewportSize(options.size || { width: 1280, height: 900 });
			for (const [name, path] of Object.entries(views)) {
				await page.goto(`${world.url}/c/t${path}`);
				await page.locator('main h1').first().waitFor();
				await page.waitForFunction(() => !document.querySelector('.skeleton'));
				if (name === 'plan') await page.locator('.frontier').waitFor({ timeout: 60000 });
				if (name === 'plan') check('it is under review', await page.getByRole('button', { name: /^Approve/ }).count() === 1);
				all.push(...await against(page, `${name}, ${kind}`, { check, picture: `${shots}/${name}-${kind}.png`, whole: !/^(vms|settings)$/.test(name) }));
			}
		}
		check('axe finds nothing on any page', all.length === 0, all.join('\n'));
		check('the console has nothing against it', page.complaints.length === 0, page.complaints.join('\n'));
		await page.context().close();
	} finally {
		await world.close();
	}
}
