/** libsodium's sealed box, by PyNaCl: it opens ours, and ours opens its. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { boxKeyPairOf, generateBoxKeyPair, openBox, sealBox } from '../../src/crypto/sealed-box.js';
import { preparePython, PYTHON } from '../support/python-venv.js';

const python = async (script: string, ...args: string[]): Promise<string> => (await promisify(execFile)(PYTHON, ['-c', script, ...args])).stdout.trim();

const OPEN = `import sys
from nacl.public import PrivateKey, SealedBox
print(SealedBox(PrivateKey(bytes.fromhex(sys.argv[1]))).decrypt(bytes.fromhex(sys.argv[2])).hex())`;
const SEAL = `import sys
from nacl.public import PublicKey, SealedBox
print(SealedBox(PublicKey(bytes.fromhex(sys.argv[1]))).encrypt(bytes.fromhex(sys.argv[2])).hex())`;
const KEYS = `from nacl.public import PrivateKey
key = PrivateKey.generate()
print(bytes(key).hex(), bytes(key.public_key).hex())`;

describe('sealed boxes', () => {
  before(preparePython);

  for (const length of [0, 1, 400, 30_000]) {
    const message = Buffer.alloc(length, 'coordinates');

    it(`of ${length} bytes that we seal are opened by PyNaCl`, async () => {
      const { publicKey, privateKey } = generateBoxKeyPair();
      assert.equal(await python(OPEN, Buffer.from(privateKey).toString('hex'), sealBox(message, publicKey).toString('hex')), message.toString('hex'));
    });

    it(`of ${length} bytes that PyNaCl seals are opened by us`, async () => {
      const keys = generateBoxKeyPair();
      const box = await python(SEAL, Buffer.from(keys.publicKey).toString('hex'), message.toString('hex'));
      assert.deepEqual(openBox(Buffer.from(box, 'hex'), keys), message);
    });
  }

  it('fit the keys that PyNaCl makes', async () => {
    const [secret = '', open = ''] = (await python(KEYS)).split(' ');
    assert.equal(Buffer.from(boxKeyPairOf(Buffer.from(secret, 'hex')).publicKey).toString('hex'), open);
  });
});
