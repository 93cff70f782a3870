import type { UploadFates } from '../../src/storage/store.ts';

export const NOBODY_WAITS: UploadFates = { isWaiting: () => false, isKnown: () => true };
export const ALL_WAIT: UploadFates = { isWaiting: () => true, isKnown: () => true };
