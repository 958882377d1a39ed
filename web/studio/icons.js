// The icons, as inline SVG in a 24 by 24 box, drawn in the text's colour. They carry no meaning of their own: whoever uses
// one gives the accessible name to the control around it.

const SVG = 'http://www.w3.org/2000/svg';

/** Path data by name, stroked. */
const PATHS = {
  microphone: ['M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3Z', 'M6 11a6 6 0 0 0 12 0', 'M12 17v4', 'M9 21h6'],
  microphoneOff: ['M9 6a3 3 0 0 1 6 0v5c0 .4-.08.8-.2 1.15', 'M9 9.5V11a3 3 0 0 0 4.3 2.7', 'M6 11a6 6 0 0 0 9.6 4.8', 'M17.6 13A6 6 0 0 0 18 11', 'M12 17v4', 'M9 21h6', 'M4 4l16 16'],
  camera: ['M4.5 6.5h9a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16V8a1.5 1.5 0 0 1 1.5-1.5Z', 'M15 10.5l6-3.5v10l-6-3.5'],
  cameraOff: ['M8.5 6.5h5A1.5 1.5 0 0 1 15 8v4.5', 'M15 10.5l6-3.5v10l-3-1.75', 'M14.5 17.2a1.5 1.5 0 0 1-1 .3h-9A1.5 1.5 0 0 1 3 16V8a1.5 1.5 0 0 1 1.2-1.47', 'M4 4l16 16'],
  speaker: ['M4 9.5v5h3.5L12 19V5L7.5 9.5H4Z', 'M15.5 9a4.2 4.2 0 0 1 0 6', 'M18 6.5a7.8 7.8 0 0 1 0 11'],
  speakerOff: ['M4 9.5v5h3.5L12 19V5L7.5 9.5H4Z', 'M16 9.5l5 5', 'M21 9.5l-5 5'],
  chat: ['M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-6.5L8 20v-4H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5Z'],
  rooms: ['M4 4h6.5v6.5H4z', 'M13.5 4H20v6.5h-6.5z', 'M4 13.5h6.5V20H4z', 'M13.5 13.5H20V20h-6.5z'],
  link: ['M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3', 'M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1'],
  leave: ['M14 4H6.5A1.5 1.5 0 0 0 5 5.5v13A1.5 1.5 0 0 0 6.5 20H14', 'M10 12h10', 'M16.5 8.5 20 12l-3.5 3.5'],
  more: ['M12 5.5v.01', 'M12 12v.01', 'M12 18.5v.01'],
  refresh: ['M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.5', 'M20 4.5v5h-5'],
  record: ['M12 5.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13Z', 'M12 9.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5Z'],
  open: ['M6 9.5l6 6 6-6'],
  headphones: ['M4 17v-4a8 8 0 0 1 16 0v4', 'M4 14.5h2.5A1.5 1.5 0 0 1 8 16v3a1.5 1.5 0 0 1-1.5 1.5H5.5A1.5 1.5 0 0 1 4 19v-4.5Z', 'M20 14.5h-2.5A1.5 1.5 0 0 0 16 16v3a1.5 1.5 0 0 0 1.5 1.5h1A1.5 1.5 0 0 0 20 19v-4.5Z'],
  warning: ['M12 4.5 21 19.5H3L12 4.5Z', 'M12 10.5v4', 'M12 17v.01'],
  back: ['M19 12H5', 'M10.5 6.5 5 12l5.5 5.5'],
  close: ['M6 6l12 12', 'M18 6 6 18'],
  keys: ['M4.5 7h15A1.5 1.5 0 0 1 21 8.5v7a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7Z', 'M7 10.5v.01', 'M10.3 10.5v.01', 'M13.7 10.5v.01', 'M17 10.5v.01', 'M8 13.8h8'],
  screen: ['M4.5 5h15A1.5 1.5 0 0 1 21 6.5v9a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 15.5v-9A1.5 1.5 0 0 1 4.5 5Z', 'M8.5 20.5h7', 'M12 14V8.5', 'M9.5 10.5 12 8l2.5 2.5'],
  devices: ['M4 7h9', 'M17 7h3', 'M4 17h3', 'M11 17h9', 'M15 5a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z', 'M9 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4Z'],
  enlarge: ['M14 4h6v6', 'M10 20H4v-6', 'M20 4l-7 7', 'M4 20l7-7'],
  shrink: ['M20 10h-6V4', 'M4 14h6v6', 'M14 10l6.5-6.5', 'M10 14l-6.5 6.5'],
  send: ['M4 12 20 4.5 15.5 20l-3.5-6.5L4 12Z', 'M12 13.5l8-9'],
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * Makes an icon, hidden from screen readers.
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  svg.setAttribute('class', 'icon');
  for (const data of PATHS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', data);
    svg.append(path);
  }
  return svg;
}
