#!/usr/bin/env node
/**
 * The game's own server. A browser must never hold parlor's admin token, since whoever has it rules every room. So this
 * process holds it: it decides who plays, says so to parlor (`PUT /api/v1/rooms/{id}/roster`), has a token made for each player
 * (`POST /api/v1/tokens`), and tells the pages who is there by server-sent events. A page only ever has the secret of its own visit.
 *
 *     PARLOR_ADMIN_TOKEN_FILE=admin-token node server.mjs
 *
 * Nothing is kept: when it is started again, everybody joins again.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const PLAYERS_MAX = 4;
const NAME_MAX = 32;
const BODY_MAX = 4_096;
/** Whoever has no stream of events for so long has gone. */
const PATIENCE_MS = 5_000;
const TOKEN_TTL_S = 120;
/** parlor keeps no roster when it is started anew, so it is told again. */
const REPEAT_MS = 10_000;

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** All that is served: paths of the page, files here. @type {Record<string, string>} */
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };

/**
 * @typedef {object} Player
 * @property {string} id
 * @property {string} name
 * @property {Set<import('node:http').ServerResponse>} streams
 * @property {NodeJS.Timeout} [leaving]
 */

/**
 * @param {object} options
 * @param {string} options.parlor parlor's address as this process reaches it, such as `http://127.0.0.1:8080`
 * @param {string} [options.publicParlor] as browsers do (default: the same)
 * @param {string} options.adminToken
 * @param {string} [options.room] the room's id, which is the key of its `peerjs` clients
 * @param {number} [options.port] 0: any that is free
 * @param {string} [options.host]
 * @param {string} [options.peerjs] the file of the client, as npm has it
 * @returns {Promise<{ origin: string, close: () => Promise<void> }>}
 */
