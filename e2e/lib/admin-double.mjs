/**
 * As much of the admin API as a game's server asks for, without what enforces it: for tests of pages, which never speak it. What
 * the real one does is tested where it is.
 */

import { createServer } from 'node:http';

/**
 * @param {string} token the bearer token that it wants
 * @returns {Promise<{ origin: string, rosters: Map<string, string[]>, close: () => Promise<void> }>}
 */
export async function startAdminDouble(token) {
  /** @type {Map<string, string[]>} */
  const rosters = new Map();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const body = text === '' ? {} : JSON.parse(text);
    const answer = (/** @type {number} */ status, /** @type {object} */ json) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    };
    const room = /^\/api\/v1\/rooms\/([^/]+)\/roster$/.exec(request.url ?? '')?.[1];
    if (request.headers.authorization !== `Bearer ${token}`) answer(401, { title: 'unauthorized' });
    else if (request.method === 'PUT' && room !== undefined && !rosters.has(room)) answer(404, { title: 'no such room' });
    else if (request.method === 'PUT' && room !== undefined) {
      rosters.set(room, body.members);
      answer(200, { members: body.members, waiting: [] });
    } else if (request.method === 'POST' && request.url === '/api/v1/rooms') {
      rosters.set(body.id, body.roster.members);
      answer(201, { id: body.id });
    } else if (request.method === 'POST' && request.url === '/api/v1/tokens') {
      answer(201, { token: `token-of-${body.userId}`, userId: body.userId, room: body.room });
    } else answer(404, { title: 'not here' });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${address.port}`,
    rosters,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}
