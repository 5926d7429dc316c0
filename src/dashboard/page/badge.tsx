import type { Badge, BadgeTone, Gauge } from '../view/model.ts';

/** A sign beside the colour, for those who don't see it. */
const signs: Readonly<Record<BadgeTone, string>> = {
  good: '✓',
  bad: '✗',
  warning: '!',
  info: '↻',
  neutral: '–',
};

/** A few words in the colour of their tone. */
export function BadgeText({ badge: { tone, text } }: { readonly badge: Badge }) {
  return (
    <span class={`badge ${tone}`} title={text}>
      <span class="sign" aria-hidden="true">
        {signs[tone]}
      </span>{' '}
      {text}
    </span>
  );
}

/** A badge with its bar. The bar says nothing that the words don't. */
export function GaugeText({ gauge }: { readonly gauge: Gauge }) {
  return (
    <span class="gauge">
      <BadgeText badge={gauge} />
      <Bar tone={gauge.tone} fraction={gauge.fraction} />
    </span>
  );
}

function Bar({ tone, fraction }: { readonly tone: BadgeTone; readonly fraction: number | undefined }) {
  if (fraction === undefined) {
    return null;
  }
  return (
    <span class={`bar ${tone}`} aria-hidden="true">
      <span style={{ width: `${Math.round(fraction * 1000) / 10}%` }} />
    </span>
  );
}
