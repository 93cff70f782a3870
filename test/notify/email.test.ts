import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { throwAwayCertificate } from '../oss-server/throw-away-certificate.ts';
import { closedPort } from './local-server.ts';
import { headerOf, startMailServer, textOf } from './mail-server.ts';
import { failed } from './outcomes.ts';
import { startNotifier } from './start-notifier.ts';

const PASSWORD = 'sm7p:c4nary/p@ss wörd';
const ADDRESSES = {
  NOTIFY_EMAIL_FROM: 'Backup <backup@example.com>',
  NOTIFY_EMAIL_TO: 'dba@example.com "Ops <ops@example.com>"',
};

test('a mail server gets one plain mail for all recipients', async (t) => {
  const server = await startMailServer(t);
  const { notifier, log } = startNotifier(
    t,
    { ...ADDRESSES, NOTIFY_SMTP_URL: `smtp://127.0.0.1:${server.port}` },
    { language: 'zh' },
  );
  await notifier.tell('backup', [failed({ database: '社区' })]);
  assert.deepEqual(log(), []);
  const [mail] = server.mails;
  assert.ok(mail);
  assert.equal(mail.from, 'backup@example.com');
  assert.deepEqual(mail.to, ['dba@example.com', 'ops@example.com']);
  assert.equal(headerOf(mail, 'Subject'), '备份失败：db:5432 上的 社区');
  assert.equal(headerOf(mail, 'To'), 'dba@example.com, Ops <ops@example.com>');
  assert.equal(headerOf(mail, 'Auto-Submitted'), 'auto-generated');
  assert.match(headerOf(mail, 'Message-ID') ?? '', /^<.+@example\.com>$/);
  assert.ok(!Number.isNaN(Date.parse(headerOf(mail, 'Date') ?? '')));
  assert.match(headerOf(mail, 'Content-Type') ?? '', /^text\/plain; charset=utf-8$/);
  assert.match(textOf(mail), /^备份失败：db:5432 上的 社区\n\n数据库：社区\n服务器：db:5432\n.*处理建议：/s);
});

test('the password reaches a server that asks for one, percent-encoded in the address', async (t) => {
  const server = await startMailServer(t, { password: PASSWORD });
  const { notifier, log } = startNotifier(t, { ...ADDRESSES, NOTIFY_SMTP_URL: urlTo(server.port, PASSWORD) });
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(log(), []);
  assert.deepEqual(
    server.mails.map(({ user, wasEncrypted }) => [user, wasEncrypted]),
    [['back@up', false]],
  );
});

test('a wrong password is told once, without it', async (t) => {
  const server = await startMailServer(t, { password: 'another' });
  const { notifier, log, logText } = startNotifier(t, {
    ...ADDRESSES,
    NOTIFY_SMTP_URL: urlTo(server.port, PASSWORD),
  });
  await notifier.tell('backup', [failed()]);
  assert.match(
    log()[0]?.msg ?? '',
    /by email failed: 127\.0\.0\.1:\d+: Invalid login: 535 .*Invalid username or password$/,
  );
  assert.equal(server.connections(), 1);
  assert.doesNotMatch(logText(), /c4nary|c3A6YzRuYXJ5/);
});

test('STARTTLS is used where it is offered, and only with a certificate that is trusted', async (t) => {
  const { key, cert } = throwAwayCertificate(t);
  const server = await startMailServer(t, { password: PASSWORD, key, cert, disabledCommands: [] });
  const variables = { ...ADDRESSES, NOTIFY_SMTP_URL: urlTo(server.port, PASSWORD) };
  const distrustful = startNotifier(t, variables);
  await distrustful.notifier.tell('backup', [failed()]);
  assert.match(distrustful.log()[0]?.msg ?? '', /self-signed certificate/);
  assert.equal(server.mails.length, 0);
  trust(t, cert);
  const { notifier, log } = startNotifier(t, variables);
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(log(), []);
  assert.equal(server.mails[0]?.wasEncrypted, true);
});

test('smtps:// speaks TLS from the start', async (t) => {
  const { key, cert } = throwAwayCertificate(t);
  const server = await startMailServer(t, { key, cert, secure: true });
  trust(t, cert);
  const { notifier, log } = startNotifier(t, {
    ...ADDRESSES,
    NOTIFY_SMTP_URL: `smtps://127.0.0.1:${server.port}`,
  });
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(log(), []);
  assert.equal(server.mails[0]?.wasEncrypted, true);
});

test('a server that hangs or is not there is given up within the limit, after two more tries', async (t) => {
  let connections = 0;
  const silent = createServer((socket) => {
    connections += 1;
    t.after(() => socket.destroy());
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  for (const [url, said] of [
    [`smtp://127.0.0.1:${port}`, /by email failed: 127\.0\.0\.1:\d+: .+/],
    [`smtp://127.0.0.1:${await closedPort()}`, /ECONNREFUSED/],
  ] as const) {
    const { notifier, log } = startNotifier(t, { ...ADDRESSES, NOTIFY_SMTP_URL: url });
    await notifier.tell('backup', [failed()]);
    assert.equal(log().length, 1);
    assert.match(log()[0]?.msg ?? '', said);
  }
  assert.equal(connections, 3);
});

test('a recipient that is refused is told of, the others have their mail, and the news counts as told', async (t) => {
  const server = await startMailServer(t, { refused: ['ops@example.com'] });
  const { notifier, log } = startNotifier(t, {
    ...ADDRESSES,
    NOTIFY_SMTP_URL: `smtp://127.0.0.1:${server.port}`,
  });
  await notifier.tell('backup', [failed()]);
  await notifier.tell('backup', [failed()]);
  assert.deepEqual(
    server.mails.map(({ to }) => to),
    [['dba@example.com']],
  );
  assert.match(log()[0]?.msg ?? '', /not taken for ops@example\.com$/);
  assert.deepEqual(
    log().map(({ event }) => event),
    ['NOTIFY_FAILED', 'NOTIFY_HELD_BACK'],
  );
});

function urlTo(port: number, password: string): string {
  return `smtp://back%40up:${encodeURIComponent(password)}@127.0.0.1:${port}`;
}

/** Until the end of the test this process trusts the certificate, as with NODE_EXTRA_CA_CERTS. */
function trust(t: TestContext, certificate: string): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, certificate]);
  t.after(() => setDefaultCACertificates(before));
}
