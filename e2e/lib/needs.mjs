/**
 * What the browsers' tests need of the machine, and which of it is missing. Installs nothing.
 */

import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The browsers, by the names under which Debian has them. `PARLOR_CHROMIUM` and `PARLOR_FIREFOX` name others.
 */
export const chromiumPath = process.env.PARLOR_CHROMIUM ?? findProgram('chromium') ?? 'chromium';
export const firefoxPath = process.env.PARLOR_FIREFOX ?? findProgram('firefox-esr') ?? findProgram('firefox') ?? 'firefox-esr';

/**
 * Lists what is missing, one sentence each; an empty list means that the tests can run.
 *
 * @param {{ serverPath: string, e2ePath: string }} places the server's binary, and the folder of these tests
 * @returns {string[]}
 */
export function missingNeeds({ serverPath, e2ePath }) {
  const missing = [];
  for (const [program, debianPackage] of [
    ['unshare', 'util-linux'],
    ['nsenter', 'util-linux'],
    ['ip', 'iproute2'],
    ['nft', 'nftables'],
  ]) {
    if (findProgram(program) === undefined) missing.push(`${program} (Debian package ${debianPackage})`);
  }
  if (!isProgram(chromiumPath)) missing.push('chromium (Debian package chromium, or PARLOR_CHROMIUM=/path)');
  if (!isProgram(firefoxPath)) missing.push('firefox-esr (Debian package firefox-esr, or PARLOR_FIREFOX=/path)');
  if (!existsSync(join(e2ePath, 'node_modules', 'puppeteer-core'))) missing.push('node modules (run `npm ci` in e2e/)');
  if (!isProgram(serverPath)) missing.push(`the server at ${serverPath} (run \`cargo build -p parlor\`, or set PARLOR_BIN)`);
  return missing;
}

/**
 * @param {string} name
 * @returns {string | undefined} its path, looked up in PATH
 */
function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
