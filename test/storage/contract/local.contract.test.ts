import { openLocal } from './open-local.ts';
import { storeContract } from './store-contract.ts';

storeContract('local', openLocal, { skip: false, isRemote: false });
