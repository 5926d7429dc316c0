const NEWLINE = 0x0a;
/** A longer line is cut: no line of a program that logs for people and machines comes near it. */
const MAX_LINE_BYTES = 256 * 1024;

/**
 * Turns the body of a log into its lines, without the line breaks. Reading is paced by the consumer. Only
 * whole lines are decoded, so a character that arrives in two chunks stays whole; of a line that is too long
 * its beginning is kept.
 */
export async function* readLogStream(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const keep = (part: Uint8Array): void => {
    const fitting = part.subarray(0, MAX_LINE_BYTES - pendingBytes);
    pending.push(fitting);
    pendingBytes += fitting.length;
  };
  const line = (): string => {
    const text = Buffer.concat(pending).toString('utf8');
    pending = [];
    pendingBytes = 0;
    return text;
  };
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      start = end + 1;
      yield line();
    }
    keep(chunk.subarray(start));
  }
  if (pendingBytes > 0) {
    yield line();
  }
}
