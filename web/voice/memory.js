// What is remembered for the next visit: name, and push to talk. A browser that forbids storage, as some do in frames of
// other sites, forgets, and nothing else changes.

const NAME = 'parlor.name';
const PUSH_TO_TALK = 'parlor.voice.pushToTalk';

export const memory = {
  get name() {
    return read(NAME) ?? '';
  },
  set name(name) {
    write(NAME, name);
  },
  get isPushToTalk() {
    return read(PUSH_TO_TALK) === '1';
  },
  set isPushToTalk(isOn) {
    write(PUSH_TO_TALK, isOn ? '1' : '0');
  },
};

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
function write(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Full or forbidden.
  }
}
