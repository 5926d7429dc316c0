import { useRef, useState } from 'preact/hooks';
import type { ApprovalView } from '../view/model.ts';

/** The plans that wait for a person. */
export function Approvals({ approvals }: { readonly approvals: readonly ApprovalView[] }) {
  return (
    <>
      {approvals.map((approval) => (
        <Approval key={`${approval.name} ${approval.digest}`} approval={approval} />
      ))}
    </>
  );
}

type Attempt =
  | { readonly kind: 'none' | 'sending' | 'sent' }
  | { readonly kind: 'failed'; readonly message: string };

/** A plan with its digest, and a dialog that asks for approval of exactly the digest that was shown. */
function Approval({ approval }: { readonly approval: ApprovalView }) {
  const { name, namespace, digest, writes, summary } = approval;
  const [attempt, setAttempt] = useState<Attempt>({ kind: 'none' });
  const dialog = useRef<HTMLDialogElement>(null);
  const send = async (): Promise<void> => {
    setAttempt({ kind: 'sending' });
    const message = await post({ namespace, name, digest });
    setAttempt(message === undefined ? { kind: 'sent' } : { kind: 'failed', message });
    dialog.current?.close();
  };
  const what = writes === 1 ? 'this write' : `these ${writes} writes`;
  return (
    <section class="approval" aria-label={`Approval of run ${name}`}>
      <h2>Run {name} waits for your approval</h2>
      <p>{summary}. The settings below say what it would write.</p>
      <p class="digest">
        <code>{digest}</code>
      </p>
      <button
        type="button"
        disabled={attempt.kind === 'sending' || attempt.kind === 'sent'}
        onClick={() => dialog.current?.showModal()}
      >
        Approve…
      </button>
      <p role="status">
        {attempt.kind === 'sent' ? 'Approved. The run continues.' : ''}
        {attempt.kind === 'failed' ? `Nothing was approved. ${attempt.message}` : ''}
      </p>
      <dialog ref={dialog} aria-labelledby={`ask-${name}`}>
        <h2 id={`ask-${name}`}>Apply {what}?</h2>
        <p>
          Run {name} will write to Redis exactly the plan with this digest. A plan that has changed meanwhile
          waits again.
        </p>
        <p class="digest">
          <code>{digest}</code>
        </p>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Not now
          </button>
          <button type="button" class="primary" disabled={attempt.kind === 'sending'} onClick={send}>
            Approve {what}
          </button>
        </div>
      </dialog>
    </section>
  );
}

/** Sends an approval; returns why it was refused, or undefined when it was not. */
async function post(
  approval: Pick<ApprovalView, 'namespace' | 'name' | 'digest'>,
): Promise<string | undefined> {
  try {
    const answer = await fetch('approve', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(approval),
    });
    if (answer.ok) {
      return undefined;
    }
    const body: unknown = await answer.json();
    const said = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
    return typeof said === 'string' ? said : `The dashboard answered ${answer.status}.`;
  } catch {
    return 'The dashboard does not answer. Is the command still running?';
  }
}
