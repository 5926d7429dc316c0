import { expect, test } from 'vitest';
import { expectOutcomes } from '../../bench/outcomes.ts';

test('a bench fails with every unexpected outcome, and says of its figures only what is always true', () => {
  expect(() => expectOutcomes([])).not.toThrow();
  // Some benches have printed theirs by then, as the soak does, and some have not.
  expect(() => expectOutcomes(['a was late', 'b was wrong'])).toThrow(
    /^(?!.*figures).*:\n {2}a was late\n {2}b was wrong$/is,
  );
});
