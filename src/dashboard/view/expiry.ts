import type { Gauge } from './model.ts';
import { spanText } from './time-text.ts';

/** Part of a role's lifetime that is left when `warnTime` is reached: the controller sets it so. */
const WARNED_PART = 1 / 4;

/**
 * How long metadata stays valid. The bar shows the part of its lifetime that is left; without `warnTime`
 * there is none.
 */
export function expiryGauge(expiresTime: string | undefined, warnTime: string | undefined, now: Date): Gauge {
  const expires = Date.parse(expiresTime ?? '');
  if (Number.isNaN(expires)) {
    return { tone: 'neutral', text: 'expiry not known' };
  }
  const left = expires - now.getTime();
  if (left <= 0) {
    return { tone: 'bad', text: `expired ${spanText(-left)} ago`, fraction: 0 };
  }
  const warn = Date.parse(warnTime ?? '');
  const text = `expires in ${spanText(left)}`;
  if (Number.isNaN(warn) || warn >= expires) {
    return { tone: 'good', text };
  }
  const lifetime = (expires - warn) / WARNED_PART;
  return {
    tone: now.getTime() >= warn ? 'warning' : 'good',
    text,
    fraction: Math.min(1, left / lifetime),
  };
}
