// The choice among the microphones, cameras or speakers that are plugged in: a select that follows the list of devices.

import { h, setText } from '../dom.js';
import { icon } from '../icons.js';
import { texts } from '../texts.js';

/**
 * @param {{
 *   kind: MediaDeviceKind,
 *   id: string,
 *   label: string,
 *   shape: import('../icons.js').IconName,
 *   devices: import('../devices.js').Devices,
 *   device?: import('../device.js').Device,
 *   chosen: () => string,
 *   onChoose: (deviceId: string) => Promise<void>,
 * }} options `id`: of the element, once on the page; `device`: what captures, to name the default; `chosen`: the device id, '' for the default
 * @returns {{element: HTMLElement, select: HTMLSelectElement, show(): void}}
 */
export function createDeviceChoice({ kind, id, label, shape, devices, device, chosen, onChoose }) {
  /** What the person picked and the browser is still opening: it stays shown meanwhile. @type {string|null} */
  let picked = null;
  const onchange = async () => {
    const choice = select.value;
    picked = choice;
    await onChoose(choice).finally(() => {
      if (picked === choice) picked = null;
      show();
    });
  };
  const select = h('select', { id, onchange });
  const element = h('div', { class: 'field device-choice' }, h('label', { for: id }, icon(shape), label), select);
  /** What was offered last, so that an open list isn't made anew under somebody's hand. */
  let offered = '';

  const show = () => {
    const choices = devices.list.of(kind);
    const used = chosen() === '' ? (device?.label ?? '') : '';
    const first = { id: '', label: texts.devices.defaultOf(devices.list.defaultLabel(kind) || used) };
    const all = [first, ...choices.map((choice, index) => ({ ...choice, label: choice.label || texts.devices.unnamed(index + 1) }))];
    const text = JSON.stringify(all);
    if (text !== offered) {
      offered = text;
      select.replaceChildren(...all.map((one) => {
        const option = h('option', { value: one.id });
        setText(option, one.label);
        return option;
      }));
    }
    const wanted = picked ?? chosen();
    select.value = all.some((one) => one.id === wanted) ? wanted : '';
    element.hidden = kind === 'audiooutput' && choices.length === 0;
  };
  return { element, select, show };
}
