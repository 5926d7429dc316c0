const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** Where no line can be rewritten, a long step shows a sign of life this often. */
const SIGN_OF_LIFE_MS = 60_000;

/**
 * One thing that takes a while.
 *
 * @typedef {object} Step
 * @property {(text: string) => void} note changes what is said about it
 * @property {(result: string) => void} done
 * @property {() => void} failed
 */

/**
 * @typedef {object} Progress
 * @property {(name: string, text: string) => Step} start
 */

/**
 * Shows steps, one at a time: a line that moves on a terminal, plain lines elsewhere.
 *
 * @param {NodeJS.WriteStream} stream
 * @returns {Progress}
 */
export function createProgress(stream) {
  const moving = stream.isTTY && !process.env['CI'];
  return { start: (name, text) => (moving ? movingStep(stream, name, text) : plainStep(stream, name, text)) };
}

/**
 * @param {NodeJS.WriteStream} stream
 * @param {string} name
 * @param {string} text
 * @returns {Step}
 */
function movingStep(stream, name, text) {
  const began = Date.now();
  let said = text;
  let frame = 0;
  const draw = () => {
    frame += 1;
    const line = `  ${FRAMES[frame % FRAMES.length]} ${name}  ${said} · ${seconds(began)}`;
    stream.write(`\r\u001b[2K${line.slice(0, stream.columns - 1)}`);
  };
  const timer = setInterval(draw, FRAME_MS);
  draw();
  /** @param {string} line */
  const end = (line) => {
    clearInterval(timer);
    stream.write(`\r\u001b[2K${line}\n`);
  };
  return {
    note: (next) => {
      said = next;
    },
    done: (result) => end(`  \u001b[32m✓\u001b[0m ${name}  ${result} · ${seconds(began)}`),
    failed: () => end(`  \u001b[31m✗\u001b[0m ${name}  ${said} · ${seconds(began)}`),
  };
}

/**
 * @param {NodeJS.WriteStream} stream
 * @param {string} name
 * @param {string} text
 * @returns {Step}
 */
function plainStep(stream, name, text) {
  const began = Date.now();
  let said = text;
  /** @param {string} line */
  const say = (line) => stream.write(`setup: ${name}: ${line}\n`);
  say(said);
  const timer = setInterval(() => say(`${said} (${seconds(began)})`), SIGN_OF_LIFE_MS);
  return {
    note: (next) => {
      if (next !== said) {
        said = next;
        say(said);
      }
    },
    done: (result) => {
      clearInterval(timer);
      say(`${result} (${seconds(began)})`);
    },
    failed: () => {
      clearInterval(timer);
      say(`failed (${seconds(began)})`);
    },
  };
}

/** @param {number} since */
function seconds(since) {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}
