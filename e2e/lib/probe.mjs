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
 * @property {boolean} isStubborn as long as it is true, no description is ever made: neither offer nor answer leaves
 * @property {() => void} deafen takes the instruments of `listen` away; the next call makes new ones
 */

/** The amplitude of everybody's tone. */
export const toneAmplitude = 0.1;

/** @param {ProbeOptions} options */
export function installProbe({ toneHz, microphoneError, missing, amplitude }) {
  // A page that is embedded, or about:blank before it navigates, needs no ears.
  if (window.top !== window || location.protocol === 'about:') return;

  /** @type {Map<AudioNode, AnalyserNode>} */
  const analysers = new Map();
  /** @type {Probe} */
  const probe = {
    connections: [], frames: [], sockets: [], violations: [], wasRestored: false, microphones: [], elements: [],
    isStubborn: false, listen, deafen,
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
    // It stands in for a microphone, which costs less than rendering every few milliseconds does.
    toneContext ??= new AudioContext({ latencyHint: 'playback' });
    await toneContext.resume();
    const oscillator = new OscillatorNode(toneContext, { frequency });
    const destination = new MediaStreamAudioDestinationNode(toneContext);
    oscillator.connect(new GainNode(toneContext, { gain: amplitude })).connect(destination);
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
