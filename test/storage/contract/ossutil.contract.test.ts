import { missing } from '../../harness/parts.ts';
import { openOssutil } from './open-oss.ts';
import { ossFaultContract } from './oss-fault-contract.ts';
import { storeContract } from './store-contract.ts';

const skip = missing('ossutil');

storeContract('ossutil', openOssutil, { skip, isRemote: true, multipartBytes: 100 * 1024 ** 2 });
ossFaultContract('ossutil', openOssutil, { skip, sizes: { 200000: ['PutObject'] } });
