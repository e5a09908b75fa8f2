// SPDX-License-Identifier: Apache-2.0
// What is not known is never drawn as good: a silent host, a cluster of which no facts are good, a service that is away. It heals by
// itself; a login that has ended asks for another, once.
import { World, cluster, until } from '../world.mjs';
import { tab } from '../browser.mjs';

export default async function story({ browser, build, check }) {
	const hosts = cluster(3);
	hosts[0].vms.splice(2);
	const world = await World.open(build, { hosts, mode: 'advise', settings: ['snapshot.stale_after=5s'] });
	try {
		await until(30, 'a round was made', async () => (await world.api('status')).service?.round_at);
		const page = await tab(browser, world, 'operate'), title = page.getByRole('heading', { level: 1 });
		await title.filter({ hasText: 'Every host is within its load line' }).waitFor();

		// ---- a host goes silent ----
		world.host('kvm3').silent = true;
		await title.filter({ hasText: '1 host is silent' }).waitFor({ timeout: 30000 });
		check('it is not good', !(await title.innerText()).includes('Every host'));
		await page.goto(`${world.url}/c/t/hosts/kvm3`);
		await page.getByText('Unknown:').first().waitFor();
		check('it has no bar', await page.locator('.resource .used').count() === 0 && await page.locator('.resource svg.unknown').count() === 2);

		// ---- all do ----
		for (const h of hosts) h.silent = true;
		await page.goto(`${world.url}/c/t`);
		await title.filter({ hasText: 'Blind' }).waitFor({ timeout: 30000 });
		check('no load is drawn', await page.locator('.dots').count() === 0 && (await page.locator('main').innerText()).includes('No load is drawn'));
		for (const h of hosts) h.silent = false;
		world.report();
		await title.filter({ hasText: 'Every host is within its load line' }).waitFor({ timeout: 30000 });

		// ---- the service goes, and comes back ----
		await world.stopService();
		await page.locator('.fresh.cut').filter({ hasText: 'not live since' }).waitFor({ timeout: 30000 });
		check('what is shown is hatched', await page.locator('main.stale').count() === 1);
		check('nothing can be done', await page.getByRole('button', { name: 'Stop new moves…' }).isDisabled());
		await world.startService();
		await page.locator('.fresh').filter({ hasText: '(live)' }).or(page.getByRole('button', { name: 'Log in' })).first().waitFor({ timeout: 90000 });

		// ---- a login ends with its service; it is asked for once, not again and again ----
		let asked = 0;
		page.on('request', r => { asked += r.url().includes('/api/v1/') ? 1 : 0; });
		await page.getByRole('button', { name: 'Log in' }).waitFor({ timeout: 30000 });
		const before = asked;
		await page.getByLabel('Token').fill('plt_wrong');
		await page.getByRole('button', { name: 'Log in' }).click();
		await page.getByText('the token is not known or has expired').waitFor();
		check('no look without a login', asked - before <= 2, String(asked - before));
		let answer;
		const held = new Promise(r => { answer = r; });
		await page.route('**/api/v1/status?*', async route => { await held; await route.continue(); });
		await page.getByLabel('Token').fill(world.tokens.operate);
		await page.getByRole('button', { name: 'Log in' }).click();
		await page.locator('.skeleton').waitFor();
		check('what was known before is not shown as if it were so now', !(await title.innerText()).includes('Every host'));
		answer();
		await title.filter({ hasText: 'Every host is within its load line' }).waitFor();
		check('and it can be used again', await page.getByRole('button', { name: 'Stop new moves…' }).isEnabled());

		// ---- keys ----
		await page.locator('main').focus();
		await page.keyboard.press('g');
		await page.keyboard.press('h');
		await title.filter({ hasText: 'Hosts' }).waitFor();
		await page.locator('tbody tr a').first().waitFor();
		await page.keyboard.press('j');
		check('j goes to a row', (await page.evaluate(() => document.activeElement.closest('tr') !== null)));
		await page.keyboard.press('Enter');
		await title.filter({ hasText: 'kvm' }).waitFor();
		await page.keyboard.press('/');
		check('/ goes to the search', await page.evaluate(() => document.activeElement.name === 'q'));
		await page.keyboard.press('Escape');
		check('the console has nothing against it', page.complaints.length === 0, page.complaints.join('\n'));
		await page.context().close();
	} finally {
		await world.close();
	}
}
