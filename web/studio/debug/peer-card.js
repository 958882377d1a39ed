// One connection of the debug view, folded until somebody looks: its states over time, figures, path, tracks and
// descriptions. It asks the browser for nothing; what getStats says is handed to it.

import { append, h, setText } from '../dom.js';
import { texts } from '../texts.js';
import { kindOf, qualityOf, stateText } from './digest.js';
import { word } from './overview.js';
import { flowsOf, pathOf } from './stats.js';
import { drawSparkline, drawTimeline } from './svg.js';
import { timeText } from './time-text.js';

/** @typedef {import('./digest.js').Story} Story */
/** @typedef {import('../../sdk/rtc-peer.js').Details} Details */

/** How many changes of state are listed; the timeline has all that are kept. */
const STATES_SHOWN = 12;

/**
 * @param {{id: string, onRetry(): void, onClose(): void}} options
 * @returns {PeerCard}
 */
export function createPeerCard({ id, onRetry, onClose }) {
  const words = texts.debug;
  const name = h('span', { class: 'debug-peer-name' });
  const mark = h('span', { class: 'debug-kind' });
  const failure = h('p', { class: 'fault', hidden: true });
  const retry = h('button', { type: 'button', class: 'button small', onclick: onRetry }, words.tryAgain);
  const close = h('button', { type: 'button', class: 'button small', onclick: onClose }, words.close);
  const picture = h('div', { class: 'debug-picture' });
  const states = h('ol', { class: 'debug-states' });
  const figures = h('dl', { class: 'debug-figures' });
  const path = h('dl', { class: 'debug-figures' });
  const flows = h('tbody');
  const flowsHead = h('tr', {}, ...words.flowColumns.map((column) => h('th', { scope: 'col' }, column)));
  const local = createDescription(words.local);
  const remote = createDescription(words.remote);
  const element = h(
    'details',
    { class: 'debug-peer' },
    h('summary', {}, name, ' ', mark),
    h(
      'div',
      { class: 'debug-peer-body' },
      h('p', { class: 'debug-note' }, h('code', {}, id)),
      failure,
      h('div', { class: 'actions' }, retry, close),
      h('h4', {}, words.statesHeading),
      picture,
      states,
      h('h4', {}, words.figuresHeading),
      figures,
      h('h4', {}, words.pathHeading),
      path,
      h('h4', {}, words.tracksHeading),
      h(
        'div',
        { class: 'debug-scroll', tabindex: '0', role: 'group', 'aria-label': words.tracksHeading },
        h('table', {}, h('thead', {}, flowsHead), flows),
      ),
      h('h4', {}, words.descriptionsHeading),
      local.element,
      remote.element,
    ),
  );

  return {
    element,
    get isOpen() {
      return element.open;
    },
    open() {
      element.open = true;
    },
    show(label, story) {
      const status = story?.states.at(-1)?.state.status ?? 'disconnected';
      const kind = kindOf(story);
      setText(name, label);
      setText(mark, word(kind));
      mark.dataset['kind'] = kind;
      failure.hidden = (story?.failure ?? null) === null;
      setText(failure, story?.failure ?? '');
      // The core takes neither when there is nothing to do.
      retry.disabled = !['failed', 'failed-permanent', 'disconnected'].includes(status) || story?.isGone === true;
      close.disabled = status === 'disconnected';
      if (!element.open || story === undefined) return;
      picture.replaceChildren(drawTimeline(story.states, Date.now()));
      const recent = story.states.slice(-STATES_SHOWN).map(({ at, state }) => `${timeText(at)} ${stateText(state)}`);
      replaceTexts(states, recent);
      showFigures(figures, story);
    },
    showStats(stats, details) {
      const found = pathOf(stats);
      const end = (/** @type {import('./stats.js').End} */ { type, protocol, address, relay }) =>
        [type, protocol, address, relay === null ? '' : words.relayBy(relay)].filter(Boolean).join(' ');
      const state = details === undefined ? words.none : [details.connectionState, details.iceConnectionState, details.signalingState].join(', ');
      replacePairs(path, [
        [words.pathLocal, found === null ? words.none : end(found.local)],
        [words.pathRemote, found === null ? words.none : end(found.remote)],
        [words.roundTrip, found === null || found.roundTripMs === null ? words.none : words.ms(found.roundTripMs)],
        [words.browserStates, state],
        [words.attempt, details === undefined ? words.none : String(details.attempt)],
      ]);
      flows.replaceChildren();
      for (const flow of flowsOf(stats)) {
        const figure = (/** @type {number|null} */ value) => (value === null ? '–' : String(value));
        const concealed = flow.concealedPermille === null ? '–' : (flow.concealedPermille / 10).toFixed(2);
        const cells = [flow.codec, figure(flow.packets), figure(flow.lost), figure(flow.kilobytes), concealed, figure(flow.bufferMs)];
        const row = h('tr', {}, h('th', { scope: 'row' }, `${words.directions[flow.direction]} ${flow.kind}`));
        append(row, cells.map((cell) => h('td', {}, cell)));
        flows.append(row);
      }
      local.show(details?.local ?? null);
      remote.show(details?.remote ?? null);
    },
  };
}

