import type { SchemaObject } from 'ajv';

const LABELS: SchemaObject = { type: 'object', additionalProperties: { type: 'string' } };
const DURATION: SchemaObject = { type: 'string', pattern: '^([0-9]+(ms|[smhdwy]))+$' };

/** What this project uses of the Prometheus operator's objects (its API reference, monitoring.coreos.com/v1), by version and kind. */
export const CUSTOM_RESOURCES: Readonly<Record<string, SchemaObject>> = {
  'monitoring.coreos.com/v1 ServiceMonitor': resource('ServiceMonitor', {
    jobLabel: { type: 'string' },
    selector: strictObject({ matchLabels: LABELS }, ['matchLabels']),
    endpoints: {
      type: 'array',
      minItems: 1,
      items: strictObject(
        {
          port: { type: 'string' },
          path: { type: 'string', pattern: '^/' },
          interval: DURATION,
          authorization: strictObject(
            {
              type: { type: 'string' },
              credentials: strictObject({ name: { type: 'string' }, key: { type: 'string' } }, ['key']),
            },
            ['credentials'],
          ),
        },
        ['port'],
      ),
    },
  }),
  'monitoring.coreos.com/v1 PrometheusRule': resource('PrometheusRule', {
    groups: {
      type: 'array',
      items: strictObject(
        {
          name: { type: 'string' },
          rules: {
            type: 'array',
            items: strictObject(
              {
                alert: { type: 'string' },
                expr: { type: 'string' },
                for: DURATION,
                labels: LABELS,
                annotations: LABELS,
              },
              ['alert', 'expr'],
            ),
          },
        },
        ['name', 'rules'],
      ),
    },
  }),
};

function resource(kind: string, spec: Readonly<Record<string, SchemaObject>>): SchemaObject {
  return strictObject(
    {
      apiVersion: { const: 'monitoring.coreos.com/v1' },
      kind: { const: kind },
      metadata: { $ref: 'kubernetes#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
      spec: strictObject(spec, Object.keys(spec)),
    },
    ['apiVersion', 'kind', 'metadata', 'spec'],
  );
}

function strictObject(
  properties: Readonly<Record<string, SchemaObject>>,
  required: readonly string[],
): SchemaObject {
  return { type: 'object', properties, required, additionalProperties: false };
}
