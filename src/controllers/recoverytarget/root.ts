import { TerminalError } from '../../errors.ts';

/**
 * Refuses what can't be root metadata at all, a mistake worth telling before a run meets it: another role,
 * HTML, a digest. Whether it is a valid root is for the verifier to say.
 *
 * @throws TerminalError `InvalidReference`
 */
export function assertRoot(bytes: Uint8Array): void {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (typeOf(JSON.parse(text)) === 'root') {
      return;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) {
      throw error;
    }
    throw notRoot(error);
  }
  throw notRoot(undefined);
}

function notRoot(cause: unknown): TerminalError {
  return new TerminalError(
    'InvalidReference',
    'The ConfigMap of a pinned root does not hold root metadata. Put the exact bytes of a trusted N.root.json in: kubectl create configmap NAME --from-file=root.json=N.root.json.',
    { cause },
  );
}

function typeOf(metadata: unknown): unknown {
  const signed = member(metadata, 'signed');
  return member(signed, '_type');
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
    return undefined;
  }
  // `name` is an own property, as just checked.
  return (value as Readonly<Record<string, unknown>>)[name];
}
