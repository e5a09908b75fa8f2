// SPDX-License-Identifier: Apache-2.0
// Chromium, of Debian's package, by playwright-core, which tests/page/run puts into build/page-modules.
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const modules = path.resolve(process.env.PAGE_MODULES || 'build/page-modules');
const require_ = createRequire(path.join(modules, 'package.json'));
export const { chromium } = require_('playwright-core');
const axe = readFileSync(require_.resolve('axe-core/axe.min.js'), 'utf8');
const program = ['/usr/bin/chromium', '/usr/lib/chromium/chromium'].find(existsSync);

export const launch = () => chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'] });

/** A tab of somebody who has logged in with this role; what the page's console says against it is in tab.complaints. */
export async function tab(browser, world, role = 'operate', options = {}) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
	const page = await context.newPage();
	page.complaints = [];
	page.on('pageerror', e => page.complaints.push(`error: ${e.message}`));
	page.on('console', m => { if (m.type() === 'error' && !/api\/v1\/(events|frontier)|Failed to load resource/.test(m.text() + m.location().url)) page.complaints.push(`console: ${m.text()}`); });
	if (role) {
		await page.goto(`${world.url}/`);
		await page.getByLabel('Token').fill(world.tokens[role]);
		await page.getByRole('button', { name: 'Log in' }).click();
		await page.locator('nav[aria-label=Views]').waitFor();
	}
	return page;
}

/** What axe has against the page as it is now; it is not wider than the screen, and a picture of it is left. */
export async function against(page, name, { check, picture, whole = true }) {
	await page.evaluate(axe); // by the debugger: the CSP does not let the page itself
	const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations.map(v => `${v.id}: ${v.nodes.slice(0, 2).map(n => `${n.html.slice(0, 160)} ${n.failureSummary.slice(0, 200)}`).join(' | ')}`));
	const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	check(`${name}: not wider than the screen`, over <= 0, `${over} px`);
	await page.screenshot({ path: picture, fullPage: whole });
	return found.map(f => `${name}: ${f}`);
}
