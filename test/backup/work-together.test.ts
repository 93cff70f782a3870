import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workTogether } from '../../src/backup/work-together.ts';

test('the end waits for all works, also for those that were taken in by others', async () => {
  const team = workTogether();
  const { promise, resolve } = Promise.withResolvers<void>();
  const done: string[] = [];
  const inner = async (): Promise<void> => {
    await promise;
    done.push('inner');
  };
  const first = team.add(
    (async () => {
      await null;
      void team.add(inner());
      return 42;
    })(),
  );
  const ended = team.end().then(() => done.push('end'));
  assert.equal(await first, 42);
  resolve();
  await ended;
  assert.deepEqual(done, ['inner', 'end']);
  assert.equal(team.failed.aborted, false);
});

test('the first failure ends the others, and is what is thrown, once they have ended', async () => {
  const team = workTogether();
  const order: string[] = [];
  const others = team.add(
    new Promise<void>((_resolve, reject) => {
      team.failed.addEventListener('abort', () => {
        order.push('told to end');
        setImmediate(() => {
          order.push('ended');
          reject(new Error('because it was told to end'));
        });
      });
    }),
  );
  others.catch(() => {});
  team.add(Promise.reject(new Error('the first'))).catch(() => {});
  await assert.rejects(team.end(), /the first/);
  assert.deepEqual(order, ['told to end', 'ended']);
});
