import type { Check } from '../check.ts';
import { howToGet } from '../how-to-get.ts';
import { fillIn, type Text } from '../language.ts';
import type { Client } from './clients.ts';
import { neededMinor } from './fixed-minors.ts';

/** Whether an installed client has holes that a newer minor closes. */
export function checkClientMinor({ version, major, directory }: Client): Check {
  const fixed = neededMinor(version);
  const text = fillIn(fixed === undefined ? CLIENT : INSECURE, { version, directory, fixed: fixed ?? '' });
  if (fixed === undefined) return { id: 'client', state: 'good', text };
  return { id: 'client', state: 'warning', text, remedy: remedyOfHoles(major, fixed) };
}

/** What brings a client of this major to `fixed`; majors that are no longer mended have to give way to one that is. */
export function remedyOfHoles(major: number, fixed: string): Text {
  const mended = Number.parseInt(fixed, 10);
  return howToGet().newerClient(mended, fixed, mended === major);
}

const CLIENT: Text = {
  en: 'client {version}, {directory}',
  zh: '客户端 {version}，{directory}',
};
const INSECURE: Text = {
  en: 'client {version}, {directory}: a crafted archive can run commands on the machine that restores it (fixed in {fixed})',
  zh: '客户端 {version}，{directory}：精心构造的归档可在执行恢复的机器上运行命令（已在 {fixed} 中修复）',
};
