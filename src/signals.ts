import { PgBackupError } from './errors.ts';

/** The parts of `process` that signals need. */
export interface SignalSource {
  on(event: 'SIGINT' | 'SIGTERM', listener: (signal: 'SIGINT' | 'SIGTERM') => void): unknown;
}

/** Turns the first SIGINT or SIGTERM into an abort with INTERRUPTED as its reason; a second one calls `exitAtOnce` with its exit code. */
export function abortOnSignals(source: SignalSource, exitAtOnce: (exitCode: number) => void): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (controller.signal.aborted) exitAtOnce(signal === 'SIGINT' ? 130 : 143);
    else controller.abort(new PgBackupError('INTERRUPTED', { signal }));
  };
  source.on('SIGINT', onSignal);
  source.on('SIGTERM', onSignal);
  return controller.signal;
}
