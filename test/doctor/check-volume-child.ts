import { checkVolume } from '../../src/doctor/check-volume.ts';
import { recordingContext } from '../backup/recording-context.ts';

/** As the user 65534: prints the checks of the volume at the first argument as one line of JSON. */
const [base = '', logs = ''] = process.argv.slice(2);
const { context } = recordingContext(base);
const settings = { ...context.settings, BACKUP_LOG_DIR: logs };
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(65534);
  process.setuid?.(65534);
}
const checks = await checkVolume({ ...context, settings }, ['community']);
process.stdout.write(`${JSON.stringify(checks)}\n`);
