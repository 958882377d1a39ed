/**
 * What processes cost: CPU time and memory of a process with all its descendants, out of /proc. Browsers are trees of
 * processes; what each of them is for, its command line says.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { pauseMs } from './wait.mjs';

/** Clock ticks a second of /proc's times: the same on every Linux that Node runs on (proc_pid_stat(5)). */
const ticksPerSecond = 100;

/**
 * @typedef {object} Usage
 * @property {number} cpu_percent of one core
 * @property {number} memory_mib proportional set size: memory that processes share is counted once
 * @property {Record<string, number>} cpuByKind the same percentage by what a process is for: `main`, `renderer`, …
 */

/**
 * Measures for a while.
 *
 * @param {Record<string, number[]>} roots process ids whose trees are measured together, by a name of one's choice
 * @param {number} duration_ms
 * @returns {Promise<Record<string, Usage>>}
 */
export async function measureUsage(roots, duration_ms) {
  const before = mapValues(roots, cpuOfTrees);
  const start = performance.now();
  await pauseMs(duration_ms);
  const seconds = (performance.now() - start) / 1_000;
  return mapValues(roots, (pids, name) => {
    const after = cpuOfTrees(pids);
    /** @type {Record<string, number>} */
    const cpuByKind = {};
    let cpu_percent = 0;
    for (const [pid, { ticks, kind }] of after) {
      const spent = (100 * (ticks - (before[name].get(pid)?.ticks ?? 0))) / ticksPerSecond / seconds;
      cpu_percent += spent;
      cpuByKind[kind] = (cpuByKind[kind] ?? 0) + spent;
    }
    const memory_mib = [...after.keys()].reduce((sum, pid) => sum + memoryOf(pid), 0);
    return { cpu_percent, memory_mib, cpuByKind };
  });
}

/** @param {number[]} roots @returns {Map<number, { ticks: number, kind: string }>} by process id */
function cpuOfTrees(roots) {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).map(readStat).filter((stat) => stat !== undefined);
  /** @type {Map<number, { ticks: number, kind: string }>} */
  const found = new Map();
  let parents = new Set(roots);
  for (const stat of processes) if (parents.has(stat.pid)) found.set(stat.pid, { ticks: stat.ticks, kind: 'main' });
  while (parents.size > 0) {
    const children = processes.filter(({ parent, pid }) => parents.has(parent) && !found.has(pid));
    for (const { pid, ticks } of children) found.set(pid, { ticks, kind: kindOf(pid) });
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found;
}

/** @param {number} pid @returns {{ pid: number, parent: number, ticks: number } | undefined} `undefined`: it has ended */
function readStat(pid) {
  try {
    // The name stands in brackets and may hold anything, brackets too.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return { pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}

/** Chromium says `--type=renderer` and for its services `--utility-sub-type=audio.mojom.AudioService`; Firefox ends with `tab`. @param {number} pid */
function kindOf(pid) {
  const words = readText(`/proc/${pid}/cmdline`).split(/[\0 ]/).filter(Boolean);
  const service = words.find((word) => word.startsWith('--utility-sub-type='))?.split(/[=.]/)[1];
  const type = words.find((word) => word.startsWith('--type='))?.split('=')[1];
  return service ?? type ?? (words.includes('-contentproc') ? words.at(-1) ?? 'content' : 'main');
}

/** @param {number} pid */
function memoryOf(pid) {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1_024;
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * @template V, W
 * @param {Record<string, V>} record
 * @param {(value: V, key: string) => W} change
 * @returns {Record<string, W>}
 */
function mapValues(record, change) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
