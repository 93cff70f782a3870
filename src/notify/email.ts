import { setTimeout } from 'node:timers/promises';
import type { Secret } from '../secret.ts';
import { type Channel, type Limits, PartlyTaken, RETRIES } from './channel.ts';
import { shownAnswer } from './http.ts';
import { plainText } from './plain-text.ts';
import { decoded } from './url-secrets.ts';

/** Faults of the way there, not of the mail. */
const PASSING_FAULTS = ['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EDNS'];

export interface Mailbox {
  readonly from: string;
  readonly to: readonly string[];
}

/** Mail through an SMTP server: TLS from the start with smtps://, else STARTTLS where the server offers it. */
export function createEmail(url: Secret, { from, to }: Mailbox, limits: Limits): Channel {
  return {
    name: 'email',
    async send(message, signal) {
      const mail = {
        from,
        to: [...to],
        subject: message.title,
        text: plainText(message),
        // RFC 3834: nobody's holiday note answers this.
        headers: { 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal,
      };
      const { createTransport } = await import('nodemailer');
      const transport = createTransport(transportOf(url, limits));
      const { host } = new URL(url.reveal());
      for (let attempt = 1; ; attempt += 1) {
        try {
          const { rejected } = await transport.sendMail(mail);
          if (rejected.length > 0) throw new PartlyTaken(`${host}: not taken for ${rejected.join(', ')}`);
          return;
        } catch (error) {
          if (error instanceof PartlyTaken) throw error;
          if (attempt > RETRIES || !isPassing(error) || signal.aborted) {
            throw new Error(`${host}: ${describe(error)}`);
          }
        }
        await setTimeout(attempt * limits.pauseMilliseconds, undefined, { signal }).catch(() => {});
      }
    },
  };
}

function transportOf(url: Secret, { tryMilliseconds }: Limits) {
  const { protocol, hostname, port, username, password } = new URL(url.reveal());
  const auth = { user: decoded(username), pass: decoded(password) };
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    secure: protocol === 'smtps:',
    ...(port === '' ? {} : { port: Number(port) }),
    ...(username === '' ? {} : { auth }),
    dnsTimeout: tryMilliseconds,
    connectionTimeout: tryMilliseconds,
    greetingTimeout: tryMilliseconds,
    socketTimeout: tryMilliseconds,
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && PASSING_FAULTS.includes(String(error.code));
}

function describe(error: unknown): string {
  return shownAnswer(error instanceof Error ? error.message : String(error));
}
