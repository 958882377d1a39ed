/**
 * What axe-core finds wrong with a page.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const axeSource = readFileSync(fileURLToPath(new URL('../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');

/**
 * @param {import('puppeteer-core').Page} page
 * @param {string} [selector] of the part that is looked at; without one, all of it
 * @returns {Promise<string[]>} each violation as `impact: rule: help: what breaks it`
 */
export async function violationsOn(page, selector) {
  await page.evaluate(axeSource);
  return page.evaluate(async (part) => {
    const { violations } = await /** @type {any} */ (window).axe.run(part ?? document, { resultTypes: ['violations'] });
    return violations.map((/** @type {any} */ { id, impact, help, nodes }) => `${impact}: ${id}: ${help}: ${nodes.map((/** @type {any} */ node) => node.html).join(' ')}`);
  }, selector);
}
