import { createInterface } from 'node:readline/promises';

/** Asks a question on the terminal and returns the answer, empty where the input is ended instead; undefined where there is no terminal. */
export async function askOnTerminal(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  question: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!input.isTTY) return undefined;
  const dialogue = createInterface({ input, output });
  // The terminal no longer turns the key into a signal while lines are edited here.
  dialogue.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const closed = new Promise<string>((resolve) => dialogue.once('close', () => resolve('')));
    return await Promise.race([dialogue.question(question, { signal }), closed]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    dialogue.close();
  }
}
