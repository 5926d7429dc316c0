import type { RunView, StepView } from '../view/model.ts';
import { BadgeText, GaugeText } from './badge.tsx';

/** The last runs, the newest open. */
export function Timeline({ runs, omitted }: { readonly runs: readonly RunView[]; readonly omitted: number }) {
  return (
    <section class="panel" aria-labelledby="runs">
      <h2 id="runs">Last runs</h2>
      {runs.length === 0 ? <p>There has been no run for this app.</p> : null}
      {runs.map((run, index) => (
        <Run key={run.name} run={run} isNewest={index === 0} />
      ))}
      {omitted === 0 ? null : (
        <p class="quiet">
          … and {omitted} older. All of them: <code>kubectl tuf-recovery status</code>
        </p>
      )}
    </section>
  );
}

function Run({ run, isNewest }: { readonly run: RunView; readonly isNewest: boolean }) {
  return (
    <details class="run" open={isNewest}>
      <summary>
        <span class="name cut" title={run.name}>
          {run.name}
        </span>
        <BadgeText badge={run.result} />
        <span class="quiet">
          {run.mode}, <time dateTime={run.createdTime}>{run.created}</time>, {run.duration}
        </span>
      </summary>
      <p>{run.message}</p>
      {run.progress === undefined ? null : <GaugeText gauge={run.progress} />}
      {run.note === undefined ? null : <p class="quiet">{run.note}</p>}
      <Steps steps={run.steps} />
    </details>
  );
}

/** Each step begins where the one before ended: a bar is as long as its part of the whole. */
function Steps({ steps }: { readonly steps: readonly StepView[] }) {
  const total = steps.reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0);
  let before = 0;
  return (
    <ol class="steps">
      {steps.map(({ step, state, text, milliseconds = 0 }, index) => {
        const left = before;
        before += milliseconds;
        return (
          <li key={step} class={state}>
            <span class="number">R{index + 1}</span>
            <span class="step">{step}</span>
            <span class="track" aria-hidden="true">
              {total === 0 ? null : (
                <span style={{ left: percent(left, total), width: percent(milliseconds, total) }} />
              )}
            </span>
            <span class="duration">{text}</span>
          </li>
        );
      })}
    </ol>
  );
}

function percent(part: number, total: number): string {
  return `${Math.round((part / total) * 1000) / 10}%`;
}
