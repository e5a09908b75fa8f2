// SPDX-License-Identifier: Apache-2.0
// A rolling maintenance from the page: two hosts are emptied in turn, the person who works at them says which are finished, holds the
// roll and lets it go on. A viewer sees all of it and has no button. Pictures: build/page-shots/roll.
import { mkdirSync } from 'node:fs';
import { World, cluster, until } from '../world.mjs';
import { tab } from '../browser.mjs';

export default async function story({ browser, build, check }) {
	const hosts = cluster(4);
	hosts[0].vms.splice(2);
	const world = await World.open(build, { hosts, moveMs: 300, mode: 'auto' });
	try {
		await until(30, 'a round was made', async () => (await world.api('status')).service?.round_at);
		const operator = await tab(browser, world, 'operate'), viewer = await tab(browser, world, 'view');
		const press = async (name, then) => {
			await operator.getByRole('button', { name }).click();
			if (then) await operator.getByRole('dialog').getByRole('button', { name: then, exact: true }).click();
		};
		const roll = async () => (await world.api('maintenance')).roll;

		await operator.goto(`${world.url}/c/t/maintenance`);
		await press('Empty several hosts in turn…');
		const dialog = operator.getByRole('dialog');
		await dialog.getByLabel(/^Name/).fill('june');
		await dialog.getByLabel(/^Hosts/).fill('kvm9');
		await dialog.getByRole('button', { name: 'Begin', exact: true }).click();
		await dialog.locator('[role=alert]').filter({ hasText: 'kvm9' }).waitFor();
		check('a host that is none begins nothing', (await roll()) === null);
		await dialog.getByLabel(/^Hosts/).fill('kvm2 kvm3');
		await dialog.getByRole('button', { name: 'Begin', exact: true }).click();

		const card = operator.locator('section.card', { has: operator.locator('#roll') });
		await card.filter({ hasText: 'Rolling maintenance june: 0 of 2 hosts done' }).waitFor({ timeout: 30000 });
		const finished = card.getByRole('button', { name: /^Work finished/ });
		await finished.waitFor({ timeout: 60000 });
		const one = (await world.api('rolls/june')).hosts[0].name, other = one === 'kvm2' ? 'kvm3' : 'kvm2';
		check('the page names the one that is empty', (await card.innerText()).includes(`${one} empty`));
		check('and the one to come', (await card.innerText()).includes(`To come: ${other}.`));

		mkdirSync('build/page-shots/roll', { recursive: true });
		for (const width of [1280, 360]) {
			await operator.setViewportSize({ width, height: 900 });
			const over = await operator.evaluate(() => document.documentElement.scrollWidth - innerWidth);
			check(`at ${width} px it is not wider than the screen`, over <= 0, `${over} px`);
			const tabs = await operator.locator('header nav a').evaluateAll(list => list.filter(a => a.getBoundingClientRect().right > innerWidth).length);
			check(`at ${width} px each tab is on it`, tabs === 0, `${tabs} are not`);
			await operator.screenshot({ path: `build/page-shots/roll/${width}.png`, fullPage: true });
		}
		await operator.setViewportSize({ width: 1280, height: 900 });
		await viewer.goto(`${world.url}/c/t/maintenance`);
		await viewer.getByText('Rolling maintenance june').waitFor();
		check('a viewer has no button', await viewer.getByRole('button', { name: /Work finished|Hold|Abandon|in turn/ }).count() === 0);

		await press('Hold…', 'Hold the roll');
		await card.filter({ hasText: 'Held: held by' }).waitFor({ timeout: 30000 });
		await press(/^Work finished/, 'It is finished');
		await card.filter({ hasText: '1 of 2 hosts done' }).waitFor({ timeout: 60000 });
		check('while it is held no other is begun', (await world.api('rolls/june')).left[0] === other);
		await press('Go on', 'Go on');
		await finished.waitFor({ timeout: 60000 });
		await press(/^Work finished/, 'It is finished');
		await operator.getByText('No host is in maintenance.').waitFor({ timeout: 60000 });
		check('both are done', (await world.api('rolls/june')).done.length === 2);
		await operator.getByRole('button', { name: 'Empty several hosts in turn…' }).waitFor();
		const all = (await world.api('hosts')).items;
		check('and in service', all.length === 4 && all.every(x => x.state === 'active'));
	} finally {
		await world.close();
	}
}
