import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createStages } from '../../src/backup/stages.ts';
import { uploadRun } from '../../src/backup/upload-run.ts';
import { until } from '../integration/until.ts';
import type { Fault } from '../oss-server/faults.ts';
import { content, NAME, NEVER, openScene, partsAndABit } from '../storage/sdk-test-store.ts';
import { recordingContext } from './recording-context.ts';

const REFUSAL: Fault = { kind: 'error', status: 403, code: 'AccessDenied' };
const UNAVAILABLE: Fault = { kind: 'error', status: 503, code: 'ServiceUnavailable' };

test('a store that was waited for along with the dump is not waited for again', async (t) => {
  const { uploading, scene, logged, requestsAlong } = await startUpload(t, UNAVAILABLE);
  await assert.rejects(uploading, { code: 'UPLOAD_FAILED', message: /ServiceUnavailable/ });
  assert.equal(scene.server.requests.length, await requestsAlong);
  assert.deepEqual(
    logged.map(({ id }) => id),
    ['STAGE_FAILED'],
  );
  assert.equal(scene.remembered().length, 1);
});

test('a store that refused is asked again once the dump is complete', async (t) => {
  const { uploading, scene, logged } = await startUpload(t, REFUSAL);
  await assert.rejects(uploading, { code: 'UPLOAD_FAILED', message: /AccessDenied/ });
  assert.equal(scene.count('HeadObject'), 1);
  assert.deepEqual(
    logged.map(({ id }) => id),
    ['ALONG_FAILED', 'STAGE_FAILED'],
  );
});

/** The upload of a dump whose first parts have gone along when `fault` befalls all others. */
async function startUpload(t: TestContext, fault: Fault) {
  const scene = await openScene(t, { retries: 1 });
  const { context, logged } = recordingContext(scene.directory);
  const { path, artifact } = scene.write(NAME, content(partsAndABit(3)));
  const following = scene.store.follow?.(path, NAME, NEVER);
  assert.ok(following);
  await until(scene.recordedParts, [2, 3]);
  scene.server.fail({ fault, operation: 'UploadPart', times: Number.POSITIVE_INFINITY });
  const requestsAlong = following.ended.then(() => scene.server.requests.length);
  following.finish(0);
  const uploading = uploadRun(
    context,
    [{ path, artifact }],
    scene.store,
    createStages(context, []),
    following,
  );
  return { uploading, scene, logged, requestsAlong };
}
