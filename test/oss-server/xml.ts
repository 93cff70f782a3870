export type XmlValue = string | number | boolean | undefined | XmlTree | readonly XmlValue[];
interface XmlTree {
  readonly [name: string]: XmlValue;
}

/** `<name>…</name>`; an array repeats the element, an undefined value leaves it out, text is escaped. */
export function element(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((item: XmlValue) => element(name, item)).join('');
  if (typeof value !== 'object') return `<${name}>${escapeText(String(value))}</${name}>`;
  const children = Object.entries(value as XmlTree).map(([child, content]) => element(child, content));
  return `<${name}>${children.join('')}</${name}>`;
}

/** A complete document with `root` as its only top element. */
export function document(root: string, value: XmlValue): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, value)}`;
}

/** The inner text of every `<name>` in `xml`, entities not yet decoded, so that it may be searched again. */
export function innerXml(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map((match) => match[1] ?? '');
}

/** The decoded text of the first `<name>` in `xml`, or undefined. */
export function textOf(xml: string, name: string): string | undefined {
  const inner = innerXml(xml, name)[0];
  return inner === undefined ? undefined : decodeEntities(inner.trim());
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return entities[name] ?? whole;
  });
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
