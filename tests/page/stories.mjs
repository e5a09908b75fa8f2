// SPDX-License-Identifier: Apache-2.0
// The page's stories, in Chromium, on a real service: node tests/page/stories.mjs build/dev [NAME…]
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { launch } from './browser.mjs';

const build = path.resolve(process.argv[2] || 'build/dev'), only = process.argv.slice(3), here = path.dirname(new URL(import.meta.url).pathname);
let failed = 0, told = 0;
const browser = await launch();
for (const file of readdirSync(path.join(here, 'stories')).sort()) {
	if (only.length && !only.some(name => file.includes(name))) continue;
	const began = Date.now(), { default: story } = await import(path.join(here, 'stories', file));
	const checks = { n: 0 };
	/** check('words', true): counted; what is not so is printed, and ends the story. */
	const check = (words, is, more = '') => {
		checks.n++;
		if (!is) throw new Error(`not so: ${words}${more ? `: ${more}` : ''}`);
	};
	try {
		await story({ browser, build, check });
		console.log(`ok      ${file}: ${checks.n} checks, ${((Date.now() - began) / 1000).toFixed(1)} s`);
		told++;
	} catch (e) {
		failed++;
		console.log(`FAILED  ${file}: ${e.stack || e}`);
	}
}
await browser.close();
console.log(`${told} stories told, ${failed} failed`);
process.exit(failed || !told ? 1 : 0);
