import { FIRST_PART_BYTES } from '../../../src/storage/part-plan.ts';
import { openSdk } from './open-oss.ts';
import { ossFaultContract } from './oss-fault-contract.ts';
import { storeContract } from './store-contract.ts';

storeContract('sdk', openSdk, { skip: false, isRemote: true, multipartBytes: 3 * FIRST_PART_BYTES });
ossFaultContract('sdk', openSdk, {
  skip: false,
  sizes: {
    200000: ['PutObject'],
    [FIRST_PART_BYTES + 200_000]: ['InitiateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
  },
});
