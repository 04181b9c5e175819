import { OutboundPost } from './outbound-post.js';
import { otherSide } from './told-people.fixture.js';

const leadsTo = (...addresses: string[]) => new OutboundPost([], () => Promise.resolve(addresses));

describe('what is posted to addresses that members chose', () => {
  it.each([
    ['this machine', '127.0.0.1'],
    ['this machine, in the new way', '::1'],
    ['this machine, in disguise', '::ffff:127.0.0.1'],
    ['the own network', '10.0.0.7'],
    ['where clouds keep credentials', '169.254.169.254'],
    ['the machine next to it', '192.168.1.1'],
  ])('never goes to %s, whatever the name is', async (_what, address) => {
    await expect(leadsTo(address).post('https://ops.example/hook', {}, '{}')).rejects.toMatchObject({
      code: 'ADDRESS_REFUSED',
      final: true,
    });
  });

  it.each([
    'http://ops.example/hook',
    'https://user:secret@ops.example',
    'https://127.0.0.1/',
    'https://[::1]/',
    'ftp://x',
    'x',
  ])('is not sent to %s at all', url => {
    expect(leadsTo('93.184.216.34').objectionTo(url)).toEqual(expect.any(String));
  });

  it('is tried again later when the name has no address now', async () => {
    await expect(leadsTo().post('https://ops.example/hook', {}, '{}')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      final: false,
    });
  });

  it('goes to where the operator lets it, follows no redirect, and reads no long answer', async () => {
    const elsewhere = await otherSide(() => ({}));
    const receiver = await otherSide((_taken, nth) =>
      nth === 1 ? { status: 302, headers: { location: elsewhere.url } } : { json: { text: 'x'.repeat(500_000) } },
    );
    try {
      const post = new OutboundPost(['127.0.0.1']);
      expect(await post.post(receiver.url, {}, '{}')).toMatchObject({ status: 302 });
      expect(await post.post(receiver.url, {}, '{}')).toMatchObject({ status: 200 });
      expect(elsewhere.taken).toEqual([]);
    } finally {
      await Promise.all([receiver.close(), elsewhere.close()]);
    }
  });

  it('goes over https to the internet even where http is open inside', async () => {
    const post = new OutboundPost(['10.0.0.0/8'], () => Promise.resolve(['93.184.216.34']));
    await expect(post.post('http://ops.example/hook', {}, '{}')).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });
});
