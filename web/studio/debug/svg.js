// Small drawings for the debug view: the others around oneself with one's own connections, states over time, a figure over
// time. They are pictures of what stands beside them as text, and say so to screen readers.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, string|number>} [attributes]
 * @param {...(SVGElement|string)} children
 * @returns {SVGElement}
 */
function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @typedef {{id: string, name: string, initials: string, kind: string, label: string}} GraphNode `kind` and `label` are those of the connection */

const WIDTH = 360;
const HEIGHT = 400;
const NODE = 20;

/**
 * Draws who is there, and the connections that this page has.
 * @param {{name: string, initials: string}} own
 * @param {GraphNode[]} others
 * @param {string} label what a screen reader says of it
 * @returns {SVGElement}
 */
export function drawGraph(own, others, label) {
  const count = others.length;
  // Oneself in the middle, the others clockwise around, nobody straight below, where one's own name is.
  const me = { x: WIDTH / 2, y: HEIGHT / 2 - 6 };
  const theirs = others.map((_, index) => {
    const angle = -Math.PI / 2 + (2 * Math.PI * (index + (count % 2 === 0 ? 0.5 : 0))) / count;
    return { x: me.x + (WIDTH / 2 - 48) * Math.cos(angle), y: me.y + (HEIGHT / 2 - 40) * Math.sin(angle) };
  });
  const places = [me, ...theirs];
  const edges = others.map(({ id, kind }, index) => {
    const at = theirs[index] ?? me;
    return s('line', { class: 'debug-edge', 'data-kind': kind, 'data-peer': id, x1: me.x, y1: me.y, x2: at.x, y2: at.y });
  });
  const nodes = [{ ...own, isOwn: true }, ...others.map((other) => ({ ...other, isOwn: false }))].map((node, index) => {
    const { x, y } = places[index] ?? me;
    return s(
      'g',
      { class: node.isOwn ? 'debug-node own' : 'debug-node' },
      s('circle', { cx: x, cy: y, r: NODE }),
      s('text', { x, y: y + 5, class: 'debug-initials' }, node.initials),
      s('text', { x, y: y + NODE + 15 }, short(node.name)),
    );
  });
  const labels = others.map(({ label: text }, index) => {
    const { x, y } = theirs[index] ?? me;
    return s('text', { class: 'debug-edge-label', x: me.x + (x - me.x) * 0.5, y: me.y + (y - me.y) * 0.5 + 4 }, text);
  });
  return s('svg', { class: 'debug-graph', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label }, ...edges, ...nodes, ...labels);
}

/** How high a status stands in the timeline, of 10: without colours one sees the same. */
const HEIGHTS = /** @type {Record<string, number>} */ ({ connected: 10, connecting: 7, waiting: 5, failed: 3, 'failed-permanent': 2, disconnected: 1 });

/**
 * States over time, from the first one until now.
 * @param {{at: number, state: {status: string}}[]} states
 * @param {number} now_ms
 * @returns {SVGElement}
 */
export function drawTimeline(states, now_ms) {
  const begin = states[0]?.at ?? now_ms;
  const span = Math.max(now_ms - begin, 1);
  const bars = states.map(({ at, state: { status } }, index) => {
    const end = states[index + 1]?.at ?? now_ms;
    const height = HEIGHTS[status] ?? 1;
    // What was over at once is still seen.
    const width = Math.max(((end - at) / span) * 100, 0.4);
    return s('rect', { class: 'debug-bar', 'data-kind': status, x: ((at - begin) / span) * 100, y: 10 - height, width, height });
  });
  return s('svg', { class: 'debug-timeline', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...bars);
}

/**
 * A figure over time, evenly spaced, from 0 to its largest value.
 * @param {(number|null)[]} values oldest first; what is not known leaves a gap
 * @returns {SVGElement}
 */
export function drawSparkline(values) {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const step = 60 / Math.max(values.length - 1, 1);
  let path = '';
  values.forEach((value, index) => {
    if (value === null) return;
    const starts = index === 0 || values[index - 1] === null;
    path += `${starts ? 'M' : 'L'}${(index * step).toFixed(1)} ${(15 - (value / most) * 14).toFixed(1)}`;
  });
  return s('svg', { class: 'debug-spark', viewBox: '0 0 60 16', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, s('path', { d: path }));
}

/** @param {string} name */
function short(name) {
  const signs = [...name];
  return signs.length > 12 ? `${signs.slice(0, 11).join('')}…` : name;
}
