// Hands a person a file that the page made.

/** How long the browser may take to fetch it, in ms. */
const FETCHED_MS = 60_000;

/** @param {Blob} blob @param {string} fileName */
export function saveFile(blob, fileName) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), FETCHED_MS);
}
