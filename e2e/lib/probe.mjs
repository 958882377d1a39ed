/**
 * What is put into every page before its own scripts run: a microphone that plays a known tone, and ears that hear
 * what the page really does (connections made, frames sent and received, policy violations). `installProbe` runs in
 * the page, so it uses nothing from outside itself. Reading the results is `audio.mjs`' and `page.mjs`' work.
 */

/**
 * @typedef {object} ProbeOptions
 * @property {number | null} toneHz the microphone's tone (null: the browser's own fake microphone)
 * @property {number} amplitude of that tone
 * @property {string | null} microphoneError the name of the DOMException that getUserMedia fails with; `pending`: the
 *   question is never answered; null: it works
 * @property {string[]} missing globals that this browser lacks, such as `RTCPeerConnection`
 */

/**
 * @typedef {object} Probe
 * @property {RTCPeerConnection[]} connections every one that this document made
 * @property {{ at: number, way: 'out' | 'in', type: string, data: any }[]} frames signalling frames, newest last;
 *   `at` in ms since the epoch
 * @property {WebSocket[]} sockets every one that this document made
 * @property {string[]} violations of the Content-Security-Policy
 * @property {boolean} wasRestored whether the document came back out of the back/forward cache
 * @property {MediaStreamTrack[]} microphones every track that the page was given
 * @property {HTMLAudioElement[]} elements that the test itself made
 * @property {(node: AudioNode, toneHz: number) => { rmsDb: number, toneDb: number }} listen level at a node now, in
 *   dBFS, of everything and of one tone
 * @property {GainNode | undefined} tone the loudness of the microphone's tone, once it was asked for
 * @property {(tone: { period_ms: number, length_ms: number, duration_ms: number, delay_ms?: number }) => void} pulse from now
 *   on the tone is heard only in bursts, for so long, the first of them after the delay
 * @property {(isHeard: boolean) => void} hold from now on the tone is heard all the time, or never
 * @property {(node: AudioNode, toneHz: number, duration_ms: number) => Promise<number[]>} arrivals listens at a node for
 *   bursts of a tone: when each began, in ms from the beginning
 * @property {(node: AudioNode, toneHz: number, duration_ms: number) => Promise<{ at_ms: number, length_ms: number }[]>} gaps
 *   listens at a node for when a tone is not to be heard, to 5 ms
 * @property {boolean} isStubborn as long as it is true, no description is ever made: neither offer nor answer leaves
 * @property {() => void} deafen takes the instruments of `listen` away; the next call makes new ones
 */

/** The amplitude of everybody's tone. */
export const toneAmplitude = 0.1;

