import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly wasEncrypted: boolean;
  readonly user: string | undefined;
  /** As it came over the wire. */
  readonly source: string;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly Mail[];
  /** How many clients have connected. */
  readonly connections: () => number;
}

export interface MailServerOptions extends Omit<SMTPServerOptions, 'onData' | 'onAuth'> {
  readonly password?: string;
  /** These recipients are refused. */
  readonly refused?: readonly string[];
}

/** A real SMTP server on this machine, ended with the test. */
export async function startMailServer(
  t: TestContext,
  { password, refused = [], ...options }: MailServerOptions = {},
): Promise<MailServer> {
  const mails: Mail[] = [];
  let connections = 0;
  const server = new SMTPServer({
    authOptional: password === undefined,
    disabledCommands: password === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    onConnect(_session, done) {
      connections += 1;
      done();
    },
    onAuth(auth, _session, done) {
      if (auth.password === password) done(null, { user: auth.username });
      else done(new Error('Invalid username or password'));
    },
    onRcptTo({ address }, _session, done) {
      done(refused.includes(address) ? new Error(`no such user ${address}`) : null);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          wasEncrypted: session.secure,
          user: session.user,
          source: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails, connections: () => connections };
}

/** A header of a mail with its folded lines joined, and encoded words read. */
export function headerOf({ source }: Mail, name: string): string | undefined {
  const [head = ''] = source.split('\r\n\r\n');
  const unfolded = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const found = unfolded.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return found
    ?.slice(name.length + 1)
    .trim()
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([BQ])\?(.*?)\?=/gi, (_word, kind: string, text: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString()
        : fromQuoted(text.replaceAll('_', ' ')),
    );
}

/** The text of a mail that has no parts. */
export function textOf(mail: Mail): string {
  const body = mail.source.slice(mail.source.indexOf('\r\n\r\n') + 4);
  const encoding = headerOf(mail, 'Content-Transfer-Encoding');
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString().replaceAll('\r\n', '\n');
  const text = encoding === 'quoted-printable' ? fromQuoted(body.replaceAll('=\r\n', '')) : body;
  return text.replaceAll('\r\n', '\n');
}

function fromQuoted(text: string): string {
  return Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/gi, (_code, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  ).toString();
}
