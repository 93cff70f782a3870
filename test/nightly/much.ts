import { proveMuch } from '../archive/reencode/much.ts';

for (const major of [15, 16, 17, 18]) proveMuch(major, major, 9);
