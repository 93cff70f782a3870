import { readFileSync, writeFileSync } from 'node:fs';
import { PAGES, performancePage } from '../bench/page.ts';
import { readResults } from '../bench/results.ts';
import { envExample, exitCodesPage, settingsPage } from '../src/config/reference.ts';
import { ossErrorsPage } from '../src/storage/oss-errors-page.ts';

const RULE_HEAD = `# Made of docs/monitoring/alerts.yml by npm run generate.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: pg-backup
  namespace: pg-backup
  labels:
    app.kubernetes.io/name: pg-backup
    app.kubernetes.io/part-of: pg-backup
    app.kubernetes.io/managed-by: kustomize
spec:
`;

/** Every file that is made from the tables, by its path from the root. */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  '.env.backup.example': envExample,
  'docs/settings.md': () => settingsPage('en'),
  'docs/settings.zh-CN.md': () => settingsPage('zh'),
  'docs/exit-codes.md': () => exitCodesPage('en'),
  'docs/exit-codes.zh-CN.md': () => exitCodesPage('zh'),
  'docs/oss-errors.md': () => ossErrorsPage('en'),
  'docs/oss-errors.zh-CN.md': () => ossErrorsPage('zh'),
  [PAGES.en]: () => performancePage(readResults(), 'en'),
  [PAGES.zh]: () => performancePage(readResults(), 'zh'),
  'k8s/components/servicemonitor/prometheusrule.yaml': prometheusRule,
};

/** The alert rules of the documentation as an object of the Prometheus operator. */
function prometheusRule(): string {
  const rules = committedFile('docs/monitoring/alerts.yml');
  const groups = rules.slice(rules.indexOf('groups:')).replaceAll(/^(?=.)/gm, '  ');
  return `${RULE_HEAD}${groups}`;
}

/** The generated file as it lies in the repository. */
export function committedFile(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

if (import.meta.main) {
  for (const [path, make] of Object.entries(GENERATED_FILES)) {
    writeFileSync(new URL(`../${path}`, import.meta.url), make());
  }
}