/** @param {ProbeOptions} options */
export function installProbe({ toneHz, microphoneError, missing, amplitude }) {
  // A page that is embedded, or about:blank before it navigates, needs no ears.
  if (window.top !== window || location.protocol === 'about:') return;

  const BLOCK_MS = 5;
  /** @type {Map<AudioNode, AnalyserNode>} */
  const analysers = new Map();
  /** @type {Probe} */
  const probe = {
    connections: [], frames: [], sockets: [], violations: [], wasRestored: false, microphones: [], elements: [],
    tone: undefined, isStubborn: false, listen, deafen, pulse, hold, arrivals, gaps,
  };
  Object.defineProperty(window, 'parlorProbe', { value: probe });

  document.addEventListener('securitypolicyviolation', (event) => {
    probe.violations.push(`${event.effectiveDirective} blocked ${event.blockedURI || 'inline'} in ${event.sourceFile}:${event.lineNumber}`);
  });
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) probe.wasRestored = true;
  });

  if (window.RTCPeerConnection !== undefined) {
    window.RTCPeerConnection = watchConstruction(window.RTCPeerConnection, (connection) => {
      probe.connections.push(connection);
      for (const make of /** @type {const} */ (['createOffer', 'createAnswer'])) {
        const really = /** @type {(options?: any) => Promise<any>} */ (connection[make].bind(connection));
        connection[make] = (/** @type {any} */ options) => (probe.isStubborn ? new Promise(() => {}) : really(options));
      }
    });
  }
  window.WebSocket = watchConstruction(window.WebSocket, (socket) => {
    probe.sockets.push(socket);
    socket.addEventListener('message', (event) => keepFrame('in', event.data));
    socket.send = (data) => {
      keepFrame('out', data);
      WebSocket.prototype.send.call(socket, data);
    };
  });

  const devices = navigator.mediaDevices;
  if (devices !== undefined && (toneHz !== null || microphoneError !== null)) {
    const askBrowser = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints = {}) => {
      if (microphoneError === 'pending' && constraints.audio) return new Promise(() => {});
      if (microphoneError !== null && constraints.audio) throw new DOMException('as the test wants it', microphoneError);
      const tracks = [];
      if (constraints.audio) tracks.push(...(toneHz === null ? (await askBrowser({ audio: constraints.audio })).getTracks() : await playTone(toneHz)));
      if (constraints.video) tracks.push(...(await askBrowser({ video: constraints.video })).getTracks());
      probe.microphones.push(...tracks.filter((track) => track.kind === 'audio'));
      return new MediaStream(tracks);
    };
  }
  for (const name of missing) Reflect.deleteProperty(window, name);

  /** @type {AudioContext | undefined} */
  let toneContext;

  /** @param {number} frequency */
  async function playTone(frequency) {
    // It stands in for a microphone, which costs less than a context that renders every few milliseconds, at a rate of its own,
    // for a speaker; Firefox takes the last two as they are.
    toneContext ??= new AudioContext(/** @type {AudioContextOptions} */ ({
      latencyHint: 'playback', ...('mozGetUserMedia' in navigator ? {} : { sampleRate: 48_000, sinkId: { type: 'none' } }),
    }));
    await toneContext.resume();
    const oscillator = new OscillatorNode(toneContext, { frequency });
    const destination = new MediaStreamAudioDestinationNode(toneContext);
    probe.tone = new GainNode(toneContext, { gain: amplitude });
    oscillator.connect(probe.tone).connect(destination);
    oscillator.start();
    return destination.stream.getAudioTracks();
  }

  /**
   * @param {AudioNode} node
   * @param {number} frequency
   */
  function listen(node, frequency) {
    let analyser = analysers.get(node);
    if (analyser === undefined) {
      analyser = new AnalyserNode(node.context, { fftSize: 8_192 });
      node.connect(analyser);
      analysers.set(node, analyser);
    }
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    let real = 0;
    let imaginary = 0;
    const step = (2 * Math.PI * frequency) / node.context.sampleRate;
    samples.forEach((sample, index) => {
      sum += sample * sample;
      // One bin of a Fourier transform behind a Hann window, whose mean is a half.
      const windowed = sample * (1 - Math.cos((2 * Math.PI * index) / samples.length));
      real += windowed * Math.cos(step * index);
      imaginary += windowed * Math.sin(step * index);
    });
    const toneRms = (Math.SQRT2 * Math.hypot(real, imaginary)) / samples.length;
    return { rmsDb: inDb(Math.sqrt(sum / samples.length)), toneDb: inDb(toneRms) };
  }

  /** @param {{ period_ms: number, length_ms: number, duration_ms: number, delay_ms?: number }} options */
  function pulse({ period_ms, length_ms, duration_ms, delay_ms = 100 }) {
    if (probe.tone === undefined) throw new Error('the microphone was never asked for');
    const { gain, context } = probe.tone;
    const start = context.currentTime + delay_ms / 1_000;
    gain.cancelScheduledValues(0);
    gain.setValueAtTime(0, context.currentTime);
    for (let at = 0; at < duration_ms; at += period_ms) {
      gain.setValueAtTime(amplitude, start + at / 1_000);
      gain.setValueAtTime(0, start + (at + length_ms) / 1_000);
    }
  }

  /** @param {boolean} isHeard */
  function hold(isHeard) {
    if (probe.tone === undefined) throw new Error('the microphone was never asked for');
    const { gain, context } = probe.tone;
    gain.cancelScheduledValues(0);
    gain.setValueAtTime(isHeard ? amplitude : 0, context.currentTime);
  }

  /**
   * Of the samples of each 5 ms, how much lies at the tone: a burst begins where it passes a quarter of the amplitude that
   * everybody sends, after it was below an eighth.
   *
   * @param {AudioNode} node
   * @param {number} frequency
   * @param {number} duration_ms
   */
  async function arrivals(node, frequency, duration_ms) {
    const begun = [];
    let isOn = false;
    for (const { at_ms, amplitude: loud } of await loudness(node, frequency, duration_ms)) {
      if (!isOn && loud > amplitude / 4) begun.push(at_ms);
      isOn = loud > (isOn ? amplitude / 8 : amplitude / 4);
    }
    return begun;
  }

  /**
   * @param {AudioNode} node
   * @param {number} frequency
   * @param {number} duration_ms
   */
  async function gaps(node, frequency, duration_ms) {
    /** @type {{ at_ms: number, length_ms: number }[]} */
    const found = [];
    for (const { at_ms, amplitude: loud } of await loudness(node, frequency, duration_ms)) {
      const last = found.at(-1);
      if (loud > amplitude / 8) continue;
      if (last && at_ms - last.at_ms - last.length_ms < 1) last.length_ms += BLOCK_MS;
      else found.push({ at_ms, length_ms: BLOCK_MS });
    }
    return found;
  }

  /**
   * How loud a tone is, for each 5 ms of a while.
   *
   * @param {AudioNode} node
   * @param {number} frequency
   * @param {number} duration_ms
   */
  async function loudness(node, frequency, duration_ms) {
    const { sampleRate } = node.context;
    const length = Math.round((sampleRate * BLOCK_MS) / 1_000);
    const recorder = /** @type {AudioContext} */ (node.context).createScriptProcessor(4_096, 1, 1);
    /** @type {Float32Array[]} */
    const blocks = [];
    recorder.onaudioprocess = (event) => blocks.push(event.inputBuffer.getChannelData(0).slice());
    node.connect(recorder).connect(node.context.destination);
    await new Promise((done) => { setTimeout(done, duration_ms); });
    node.disconnect(recorder);
    recorder.disconnect();
    const samples = new Float32Array(blocks.length * 4_096);
    blocks.forEach((block, index) => samples.set(block, index * 4_096));
    const step = (2 * Math.PI * frequency) / sampleRate;
    const blocksOfTone = [];
    for (let start = 0; start + length <= samples.length; start += length) {
      let real = 0;
      let imaginary = 0;
      for (let index = start; index < start + length; index += 1) {
        real += samples[index] * Math.cos(step * index);
        imaginary += samples[index] * Math.sin(step * index);
      }
      blocksOfTone.push({ at_ms: (1_000 * start) / sampleRate, amplitude: (2 * Math.hypot(real, imaginary)) / length });
    }
    return blocksOfTone;
  }

  function deafen() {
    for (const [node, analyser] of analysers) node.disconnect(analyser);
    analysers.clear();
  }

  /**
   * JSON has no infinity: silence is -200 dBFS.
   *
   * @param {number} ratio
   */
  function inDb(ratio) {
    return ratio > 1e-10 ? 20 * Math.log10(ratio) : -200;
  }

  /**
   * @param {'in' | 'out'} way
   * @param {unknown} text
   */
  function keepFrame(way, text) {
    if (typeof text !== 'string') return;
    const { type, data } = JSON.parse(text);
    probe.frames.push({ at: performance.timeOrigin + performance.now(), way, type, data });
    if (probe.frames.length > 5_000) probe.frames.shift();
  }

  /**
   * @template {new (...args: any[]) => any} C
   * @param {C} constructor
   * @param {(made: InstanceType<C>) => void} onMade
   * @returns {C}
   */
  function watchConstruction(constructor, onMade) {
    return new Proxy(constructor, {
      construct(target, args) {
        const made = Reflect.construct(target, args);
        onMade(made);
        return made;
      },
    });
  }
}
