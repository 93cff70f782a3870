import { proveMuch } from './much.ts';

// Every client at level 9 has its turn in test/nightly/much.
proveMuch(17, 17, 1);
