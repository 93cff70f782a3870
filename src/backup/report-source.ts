import { PgBackupError } from '../errors.ts';
import { render, type Text } from '../language.ts';
import type { ReportSource } from '../report/report-source.ts';
import { openOssCredentials } from '../storage/oss-credentials.ts';
import { openOssReports, reportTarget } from '../storage/oss-reports.ts';
import { wayToOss } from '../storage/oss-target.ts';
import type { TargetContext } from './context.ts';

/**
 * The place that REPORT_SOURCE names; undefined without it. Nothing is asked yet.
 * @throws PgBackupError SETTINGS_INVALID where the way to it, or the key, is missing
 */
export function openReportSource(context: TargetContext): ReportSource | undefined {
  const { settings, environment, language } = context;
  const { REPORT_SOURCE, OSS_CREDENTIALS, OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET } = settings;
  if (REPORT_SOURCE === undefined) return undefined;
  const way = wayToOss(settings);
  const hasKeys = OSS_CREDENTIALS === 'chain' || (OSS_ACCESS_KEY_ID && OSS_ACCESS_KEY_SECRET);
  if (!way || !hasKeys) {
    const problems = render(way ? NO_KEYS : NO_WAY, language);
    throw new PgBackupError('SETTINGS_INVALID', { count: 1, problems });
  }
  return openOssReports(
    reportTarget(REPORT_SOURCE, way, settings),
    openOssCredentials(settings, environment),
  );
}

const NO_WAY: Text = {
  en: '  - OSS_ENDPOINT: expected the endpoint of the region, because REPORT_SOURCE is set (where it names none: OSS_REGION, too)',
  zh: '  - OSS_ENDPOINT：应为区域端点，因为设置了 REPORT_SOURCE（端点中不含区域时还需 OSS_REGION）',
};
const NO_KEYS: Text = {
  en: '  - OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET: expected keys, or OSS_CREDENTIALS=chain, because REPORT_SOURCE is set',
  zh: '  - OSS_ACCESS_KEY_ID、OSS_ACCESS_KEY_SECRET：应为密钥，或设置 OSS_CREDENTIALS=chain，因为设置了 REPORT_SOURCE',
};
