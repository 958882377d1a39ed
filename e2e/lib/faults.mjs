/**
 * Faults of the network. A browser that is to lose its network runs on an island: a network namespace of its own,
 * connected by one cable (a veth pair) to the network where the server and the other browsers are.
 */

import { spawn, execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { ip } from './namespace.mjs';
import { until } from './wait.mjs';

export class Island {
  #holder;
  #cable;
  /** The file of the namespace, for `nsenter`. */
  namespace;

  /**
   * @param {import('node:child_process').ChildProcess} holder
   * @param {string} cable
   */
  constructor(holder, cable) {
    this.#holder = holder;
    this.#cable = cable;
    this.namespace = `/proc/${holder.pid}/ns/net`;
  }

  /** Makes an island. */
  static async raise() {
    // The process does nothing but keep the namespace alive.
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    const own = readlinkSync('/proc/self/ns/net');
    await until('the island has its own network', () => readlinkSync(`/proc/${holder.pid}/ns/net`) !== own);
    const number = firstFreeNumber(holder.pid);
    const island = new Island(holder, `island${number}`);
    ip(`addr add 10.100.${number}.1/24 dev island${number}`);
    ip(`link set island${number} up`);
    for (const command of [
      'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1',
      'ip link set lo up',
      `ip addr add 10.100.${number}.2/24 dev shore`,
      'ip link set shore up',
      `ip route add default via 10.100.${number}.1 dev shore`,
    ]) {
      execFileSync('nsenter', [`--net=${island.namespace}`, ...command.split(' ')]);
    }
    return island;
  }

  /** From now on nothing gets through, either way, and neither end is told. */
  cut() {
    this.#filter('drop');
  }

  /** @param {number} percent of packets to lose, each way */
  lose(percent) {
    this.#filter(`numgen random mod 100 < ${percent} drop`);
  }

  /** Everything gets through again. */
  heal() {
    execFileSync('nft', ['-f', '-'], { input: `table inet ${this.#cable}\ndelete table inet ${this.#cable}\n` });
  }

  /** Pulls the cable: the island's operating system notices. */
  unplug() {
    ip(`link set ${this.#cable} down`);
  }

  /** Puts the cable in again. */
  plugIn() {
    ip(`link set ${this.#cable} up`);
  }

  /** The end of the island; the cable goes with the namespace. */
  sink() {
    this.#holder.kill('SIGKILL');
    this.heal();
  }

  /** @param {string} verdict */
  #filter(verdict) {
    const rules = `
      table inet ${this.#cable} {
        chain into { type filter hook prerouting priority 0; iifname ${this.#cable} ${verdict}; }
        chain out { type filter hook postrouting priority 0; oifname ${this.#cable} ${verdict}; }
      }`;
    execFileSync('nft', ['-f', '-'], { input: rules });
  }
}

/**
 * Lays a cable into the namespace of a process. Test files run side by side: the kernel says whose a number is.
 *
 * @param {number | undefined} holder
 * @returns {number}
 */
function firstFreeNumber(holder) {
  for (let number = 1; number < 250; number += 1) {
    try {
      ip(`link add island${number} type veth peer name shore netns ${holder}`);
      return number;
    } catch (error) {
      if (!String(/** @type {any} */ (error).stderr).includes('exists')) throw error;
    }
  }
  throw new Error('249 islands are too many');
}
