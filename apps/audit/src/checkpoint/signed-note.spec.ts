import { openNote, readKey } from '../verifier/verify.mjs';
import { NoteSigner } from './signed-note.js';

describe('a signed note', () => {
  it('is read by the verifier as the Go reference implementation writes it', () => {
    const key = readKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const text =
      'If you think cryptography is the answer to your problem,\nthen you don’t know what your problem is.\n'.replace(
        '’',
        "'",
      );
    const signature =
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    expect(openNote(`${text}\n${signature}`, [key], 'the note')).toBe(text);
    expect(() => openNote(`${text.replace('you', 'we')}\n${signature}`, [key], 'the note')).toThrow(
      'the note is not signed by a key that is trusted here',
    );
  });

  it('that we sign is read by the verifier, with our key alone', () => {
    const ours = new NoteSigner('runledger/log', Buffer.alloc(32, 1));
    const others = new NoteSigner('runledger/log', Buffer.alloc(32, 2));
    const note = ours.sign('runledger/log\n3\nAAAA\n');
    expect(openNote(note, [readKey(ours.verifierKey)], 'the note')).toBe('runledger/log\n3\nAAAA\n');
    expect(() => openNote(note, [readKey(others.verifierKey)], 'the note')).toThrow('not signed');
    expect(ours.verifierKey).toMatch(/^runledger\/log\+[0-9a-f]{8}\+A\S{43}$/);
  });
});
