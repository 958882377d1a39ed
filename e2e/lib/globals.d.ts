/** What the pages under test have on `window`. */

import type { Probe } from './probe.mjs';

declare global {
  interface Window {
    /** The page's debug handle, as the contract's section "The page" has it. */
    parlor: any;
    /** Put there before the page's scripts run. */
    parlorProbe: Probe;
  }
}
