import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { projectDirectory } from './parts.ts';

export interface ChildScript {
  readonly child: ChildProcess & { readonly pid: number };
  /** The next line that it prints; rejects when it ends instead. */
  nextLine(): Promise<string>;
  /** Resolves once it is gone; with the name of the signal that ended it, if one did. */
  readonly ended: Promise<NodeJS.Signals | null>;
}

/**
 * Starts a TypeScript file in a Node process of its own, killed at the latest at the end of the test. `around` is a command that runs it,
 * such as `unshare --mount`.
 */
export function startChildScript(
  t: TestContext,
  script: URL,
  args: readonly string[],
  around: readonly string[] = [],
): ChildScript {
  const node = [process.execPath, '--import', 'tsx', fileURLToPath(script)];
  const [file = process.execPath, ...before] = [...around, ...node];
  const child = spawn(file, [...before, ...args], {
    cwd: projectDirectory,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.pid === undefined) throw new Error(`${file} cannot be started`);
  const ended = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null);
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child: child as ChildProcess & { readonly pid: number },
    ended,
    async nextLine() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script.pathname} ended without another line`);
      return value;
    },
  };
}
