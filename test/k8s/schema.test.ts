import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { missing, projectDirectory } from '../harness/parts.ts';
import { KUSTOMIZATIONS, ofKind, RENDERED } from './rendered.ts';

const skip = missing('kubectl');

test('there are the overlays that the README tells of', () => {
  assert.deepEqual(KUSTOMIZATIONS.map((path) => path.split('/').at(-1)).toSorted(), [
    'base',
    'drill',
    'many-databases',
    'oss-only',
    'rrsa-ack',
    'servicemonitor',
    'statefulset-sidecar',
  ]);
});

test('everything that is rendered is as Kubernetes describes it, and nothing is there twice', {
  skip,
}, async (t) => {
  const { faultsOf } = await import('./api-schema.ts');
  for (const [directory, objects] of RENDERED) {
    await t.test(directory, () => {
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      assert.equal(new Set(names).size, names.length);
      assert.ok(names.length >= 10);
      for (const object of objects) {
        assert.deepEqual(faultsOf(object), [], `${object.kind} ${object.metadata.name}`);
      }
    });
  }
});

test('the check refuses unknown keys, wrong types, and what is missing', { skip }, async () => {
  const { faultsOf } = await import('./api-schema.ts');
  const [cronJob] = ofKind('k8s/base', 'CronJob');
  assert.ok(cronJob);
  assert.deepEqual(faultsOf(cronJob), []);
  const broken: readonly (readonly [RegExp, readonly (string | number)[], unknown])[] = [
    [/\/spec must NOT have additional properties .*concurencyPolicy/, ['spec', 'concurencyPolicy'], 'Forbid'],
    [/\/backoffLimit must be integer/, ['spec', 'jobTemplate', 'spec', 'backoffLimit'], '1'],
    [/\/backoffLimit must be integer/, ['spec', 'jobTemplate', 'spec', 'backoffLimit'], 1.5],
    [/\/spec must have required property 'schedule'/, ['spec', 'schedule'], undefined],
    [
      /\/cpu must match pattern/,
      ['spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers', 0, 'resources', 'limits', 'cpu'],
      '2 cores',
    ],
    [
      /\/securityContext must NOT have .*readonlyRootFilesystem/,
      [
        'spec',
        'jobTemplate',
        'spec',
        'template',
        'spec',
        'containers',
        0,
        'securityContext',
        'readonlyRootFilesystem',
      ],
      true,
    ],
  ];
  for (const [expected, path, value] of broken) {
    assert.match(faultsOf(changed(cronJob, path, value)).join('\n'), expected);
  }
  assert.match(faultsOf({ ...cronJob, apiVersion: 'batch/v1beta1' }).join(), /no kind that Kubernetes knows/);
});

test('the check of the Prometheus operator’s objects refuses them, too', { skip }, async () => {
  const { faultsOf } = await import('./api-schema.ts');
  const [monitor] = ofKind('k8s/overlays/servicemonitor', 'ServiceMonitor');
  assert.ok(monitor);
  const broken = changed(monitor, ['spec', 'endpoints', 0, 'bearer'], 'x');
  assert.match(faultsOf(broken).join(), /\/spec\/endpoints\/0 must NOT have additional properties .*bearer/);
});

test('the alerts are those of the documentation, to the letter', () => {
  const read = (path: string): string => readFileSync(join(projectDirectory, path), 'utf8');
  const rules = read('docs/monitoring/alerts.yml');
  const rule = read('k8s/components/servicemonitor/prometheusrule.yaml');
  assert.deepEqual(parse(rule).spec, parse(rules));
});

/** A copy with one value changed; undefined takes it away. */
function changed<T extends object>(object: T, path: readonly (string | number)[], value: unknown): T {
  const copy = structuredClone(object);
  let place = copy as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) {
    assert.ok(place[step], `${path}`);
    place = place[step] as Record<string | number, unknown>;
  }
  const last = path.at(-1) ?? '';
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}
