// Suggests a room name to somebody who has none in mind: two words, easily said over a telephone.

const FIRST = ['Amber', 'Blue', 'Bright', 'Calm', 'Clear', 'Copper', 'Early', 'Golden', 'Green', 'Late', 'Little', 'North', 'Open', 'Quiet', 'Silver', 'Sunny', 'Velvet', 'Warm', 'Wild', 'Winter'];
const SECOND = ['Balcony', 'Bridge', 'Café', 'Corner', 'Garden', 'Harbour', 'Kitchen', 'Lantern', 'Library', 'Meadow', 'Orchard', 'Parlour', 'Pier', 'Porch', 'River', 'Salon', 'Studio', 'Terrace', 'Tower', 'Veranda'];

/**
 * A room name. 400 are possible, so it is a suggestion, not a secret.
 * @param {() => number} [random] gives 0 up to, not including, 1
 * @returns {string}
 */
export function suggestRoomName(random = Math.random) {
  /** @param {string[]} words */
  const pick = (words) => words[Math.floor(random() * words.length)] ?? '';
  return `${pick(FIRST)} ${pick(SECOND)}`;
}
