import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEveryChannel } from './every-channel.ts';
import { headerOf, textOf } from './mail-server.ts';
import { failed, HOSTILE_NAMES } from './outcomes.ts';
import { startNotifier } from './start-notifier.ts';

for (const name of HOSTILE_NAMES) {
  test(`no channel takes more than text from ${JSON.stringify(name)}`, async (t) => {
    const servers = await startEveryChannel(t);
    const { notifier, log } = startNotifier(t, servers.variables, { target: name });
    const error = { code: 'DUMP_FAILED', message: `pg_dump: ${name}`, hint: name };
    const hostile = failed({ database: name, host: name, error, warnings: [{ en: name, zh: name }] });
    await notifier.tell('backup', [hostile]);
    await notifier.ping('fail', [hostile]);
    assert.deepEqual(log(), []);

    const [dingtalk] = servers.dingtalk.shown;
    assert.deepEqual(Object.keys(dingtalk ?? {}), ['msgtype', 'markdown', 'at']);
    assert.deepEqual(dingtalk?.at, { isAtAll: false });
    const markdown = dingtalk?.markdown.text ?? '';
    assert.doesNotMatch(markdown, /[<>[\]@&*`\\]|:\/\//);
    for (const line of markdown.split('\n').slice(1))
      assert.match(
        line,
        /^$|^- (Database|Server|Run|Started|Duration|Error|What to do|Warning|Target|Sent by): /,
      );

    const content = servers.wecom.shown[0] ?? '';
    const [title = '', ...lines] = content.split('\n');
    assert.match(title, /^\*\*<font color="warning">[^<>[\]@&*`\\]*<\/font>\*\*$/);
    for (const line of lines) assert.match(line, /^$|^> [^<>[\]@&*`\\]*$/);

    const texts = JSON.stringify(servers.feishu.shown[0]).match(/"tag":"[^"]*"/g) ?? [];
    assert.deepEqual(new Set(texts), new Set(['"tag":"plain_text"', '"tag":"div"', '"tag":"hr"']));

    const [slack] = servers.slack.shown;
    for (const text of [slack?.text ?? '', ...(slack?.blocks ?? []).map((block) => block.text.text)]) {
      assert.doesNotMatch(text, /[<>]|&(?!amp;|lt;|gt;)/);
    }
    for (const { text } of slack?.blocks ?? []) assert.equal(text.type, 'plain_text');

    const outcomes = servers.webhook.taken[0]?.data['outcomes'] as { database: string }[] | undefined;
    assert.equal(outcomes?.[0]?.database, name, 'machines get the name as it is');

    const [mail] = servers.email.mails;
    assert.ok(mail);
    assert.deepEqual(mail.to, ['dba@example.com']);
    assert.equal(headerOf(mail, 'Bcc'), undefined);
    assert.match(headerOf(mail, 'Subject') ?? '', /Backup failed: /);
    assert.match(textOf(mail), /\n\nDatabase: /);
    assert.equal(servers.checks.pings.length, 1);
  });
}
