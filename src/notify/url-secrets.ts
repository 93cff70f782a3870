import { Secret } from '../secret.ts';

/** Shorter parts are words such as `robot` or `send`, which would match all over a text. */
const SHORTEST = 8;

/** What of an address must not be seen, also where only a part of it is quoted: user, password, path, and the values of its query. */
export function urlSecrets(url: Secret): Secret[] {
  const address = URL.parse(url.reveal());
  if (address === null) return [url];
  const { username, password, pathname, search, searchParams } = address;
  const parts = [`${pathname}${search}`, search, ...pathname.split('/'), ...searchParams.values()];
  const seen = [
    ...[username, password].filter((part) => part !== ''),
    ...parts.filter((part) => part.length >= SHORTEST),
  ];
  return [url, ...seen.flatMap((part) => [new Secret(part), new Secret(decoded(part))])];
}

/** A part of an address as it was before it was percent-encoded; as it is where that cannot be. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
