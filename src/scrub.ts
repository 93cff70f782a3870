import type { Secret } from './secret.ts';

export type Scrub = (text: string) => string;

/** Returns a function that replaces every given secret by `***`, also where it is URL-encoded, base64 or quoted for SQL or JSON. */
export function createScrub(secrets: readonly Secret[]): Scrub {
  const forms = new Set(secrets.flatMap((secret) => writtenForms(secret.reveal())));
  // The longest first: a form that contains another one must not be left half visible.
  const ordered = [...forms].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((result, form) => result.replaceAll(form, '***'), text);
}

/** Applies `scrub` to every string inside a JSON value; keys, numbers and the shape stay. */
export function scrubValue(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, scrub));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrubValue(item, scrub)]));
}

/** The beginning or the end of a text, cut between words: a part of a secret that no scrubber knows could be left of a cut one. */
export function cutBetweenWords(text: string, maximumCharacters: number, kept: 'beginning' | 'end'): string {
  if (text.length <= maximumCharacters) return text;
  return kept === 'beginning'
    ? text.slice(0, maximumCharacters).replace(/\s*\S*$/, '')
    : text.slice(-maximumCharacters).replace(/^\S*\s*/, '');
}

function writtenForms(value: string): string[] {
  return [
    value,
    ...urlForms(value),
    value.replaceAll("'", "''"),
    value.replaceAll(/[\\']/g, '\\$&'),
    value.replaceAll(/[\\:]/g, '\\$&'),
    JSON.stringify(value).slice(1, -1),
    ...base64Forms(value),
  ];
}

/** Percent-encoding as JavaScript, RFC 3986 and HTML forms do it, with capital and small hexadecimal digits. */
function urlForms(value: string): string[] {
  const encoded = encodeURIComponent(value);
  const strict = encoded.replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const formData = new URLSearchParams([['', value]]).toString().slice(1);
  return [encoded, strict, formData]
    .flatMap((form) => [form, form.replaceAll('%20', '+')])
    .flatMap((form) => [form, form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** Base64 of a secret inside a longer text depends on its offset modulo 3; characters that also encode neighbours are left out. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const inside = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const sharesItsEnd = (offset + bytes.length) % 3 !== 0;
    return encoded.slice(Math.ceil((offset * 8) / 6), sharesItsEnd ? -1 : undefined);
  });
  // Too short a piece would match by chance.
  const whole = bytes.toString('base64');
  const forms = [whole, whole.replace(/=+$/, ''), ...inside.filter((form) => form.length >= 4)];
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
