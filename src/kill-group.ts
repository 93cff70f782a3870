const GRACE_SECONDS = 5;

interface GroupLeader {
  readonly pid?: number | undefined;
}

/** Once `signal` aborts, ends the process group that `leader` leads: SIGTERM, and SIGKILL after the grace. Returns how to stop caring. */
export function killGroup(
  leader: GroupLeader,
  signal: AbortSignal | undefined,
  graceSeconds = GRACE_SECONDS,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    sendToGroup(leader, 'SIGTERM');
    timer = setTimeout(() => sendToGroup(leader, 'SIGKILL'), graceSeconds * 1000);
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    // What ignored the first signal must not outlive its leader.
    if (signal?.aborted) sendToGroup(leader, 'SIGKILL');
    signal?.removeEventListener('abort', onAbort);
  };
}

function sendToGroup(leader: GroupLeader, signalName: NodeJS.Signals): void {
  if (leader.pid === undefined) return;
  try {
    process.kill(-leader.pid, signalName);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
