/** Names of members whose values may be secrets, wherever they stand. */
const secretName = /pass(word|wd|phrase)?|secret|token|credential|authorization|api-?key|private-?key/i;
/** Members that only name something secret, or say where it is. */
const reference = /(Refs?|Name|KeyKey|TokenKey|IDKey)$/;
/** What kubectl and Helm leave behind: whole manifests, whatever was in them. */
const copiedManifest = /last-applied-configuration|meta\.helm\.sh/;

const withheld = '(withheld)';

/**
 * A copy without anything that may be a secret: values of environment variables, members that are named like
 * one, passwords in URLs, copies of manifests in annotations, tokens that are recognised by their form. Names
 * of Secrets and of their keys stay, because they are what a support case is about.
 */
export function withoutSecretValues(value: unknown): unknown {
  if (typeof value === 'string') {
    return withoutSecretTexts(value);
  }
  if (Array.isArray(value)) {
    return value.map(withoutSecretValues);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const isVariable = 'name' in value && 'value' in value;
  const entries = Object.entries(value)
    .filter(([name]) => name !== 'managedFields' && !copiedManifest.test(name))
    .map(([name, member]) => {
      const isSecret = secretName.test(name) && !reference.test(name) && typeof member !== 'object';
      return [name, isSecret || (isVariable && name === 'value') ? withheld : withoutSecretValues(member)];
    });
  return Object.fromEntries(entries);
}

/** The same for free text: messages and lines of a log. */
function withoutSecretTexts(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s'"/]*@/gi, '$1…@')
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, withheld)
    .replace(/\b(Bearer|Basic) +[\w+/=.-]+/gi, `$1 ${withheld}`)
    .replace(/\bAKIA[A-Z0-9]{16}\b/g, withheld)
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, withheld)
    .replace(
      /((?:pass(?:word|wd|phrase)?|secret|token|api-?key)["']?\s*[=:]\s*["']?)[^\s"',;}]+/gi,
      `$1${withheld}`,
    );
}
