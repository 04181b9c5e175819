import { standIn } from './snapshot-stage.js';

describe('the stage on which a startup snapshot is made', () => {
  it('refuses what every runner would have alike though it must differ, until everything is put back', () => {
    const putBack = standIn();
    try {
      expect(() => crypto.randomUUID()).toThrow(/left to chance/);
      expect(() => crypto.getRandomValues(new Uint8Array(1))).toThrow(/left to chance/);
    } finally {
      putBack();
    }
    expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
  });

  it('leaves aborting and streams as they were', async () => {
    const own = Object.getOwnPropertyDescriptor(AbortSignal, 'any');
    standIn()();
    expect(Object.getOwnPropertyDescriptor(AbortSignal, 'any')).toEqual(own);
    const reason = new Error('Enough.');
    expect(AbortSignal.any([AbortSignal.abort(reason)]).reason).toBe(reason);
    const upper = new TransformStream<string, string>({
      transform: (text, controller) => controller.enqueue(text.toUpperCase()),
    });
    const heard: string[] = [];
    for await (const text of ReadableStream.from(['a', 'b']).pipeThrough(upper)) heard.push(text);
    expect(heard).toEqual(['A', 'B']);
  });
});
