// Preloaded into a Node.js process (`--import`), moves its wall clock by TEST_CLOCK_OFFSET_MS milliseconds:
// `Date` alone, as a wrongly set clock does; timers and performance.now() continue as they are. See clock.ts,
// which starts processes with it.
//
// Plain JavaScript, because it comes before everything else in every process, an image's program included.

const offsetMs = Number(process.env['TEST_CLOCK_OFFSET_MS'] ?? 0);
if (!Number.isSafeInteger(offsetMs)) {
  throw new RangeError('TEST_CLOCK_OFFSET_MS must be a whole number of milliseconds.');
}

const RealDate = Date;
const realNow = RealDate.now;
RealDate.now = () => realNow() + offsetMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now()] : args, newTarget),
  apply: (target) => new target(target.now()).toString(),
});
RealDate.prototype.constructor = globalThis.Date;