export async function startGame({ parlor, publicParlor = parlor, adminToken, room = 'game', port = 0, host = '127.0.0.1', peerjs }) {
  const client = peerjs ?? createRequire(import.meta.url).resolve('peerjs/dist/peerjs.min.js');
  /** By secret. @type {Map<string, Player>} */
  const players = new Map();

  /** @param {string} method @param {string} path @param {unknown} body */
  async function ask(method, path, body) {
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
    const response = await fetch(new URL(`/api/v1${path}`, parlor), { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(5_000) });
    if (response.ok) return response.json();
    const { title, detail } = await response.json().catch(() => ({}));
    throw Object.assign(new Error(`parlor says ${response.status} ${detail ?? title ?? ''}`), { status: response.status });
  }

  /** One roster after the other, or an older one could come last. @type {Promise<unknown>} */
  let writing = Promise.resolve();

  /** Brings parlor's roster up to what it is now, then tells the pages. */
  function tellRoster() {
    const done = writing.then(async () => {
      const members = [...players.values()].map(({ id }) => id);
      await ask('PUT', `/rooms/${room}/roster`, { members }).catch((error) => {
        if (error.status !== 404) throw error;
        return ask('POST', '/rooms', { id: room, name: room, capacity: PLAYERS_MAX, topology: 'mesh', roster: { members } });
      });
      for (const { streams } of players.values()) for (const stream of streams) stream.write(roster());
    });
    writing = done.catch((error) => console.error(`game: ${error.message}`));
    return done;
  }

  const roster = () => `data: ${JSON.stringify([...players.values()].map(({ id, name }) => ({ id, name })))}\n\n`;

  /** @param {string} secret */
  function remove(secret) {
    const player = players.get(secret);
    if (!player) return;
    clearTimeout(player.leaving);
    players.delete(secret);
    for (const stream of player.streams) stream.end();
    void tellRoster().catch(() => {});
  }

  /** @param {string} secret @param {Player} player */
  function expect(secret, player) {
    clearTimeout(player.leaving);
    if (player.streams.size === 0) player.leaving = setTimeout(() => remove(secret), PATIENCE_MS);
  }

  /** What a page may ask; each answers with a status and JSON. @type {Record<string, (body: any) => Promise<[number, object]>>} */
  const api = {
    '/join': async ({ name }) => {
      const shown = typeof name === 'string' ? name.trim().slice(0, NAME_MAX) : '';
      if (shown === '') return [422, { error: 'A name is needed.' }];
      if (players.size >= PLAYERS_MAX) return [409, { error: 'The table is full: four are playing.' }];
      const secret = randomBytes(16).toString('hex');
      const player = { id: `p-${randomBytes(6).toString('hex')}`, name: shown, streams: new Set() };
      players.set(secret, player);
      expect(secret, player);
      try {
        await tellRoster();
      } catch {
        remove(secret);
        return [502, { error: 'The video server can’t be reached. Try again in a moment.' }];
      }
      const { hostname, port: itsPort, protocol } = new URL(publicParlor);
      const secure = protocol === 'https:';
      return [201, { userId: player.id, secret, peer: { host: hostname, port: Number(itsPort) || (secure ? 443 : 80), path: '/peerjs', key: room, secure } }];
    },
    '/token': async ({ secret }) => {
      const player = players.get(secret);
      if (!player) return [404, { error: 'Join again.' }];
      const { token } = await ask('POST', '/tokens', { userId: player.id, room, ttl: TOKEN_TTL_S });
      return [201, { token }];
    },
    '/leave': async ({ secret }) => {
      remove(secret);
      return [200, {}];
    },
  };

  const server = createServer(async (request, response) => {
    const answer = (/** @type {number} */ status, /** @type {object} */ body) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
    };
    try {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://game');
      const call = api[pathname];
      if (call && request.method === 'POST') {
        const body = await read(request);
        return answer(...(await call(body)));
      }
      if (pathname === '/events') {
        const secret = searchParams.get('secret') ?? '';
        const player = players.get(secret);
        if (!player) return answer(404, { error: 'Join again.' });
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write(roster());
        player.streams.add(response);
        expect(secret, player);
        response.on('close', () => {
          player.streams.delete(response);
          if (players.has(secret)) expect(secret, player);
        });
        return undefined;
      }
      const file = fileOf(pathname, client);
      if (!file) return answer(404, { error: 'There is no such page.' });
      response.writeHead(200, { 'content-type': TYPES[file.split('.').at(-1) ?? ''] ?? 'text/plain', 'cache-control': 'no-cache' });
      response.end(await readFile(file));
    } catch (error) {
      console.error(`game: ${error instanceof Error ? error.message : error}`);
      if (!response.headersSent) answer(500, { error: 'That did not work.' });
    }
  });
  await new Promise((resolve) => server.listen(port, host, () => resolve(undefined)));
  const repeating = setInterval(() => {
    if (players.size > 0) void tellRoster().catch(() => {});
  }, REPEAT_MS);
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://${host}:${address.port}`,
    close: async () => {
      clearInterval(repeating);
      for (const { leaving } of players.values()) clearTimeout(leaving);
      players.clear();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await writing;
    },
  };
}

/**
 * @param {string} pathname
 * @param {string} client
 * @returns {string | undefined} the file, if it is one of the page's
 */
function fileOf(pathname, client) {
  if (pathname === '/peerjs.js') return client;
  const sdk = /^\/web\/sdk\/([a-z-]+\.js)$/.exec(pathname)?.[1];
  if (sdk) return here(`../../web/sdk/${sdk}`);
  const own = { '/': 'index.html', '/game.css': 'game.css', '/game.js': 'game.js', '/view.js': 'view.js' }[pathname];
  return own && here(own);
}

/** @param {import('node:http').IncomingMessage} request @returns {Promise<any>} */
async function read(request) {
  let text = '';
  for await (const part of request.setEncoding('utf8')) {
    text += part;
    if (text.length > BODY_MAX) throw new Error('too much was sent');
  }
  const body = JSON.parse(text);
  return typeof body === 'object' && body !== null ? body : {};
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { PARLOR = 'http://127.0.0.1:8080', PUBLIC_PARLOR = PARLOR, PARLOR_ADMIN_TOKEN_FILE, ROOM = 'game', PORT = '9000' } = process.env;
  if (!PARLOR_ADMIN_TOKEN_FILE) {
    console.error('game: PARLOR_ADMIN_TOKEN_FILE must name the file of parlor’s --admin-token-file');
    process.exit(2);
  }
  const adminToken = readFileSync(PARLOR_ADMIN_TOKEN_FILE, 'utf8').trim();
  const { origin } = await startGame({ parlor: PARLOR, publicParlor: PUBLIC_PARLOR, adminToken, room: ROOM, port: Number(PORT) });
  console.log(`The game is at ${origin}`);
}
