import { missing } from '../../harness/parts.ts';
import { openRclone } from './open-rclone.ts';
import { storeContract } from './store-contract.ts';

storeContract('rclone', openRclone, { skip: missing('rclone'), isRemote: true });
