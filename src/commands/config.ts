import { effectiveSettings } from '../config/help.ts';
import { render } from '../language.ts';
import { type Surroundings, settingWarnings } from '../program.ts';
import { chooseTargets, type Scope } from './run-on-targets.ts';

/** `pg-backup config` */
export async function runConfig(surroundings: Surroundings, scope: Scope): Promise<number> {
  const { language, stdout, stderr } = surroundings;
  for (const { name, loaded } of chooseTargets(surroundings, scope)) {
    if (name !== undefined) stdout.write(`# ${name}\n`);
    stdout.write(`${effectiveSettings(loaded, language)}\n`);
    for (const warning of settingWarnings(loaded)) stderr.write(`${render(warning, language)}\n`);
  }
  return 0;
}
