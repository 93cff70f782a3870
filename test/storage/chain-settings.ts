import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/settings.ts';

/** Settings that leave the keys to the credential chain. */
export function chainSettings(changes: Readonly<Record<string, string>> = {}): Settings {
  const written = {
    ...{ PG_HOST: 'db', PG_DATABASE: 'd', PG_USER: 'u' },
    ...{ OSS_BUCKET: 'bucket', OSS_ENDPOINT: 'oss-cn-hangzhou.aliyuncs.com', OSS_CREDENTIALS: 'chain' },
    ...changes,
  };
  return loadSettings(written, () => '', 'en').settings;
}
