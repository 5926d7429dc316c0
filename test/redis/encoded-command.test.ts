import fc from 'fast-check';
import { Command as ClientCommand } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { inOneTurn, inTurns } from '../../src/async/in-turns.ts';
import { replyToText, textToBytes } from '../../src/redis/byte-text.ts';
import { type Command, encodeCommand } from '../../src/redis/encoded-command.ts';
import { turnsDuring } from '../async/fixtures/turns.ts';

/** The bytes the client itself would send. */
function bytesOfClient([name, ...args]: Command): Buffer {
  const flat = args.flat().map((arg) => (typeof arg === 'string' ? textToBytes(arg) : arg));
  return Buffer.from(new ClientCommand(name, flat).toWritable({}));
}

describe('a command', () => {
  // Lone surrogates of this range are how bytes that are not UTF-8 are held.
  const rawByte = fc.integer({ min: 0xdc80, max: 0xdcff }).map((unit) => String.fromCharCode(unit));
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(rawByte, fc.string()), { maxLength: 5 }).map((parts) => parts.join('')),
    fc.integer({ min: 16_000, max: 40_000 }).map((length) => 'é'.repeat(length)),
  );
  const args = fc.array(fc.oneof(text, fc.integer(), fc.array(text)), { maxLength: 8 });

  test('is sent in the bytes that the client would send, whatever it holds', () => {
    fc.assert(
      fc.property(args, (list) => {
        const command: Command = ['EVAL', ...list];
        // Not toEqual, which compares byte by byte.
        expect(inOneTurn(encodeCommand(command)).toWritable().equals(bytesOfClient(command))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('of an app with many keys leaves the event loop its turns, and so does its reply', async () => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `key-${i}`);
    expect(
      await turnsDuring(() => inTurns(encodeCommand(['EVAL', 'return 1', keys.length, keys]))),
    ).toBeGreaterThan(0);
    const reply = keys.map((key) => [Buffer.from(key), -1]);
    expect(await turnsDuring(() => inTurns(replyToText(reply)))).toBeGreaterThan(0);
    expect(inOneTurn(replyToText(reply))).toEqual(keys.map((key) => [key, -1]));
  });
});
