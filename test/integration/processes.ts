import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The running processes, other than this one, that have the text in their command line, environment or working directory. */
export function processesThatMention(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const commandLine = factOf(pid, 'cmdline');
      // A zombie has neither; it is no process any more.
      const facts = [commandLine, factOf(pid, 'environ'), workingDirectory(pid)];
      return facts.some((fact) => fact.includes(text))
        ? [`process ${pid}: ${commandLine.replaceAll('\0', ' ')}`]
        : [];
    });
}

function factOf(pid: string, name: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
