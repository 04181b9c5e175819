import { SandboxGround } from './sandbox.fixture.js';

describe('a call in a bubblewrap sandbox', () => {
  const ground = new SandboxGround();
  afterAll(() => ground.giveBack());

  it('runs a program and tells what it printed and how it ended', async () => {
    const sandbox = await ground.open();
    expect(sandbox.fresh).toBe(true);
    const t = performance.now();
    const result = await ground.sh(sandbox, 'echo out; echo err >&2; echo named >/dev/stderr; pwd; exit 3');
    console.log(performance.now() - t);
    expect(result).toMatchObject({
      why: 'exit',
      exitCode: 3,
      replayed: false,
      stdout: 'out\n/workspace\n',
      stderr: 'err\nnamed\n',
    });
  });
});
