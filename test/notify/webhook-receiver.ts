import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type LocalServer, type Received, startLocalServer } from './local-server.ts';

export interface Payload {
  readonly version: number;
  readonly type: string;
  readonly timestamp: string;
  readonly language: string;
  readonly title: string;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Somebody's receiver of Standard Webhooks: it answers 204 to what bears a good signature and 401 to everything else. */
export async function startReceiver(
  t: TestContext,
  secret: string,
  now: () => Date,
): Promise<LocalServer & { readonly url: string; readonly taken: readonly Payload[] }> {
  const taken: Payload[] = [];
  const server = await startLocalServer(t, (request) => {
    const isGood = isSignedByHand(request, secret, now());
    if (isGood) assert.deepEqual(verifiedByLibrary(request, secret, now()), JSON.parse(request.body));
    if (!isGood) return { status: 401, body: 'bad signature' };
    taken.push(JSON.parse(request.body));
    return { status: 204, body: '' };
  });
  return { ...server, taken, url: `${server.origin}/hooks/backup-canary-path` };
}

/** By the text of the specification: v1 is the HMAC-SHA256 of `id.timestamp.body`, no more than five minutes old. */
function isSignedByHand({ headers, body }: Received, secret: string, now: Date): boolean {
  const header = (name: string): string => String(headers[name] ?? '');
  const timestamp = header('webhook-timestamp');
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', key)
    .update(`${header('webhook-id')}.${timestamp}.${body}`)
    .digest();
  return header('webhook-signature')
    .split(' ')
    .some((one) => {
      const [version, signature = ''] = one.split(',');
      const bytes = Buffer.from(signature, 'base64');
      return version === 'v1' && bytes.length === mac.length && timingSafeEqual(bytes, mac);
    });
}

/** The library looks at the real clock: for it the time is moved, and the signature must still be that of the message. */
function verifiedByLibrary({ headers, body }: Received, secret: string, now: Date): unknown {
  const realNow = Date.now;
  Date.now = () => now.getTime();
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>);
  } finally {
    Date.now = realNow;
  }
}