/**
 * @typedef {object} PeerCard
 * @property {HTMLElement} element
 * @property {boolean} isOpen
 * @property {() => void} open
 * @property {(label: string, story: Story|undefined) => void} show
 * @property {(stats: any[], details: Details|undefined) => void} showStats
 */

/** @param {HTMLElement} list @param {Story} story */
function showFigures(list, story) {
  const words = texts.debug;
  const quality = qualityOf(story);
  const all = story.qualities.slice(-60).map((change) => change.quality);
  /** @type {[string, string, (number|null)[]][]} */
  const lines = quality === null ? [] : [
    [words.roundTrip, words.orNone(quality.roundTripMs, words.ms), all.map((one) => one.roundTripMs)],
    [words.loss, words.percent(quality.lossPermille / 10), all.map((one) => one.lossPermille)],
    [words.jitter, words.orNone(quality.jitterMs, words.ms), all.map((one) => one.jitterMs)],
    [words.rateIn, words.kbps(quality.inKbps), all.map((one) => one.inKbps)],
    [words.rateOut, words.kbps(quality.outKbps), all.map((one) => one.outKbps)],
    [words.available, words.orNone(quality.availableOutKbps, words.kbps), all.map((one) => one.availableOutKbps)],
  ];
  list.replaceChildren();
  for (const [label, value, values] of lines) {
    const detail = h('dd', {}, value);
    detail.append(drawSparkline(values));
    list.append(h('dt', {}, label), detail);
  }
  if (quality === null) list.append(h('dt', {}, words.grade), h('dd', {}, words.none));
  else list.prepend(h('dt', {}, words.grade), h('dd', {}, word(quality.grade)));
}

/**
 * A description, folded, with a button that copies it where the browser lets pages copy.
 * @param {string} label
 */
function createDescription(label) {
  const words = texts.debug;
  const text = h('pre', { class: 'debug-sdp', tabindex: '0', 'aria-label': label });
  const summary = h('summary', {}, label);
  const copied = h('span', { role: 'status' });
  const onCopy = () => {
    navigator.clipboard.writeText(text.textContent ?? '').then(
      () => setText(copied, words.copied),
      () => setText(copied, words.notCopied),
    );
  };
  const copy = h('button', { type: 'button', class: 'button small', onclick: onCopy, 'aria-label': words.copyOf(label) }, words.copy);
  copy.hidden = navigator.clipboard === undefined;
  const element = h('details', { class: 'debug-description' }, summary, h('p', { class: 'actions' }, copy, copied), text);
  return {
    element,
    /** @param {{type: string, sdp: string}|null} description */
    show(description) {
      setText(summary, description === null ? `${label}: ${words.none}` : `${label}: ${description.type}`);
      setText(text, description?.sdp ?? '');
      copy.disabled = description === null;
    },
  };
}

/** @param {HTMLElement} list @param {[string, string][]} pairs */
function replacePairs(list, pairs) {
  const before = [...list.children].map((child) => child.textContent);
  if (before.join('\n') === pairs.flat().join('\n')) return;
  list.replaceChildren();
  append(list, pairs.flatMap(([term, detail]) => [h('dt', {}, term), h('dd', {}, detail)]));
}

/** @param {HTMLElement} list @param {string[]} lines */
function replaceTexts(list, lines) {
  if ([...list.children].map((child) => child.textContent).join('\n') === lines.join('\n')) return;
  list.replaceChildren();
  append(list, lines.map((line) => h('li', {}, line)));
}
