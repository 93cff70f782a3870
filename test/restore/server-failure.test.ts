import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandResult } from '../../src/exec.ts';
import { serverEnded } from '../../src/restore/server-failure.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

test('the reason of initdb is kept, and not what it does about it', () => {
  const { code, message } = serverEnded('initdb', failure(SHARED_MEMORY), '/drill');
  assert.equal(code, 'SCRATCH_FAILED', 'a limit of the kernel is no full disk');
  assert.match(message, /: initdb: exit code 1: FATAL: {2}could not create shared memory segment: No space/);
  assert.match(message, /kernel's SHMALL parameter\.$/);
});

test('a full disk and a used up quota are told as such, with the directory', (t) => {
  const directory = temporaryDirectory(t);
  for (const reason of ['No space left on device', 'Disk quota exceeded']) {
    const panic = `LOG:  starting\nPANIC:  could not write to file "pg_wal/xlogtemp.7": ${reason}\nLOG:  shut down\n`;
    const { code, parameters } = serverEnded('postgres', failure(panic), directory);
    assert.deepEqual([code, parameters['path']], ['DISK_FULL', directory]);
  }
});

test('a program that said nothing is told by how it ended', () => {
  const result = { ...failure(''), exitCode: undefined, signal: 'SIGSEGV' };
  assert.match(serverEnded('postgres', result, '/drill').message, /: postgres: killed by SIGSEGV$/);
});

function failure(stderr: string): CommandResult {
  return { exitCode: 1, signal: undefined, stdout: '', stderr };
}

const SHARED_MEMORY = `FATAL:  could not create shared memory segment: No space left on device
DETAIL:  Failed system call was shmget(key=1311072, size=56, 03600).
HINT:  This error does *not* mean that you have run out of disk space.  It occurs either if all available shared memory IDs have been taken, or because of the system's overall limit for shared memory in the kernel's SHMALL parameter.
child process exited with exit code 1
initdb: removing contents of data directory "/drill/server/data"
`;
