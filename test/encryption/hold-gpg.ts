/** Opens an encryption by gpg and holds it for ever. Arguments: the temporary directory, a public and a secret key file. */
import { openEncryption } from '../../src/encryption/encryption.ts';
import { encryptionSettings } from './keys.ts';

const [temporaryDirectory = '', recipient = '', identityFile = ''] = process.argv.slice(2);
await openEncryption('gpg', {
  settings: encryptionSettings('gpg', { recipients: [recipient], identityFile }),
  environment: { PATH: process.env['PATH'] },
  temporaryDirectory,
  signal: new AbortController().signal,
});
console.log('open');
setInterval(() => {}, 1000);
