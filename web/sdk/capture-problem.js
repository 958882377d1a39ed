/** Why a microphone or a camera could not be had. */

/** @typedef {'denied' | 'missing' | 'busy' | 'insecure' | 'unsupported'} CaptureProblem */

/**
 * The problem behind what getUserMedia threw (W3C Media Capture and Streams, section 10.2); `InsecureError` is thrown by who
 * finds that the page has no `mediaDevices` because its address is not secure.
 * @param {unknown} error
 * @returns {CaptureProblem}
 */
export function problemOf(error) {
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    case 'InsecureError':
      return 'insecure';
    default:
      return 'unsupported';
  }
}

/** Frees what a stream captures. @param {MediaStream | null} stream */
export function stopCapture(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
