/**
 * Faults of the network. A browser that is to lose its network runs on an island: a network namespace of its own,
 * connected by one cable (a veth pair) to the bridge of the network where the server and the other browsers are.
 *
 * Islands are raised before the first browser starts and stay to the end: a browser notices when a cable comes or goes
 * anywhere near it, and gives up what it is loading (ERR_NETWORK_CHANGED).
 */

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ip, stageAddress } from './namespace.mjs';
import { until } from './wait.mjs';

/** Test files that run at once each need at most two. */
const islandCount = 4;

/** Holders and the folder of those taken, from the run to its test files. */
const mark = 'PARLOR_E2E_ISLANDS';

/** Makes the islands; the files that are run afterwards can take them. */
export async function raiseIslands() {
  const own = readlinkSync('/proc/self/ns/net');
  const holders = [];
  for (let number = 0; number < islandCount; number += 1) {
    // The process does nothing but keep the namespace alive; it dies with the run.
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    await until('the island has its own network', () => readlinkSync(`/proc/${holder.pid}/ns/net`) !== own);
    ip(`link add island${number} type veth peer name shore netns ${holder.pid}`);
    ip(`link set island${number} master stage up`);
    for (const command of [
      'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1',
      'ip link set lo up',
      `ip addr add ${addressOf(number)}/24 dev shore`,
      'ip link set shore up',
      `ip route add default via ${stageAddress} dev shore`,
    ]) {
      execFileSync('nsenter', [`--net=/proc/${holder.pid}/ns/net`, ...command.split(' ')]);
    }
    holders.push(holder.pid);
  }
  const folder = mkdtempSync(join(tmpdir(), 'parlor-e2e-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.env[mark] = JSON.stringify({ holders, folder });
}

export class Island {
  #address;
  #claim;
  #table;
  /** This side's end of it. */
  #cable;
  #isNarrow = false;
  /** The file of the namespace, for `nsenter`. */
  namespace;

  /**
   * @param {number} number
   * @param {number} holder
   * @param {string} claim the folder that says that it is taken
   */
  constructor(number, holder, claim) {
    this.#address = addressOf(number);
    this.#table = `island${number}`;
    this.#cable = `island${number}`;
    this.#claim = claim;
    this.namespace = `/proc/${holder}/ns/net`;
  }

  /** Takes an island that nobody has. */
  static take() {
    const { holders, folder } = JSON.parse(process.env[mark] ?? '{"holders":[]}');
    for (const [number, holder] of holders.entries()) {
      const claim = join(folder, String(number));
      try {
        // Making a folder either succeeds or finds it there: nobody comes in between.
        mkdirSync(claim);
        return new Island(number, holder, claim);
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
      }
    }
    throw new Error('no island is free');
  }

  /** From now on nothing gets through, either way, and neither end is told. */
  cut() {
    this.#filter('drop');
  }

  /** @param {number} percent of packets to lose, each way */
  lose(percent) {
    this.#filter(`numgen random mod 100 < ${percent} drop`);
  }

  /**
   * From now on no more than so much gets to the island; what does not fit waits for up to 300 ms, then it is lost.
   *
   * @param {number} kbps kbit/s
   */
  narrow(kbps) {
    this.#isNarrow = true;
    execFileSync('tc', ['qdisc', 'replace', 'dev', this.#cable, 'root', 'tbf', 'rate', `${kbps}kbit`, 'burst', '8kb', 'latency', '300ms']);
  }

  /** From now on TCP connections from the island are reset, and only the island is told; UDP gets through. */
  refuseTcp() {
    this.#load(`chain in { type filter hook input priority 0; ip saddr ${this.#address} meta l4proto tcp reject with tcp reset; }`);
  }

  /** From now on UDP gets through neither way, and neither end is told, as in a network that lets nothing but the web through. */
  dropUdp() {
    this.#filter('meta l4proto udp drop');
  }

  /**
   * From now on nothing that it sends of sound and picture gets out; connections, data and what it hears are untouched.
   * RTP and RTCP are told by their first byte (RFC 7983, section 7).
   */
  dropSentMedia() {
    this.#load(`chain into { type filter hook prerouting priority 0; ip saddr ${this.#address} meta l4proto udp @th,64,8 128-191 drop; }`);
  }

  /**
   * From now on datagrams get through to one port and from it, to others none. Where none is named, nowhere; TCP then to none of
   * the ports named second.
   *
   * @param {{ udp?: number, noTcp?: number[] }} ports
   */
  onlyDatagramsTo({ udp, noTcp = [] }) {
    const [to, from] = udp === undefined ? ['', ''] : [`udp dport != ${udp}`, `udp sport != ${udp}`];
    const tcp = noTcp.map((port) => `ip saddr ${this.#address} tcp dport ${port} drop;`).join(' ');
    this.#load(`
      chain into { type filter hook prerouting priority 0; ip saddr ${this.#address} meta l4proto udp ${to} drop; ${tcp} }
      chain out { type filter hook postrouting priority 0; ip daddr ${this.#address} meta l4proto udp ${from} drop; }`);
  }

  /** Everything gets through again. */
  heal() {
    execFileSync('nft', ['-f', '-'], { input: `table inet ${this.#table}\ndelete table inet ${this.#table}\n` });
    if (this.#isNarrow) execFileSync('tc', ['qdisc', 'del', 'dev', this.#cable, 'root']);
    this.#isNarrow = false;
  }

  /** Gives it back, whole. */
  leave() {
    this.heal();
    rmSync(this.#claim, { recursive: true });
  }

  /** @param {string} verdict */
  #filter(verdict) {
    this.#load(`
      chain into { type filter hook prerouting priority 0; ip saddr ${this.#address} ${verdict}; }
      chain out { type filter hook postrouting priority 0; ip daddr ${this.#address} ${verdict}; }`);
  }

  /** @param {string} chains */
  #load(chains) {
    execFileSync('nft', ['-f', '-'], { input: `table inet ${this.#table}\ndelete table inet ${this.#table}\ntable inet ${this.#table} {\n${chains}\n}\n` });
  }
}

/** @param {number} number */
function addressOf(number) {
  return `10.99.0.${100 + number}`;
}
